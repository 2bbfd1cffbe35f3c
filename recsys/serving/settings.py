"""Settings: what the service is told by its command line and its environment."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from ipaddress import ip_address, ip_network
from typing import Any

from recsys.errors import ParameterError
from recsys.parameters import require_integer, require_positive

PREFIX = "RECSYS_SERVING_"
TOKEN = "RECSYS_FEEDBACK_TOKEN"
SECRET = "RECSYS_FEEDBACK_SECRET"
SHORTEST_SECRET = 32  # characters
LIMITS = (
    "max_body_bytes", "max_items", "max_titles", "max_k", "max_batch", "max_reasons", "max_depth",
    "max_thumbs_per_user", "max_thumbs_per_item", "max_thumbs_per_address",
)  # fmt: skip


def _setting(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class Settings:
    """Settings of the service.

    Each is an option of the command line, `--max-k 50`, and an environment variable,
    `RECSYS_SERVING_MAX_K=50`; the command line goes before. `--help` says what they mean. The token and the
    secret are read from the environment alone, `RECSYS_FEEDBACK_TOKEN` and `RECSYS_FEEDBACK_SECRET`, for
    everybody on a machine sees its command lines.

    Raises
    ------
    ParameterError
        If one of them breaks its rule.
    """

    model: str = _setting("models:/recsys@champion", "alias or version of a registered model, or a folder")
    host: str = _setting("127.0.0.1", "address to listen on")
    port: int = _setting(8000, "port to listen on")
    allowed_hosts: tuple[str, ...] = _setting(
        ("localhost", "127.0.0.1", "[::1]"), "names the service may be called by, with commas; * for any"
    )
    cors_origins: tuple[str, ...] = _setting((), "origins of other pages that may call it, with commas")
    feedback: str = _setting("feedback.db", "where feedback goes: an SQLite file, or postgresql://...")
    poll_seconds: float = _setting(5.0, "seconds between looks for another version of the model")
    retry_seconds: float = _setting(60.0, "seconds until a version that failed is tried again")
    wait_for_model: bool = _setting(
        False, "start without a model, not ready until there is one (true, false)"
    )
    max_body_bytes: int = _setting(262_144, "bytes of a request's body")
    max_items: int = _setting(1000, "likes of one person in a request")
    max_titles: int = _setting(50, "titles of one person in a request")
    max_k: int = _setting(100, "length of a list")
    max_batch: int = _setting(100, "people in a batch")
    max_reasons: int = _setting(3, "reasons of each recommendation")
    max_depth: int = _setting(8, "brackets in brackets in a request's JSON")
    request_seconds: float = _setting(20.0, "seconds that a request has to arrive in, headers and body")
    max_connections: int = _setting(500, "connections at once; the one that has waited longest makes way")
    drain_seconds: int = _setting(5, "seconds that requests have to end, once the service is told to")
    access_log: bool = _setting(False, "log each request (true, false)")
    list_seconds: float = _setting(86_400.0, "seconds that a list takes feedback after it was shown")
    max_thumbs_per_user: int = _setting(100, "new thumbs of one user in 24 hours")
    max_thumbs_per_item: int = _setting(100, "new thumbs for one item in 24 hours")
    max_thumbs_per_address: int = _setting(
        300, "new thumbs from one client address in 24 hours, unless feedback needs a token"
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (), "proxies whose X-Forwarded-For says the client's address: addresses or networks, with commas"
    )
    feedback_token: str | None = field(default=None, repr=False)
    feedback_secret: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name in (*LIMITS, "max_connections", "drain_seconds"):
            require_integer(name, getattr(self, name), minimum=1)
        for name in ("poll_seconds", "retry_seconds", "list_seconds", "request_seconds"):
            require_positive(name, getattr(self, name))
        if not 0 <= require_integer("port", self.port, minimum=0) < 2**16:
            raise ParameterError("port", "a port, 0 to 65535", self.port)
        for name in ("model", "host", "feedback", "allowed_hosts"):
            if not getattr(self, name):
                raise ParameterError(name, "given", getattr(self, name))
        if self.feedback_token is not None and not (
            self.feedback_token.isascii()
            and self.feedback_token.isprintable()
            and self.feedback_token.strip()
        ):
            raise ParameterError(TOKEN, "printable ASCII, or not set", "***")
        if self.feedback_secret is not None and len(self.feedback_secret) < SHORTEST_SECRET:
            rule = f"at least {SHORTEST_SECRET} characters, or not set"
            raise ParameterError(SECRET, rule, "***", "Make one: openssl rand -hex 32")
        for proxy in self.trusted_proxies:
            try:
                ip_network(proxy)
            except ValueError:
                rule = "addresses or networks, such as 10.0.0.7 or 10.0.0.0/8"
                raise ParameterError("trusted_proxies", rule, proxy) from None

    @property
    def is_open(self) -> bool:
        """Whether other machines can reach it and feedback needs no token."""
        if self.feedback_token is not None or self.host == "localhost":
            return False
        try:
            return not ip_address(self.host).is_loopback
        except ValueError:
            return True  # the name of a machine


def read_settings(
    arguments: Sequence[str] | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Read the command line and the environment; `--help` and unknown options end the program.

    Raises
    ------
    ParameterError
        If a value breaks its rule; it names the option or the variable as typed.
    """
    environment = os.environ if environment is None else environment
    given: dict[str, Any] = {}
    written: dict[str, str] = {}
    typed = vars(_parser().parse_args(arguments))
    for setting in fields(Settings):
        name, variable = setting.name, PREFIX + setting.name.upper()
        if not setting.metadata:
            continue
        if typed[name] is not None:
            written[name], text = "--" + name.replace("_", "-"), typed[name]
        elif variable in environment:
            written[name], text = variable, environment[variable]
        else:
            continue
        given[name] = _value(written[name], text, setting.default)
    try:
        return Settings(
            **given,
            feedback_token=environment.get(TOKEN) or None,
            feedback_secret=environment.get(SECRET) or None,
        )
    except ParameterError as error:
        name = written.get(error.parameter, error.parameter)
        raise ParameterError(name, error.rule, error.value, error.cure) from None


def _value(name: str, text: str, default: Any) -> Any:
    """Return what a text means, by the kind of the default."""
    if isinstance(default, bool):
        if text.lower() not in ("true", "false"):
            raise ParameterError(name, "true or false", text)
        return text.lower() == "true"
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if isinstance(default, int | float):
        try:
            return type(default)(text)
        except ValueError:
            raise ParameterError(name, "a number", text) from None
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m recsys serve",
        description="Serve recommendations over HTTP and on a page.",
        epilog=f"Each option is also an environment variable: {PREFIX}PORT=8000. {TOKEN}: the token that "
        f"feedback needs, unless it is not set. {SECRET}: signs lists; made and kept beside the SQLite "
        "file of the feedback, unless it is set. docs/threat_model.md says what they protect.",
    )
    for setting in fields(Settings):
        if setting.metadata:
            default = setting.default
            told = ",".join(default) or "none" if isinstance(default, tuple) else str(default)
            parser.add_argument(
                "--" + setting.name.replace("_", "-"),
                metavar=setting.name.rpartition("_")[2].upper(),
                help=f"{setting.metadata['help']} ({told.lower() if isinstance(default, bool) else told})",
            )
    return parser
