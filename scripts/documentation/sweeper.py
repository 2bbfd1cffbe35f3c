"""The reference of the sweeper: its settings, samplers and pruners."""

from __future__ import annotations

from dataclasses import fields

from hydra_plugins.recsys_optuna_sweeper.config import PRUNERS, SAMPLERS
from scripts.documentation import source, text
from scripts.documentation.source import ROOT, Commented

SETTINGS = "optuna_sweeper/settings.py"
GROUPS = ROOT / "hydra_plugins/recsys_optuna_sweeper/conf/hydra/sweeper"
YAML = {"None": "null", "True": "true", "False": "false"}


def settings() -> str:
    """Return the settings of a sweep with their defaults and comments."""
    return text.entries(map(_setting, source.fields(SETTINGS, "Settings")))


def _setting(field: Commented) -> str:
    name = f"hydra.sweeper.{field.name}"
    value = YAML.get(field.value, field.value.strip("'"))
    return text.entry([(name, name, value)], text.paragraphs(field.comment))


def samplers() -> str:
    """Return the samplers with their options."""
    return _options("sampler", SAMPLERS)


def pruners() -> str:
    """Return the pruners with their options."""
    return _options("pruner", PRUNERS)


def _options(group: str, schemas: dict[str, type]) -> str:
    listed = []
    for name, schema in schemas.items():
        comment = (GROUPS / group / f"{name}.yaml").read_text("utf-8").splitlines()
        described = [line[2:] for line in comment if line.startswith("# ")]
        options = [_option(schema, one) for one in fields(schema) if not one.name.startswith("_")]
        if options:
            described += ["", "Options: " + ", ".join(options) + "."]
        term = (f"{group}-{name}", f"hydra/sweeper/{group}={name}", "")
        listed.append(text.entry([term], text.paragraphs(described)))
    return text.entries(listed)


def _option(schema: type, field: object) -> str:
    default = getattr(schema(), field.name)  # type: ignore[attr-defined]
    shown = YAML.get(str(default), str(default))
    return f"`{field.name}: {shown}`"  # type: ignore[attr-defined]
