"""The image and compose.yaml, as far as they can be checked without an engine."""

import re
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from tests.conftest import ROOT
from tests.integration.commands import check_command

DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if one["image"].startswith("recsys:")}
EXAMPLE = dict(re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), flags=re.M))
PROGRAMS = Path(sys.executable).parent


def lock(name):
    """Names and versions in a lock, as far as this machine needs them."""
    lines = map(Requirement, (ROOT / name).read_text().splitlines())
    return {one.name: str(one.specifier) for one in lines if one.marker is None or one.marker.evaluate()}


def needed(name, extras=(), found=None):
    """What an installed package needs, and what that needs."""
    found = set() if found is None else found
    for line in requires(name) or []:
        one = Requirement(line)
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            key = re.sub(r"[-_.]+", "-", one.name).lower()
            if (key, *one.extras) not in found:
                found.add((key, *one.extras))
                needed(one.name, one.extras, found)
    return found


def test_the_image_holds_what_the_package_needs_as_locked():
    runtime, everything = lock("requirements-runtime.txt"), lock("requirements.txt")
    assert runtime.items() <= everything.items(), "renew it: make lock"
    assert set(runtime) == {key for key, *_ in needed("recsys-rules", ("postgresql",))}, "renew it: make lock"
    assert not {"pytest", "mypy", "ruff", "hatchling"} & set(runtime)


def test_the_dockerfile_is_well_written():
    hadolint = shutil.which("hadolint", path=str(PROGRAMS))
    if hadolint is None:
        pytest.skip("hadolint is not made for this system")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_dockerfile_is_given_what_it_copies():
    allowed = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = set()
    for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, flags=re.M):
        copied |= set(shlex.split(line)[:-1])
    assert copied == allowed
    assert all((ROOT / path).exists() for path in copied)


def test_the_image_runs_without_root_and_without_a_compiler():
    *_, last = re.split(r"^FROM python:3\.11-slim.*$", DOCKERFILE, flags=re.M)
    assert re.search(r"^USER 10001:10001$", last, flags=re.M)
    assert re.search(r"^HEALTHCHECK .*", last, flags=re.M)
    assert "pip" not in last
    assert not re.search(r"gcc|build-essential|g\+\+", DOCKERFILE)


def test_the_command_of_the_image():
    (command,) = re.findall(r"^CMD (.*)$", DOCKERFILE, flags=re.M)
    check_command(yaml.safe_load(command), {})


def test_compose_is_valid():
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*check, ROOT / "compose.yaml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_gives_no_password():
    text = (ROOT / "compose.yaml").read_text()
    asked = set(re.findall(r"(?<!\$)\${([A-Z_]+)", text))
    assert asked == set(EXAMPLE)
    assert "${POSTGRES_PASSWORD:?" in text  # it does not start without
    assert "${RECSYS_FEEDBACK_SECRET:?" in text
    assert EXAMPLE["POSTGRES_PASSWORD"] == EXAMPLE["RECSYS_FEEDBACK_TOKEN"] == ""
    assert EXAMPLE["RECSYS_FEEDBACK_SECRET"] == ""
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_do_little(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert any(mount.startswith("/tmp") for mount in service["tmpfs"])
    assert "privileged" not in service
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    for other, condition in service.get("depends_on", {}).items():
        assert condition == {"condition": "service_healthy"}
        assert other == "mlflow" or "healthcheck" in SERVICES[other]
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        assert source in COMPOSE["volumes"] or (ROOT / source).is_file()


@pytest.mark.parametrize("name", [name for name, one in OURS.items() if "command" in one])
def test_the_command_of_a_service(name, monkeypatch):
    monkeypatch.setenv("OPTUNA_STORAGE", "postgresql+psycopg://host/optuna")
    monkeypatch.setenv("HOSTNAME", "worker")
    # As compose would fill it in.
    words = [
        re.sub(r"(?<!\$)\${([A-Z_]+)[^}]*}", lambda found: EXAMPLE[found[1]], word).replace("$$", "$")
        for word in OURS[name]["command"]
    ]
    check_command(words, OURS[name]["environment"])


def test_the_settings_of_the_service():
    environment = SERVICES["serving"]["environment"]
    check_command(
        ["python", "-m", "recsys", "serve", "--host", "0.0.0.0", "--port", "8000"],
        {key: value for key, value in environment.items() if "$" not in value},
    )
