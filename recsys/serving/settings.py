"""Settings of the service, from its command line and its environment."""

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
MIN_SECRET = 32  # characters
LOCAL = ("localhost", "127.0.0.1", "[::1]")


def _setting(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class Settings:
    """Settings of the service; `recsys serve --help` describes them.

    Each is a command-line option, `--max-k 50`, and an environment variable, `RECSYS_SERVING_MAX_K=50`; the
    option takes precedence. The token and the secret are environment variables only, because command lines
    are visible to all users of a machine.

    Raises
    ------
    ParameterError
        If a value is invalid.
    """

    model: str = _setting("models:/recsys@champion", "alias or version of a registered model, or a folder")
    host: str = _setting("127.0.0.1", "address to listen on")
    port: int = _setting(8000, "port to listen on")
    allowed_hosts: tuple[str, ...] = _setting(LOCAL, "host names of the service; * for any")
    cors_origins: tuple[str, ...] = _setting((), "origins of other pages that may use it")
    feedback: str = _setting("feedback.db", "database of feedback: an SQLite file, or postgresql://...")
    policies: str = _setting("", "YAML file of policies, read again when it changes; docs/how-to/policies.md")
    explorer: bool = _setting(True, "show all rules of the model to everyone, at /explorer")
    poll_seconds: float = _setting(5.0, "seconds between checks for another model, or other policies")
    retry_seconds: float = _setting(60.0, "seconds until a version that failed is tried again")
    wait_for_model: bool = _setting(False, "start without a model, become ready when there is one")
    max_body_bytes: int = _setting(262_144, "maximum bytes of a request's body")
    max_items: int = _setting(1000, "maximum ids in each list of a request")
    max_orders: int = _setting(200, "maximum orders of a person in a request")
    max_titles: int = _setting(50, "maximum titles of a person in a request")
    max_categories: int = _setting(50, "maximum categories in a request")
    max_k: int = _setting(100, "maximum length of a list")
    max_batch: int = _setting(100, "maximum people in a batch")
    max_reasons: int = _setting(3, "maximum reasons of a recommendation")
    max_depth: int = _setting(8, "maximum nesting of a request's JSON")
    request_seconds: float = _setting(20.0, "seconds within which a request must arrive, headers and body")
    max_connections: int = _setting(500, "maximum connections; one more closes the longest waiting one")
    drain_seconds: int = _setting(5, "seconds in which open requests may finish at shutdown")
    access_log: bool = _setting(False, "log each request")
    list_seconds: float = _setting(86_400.0, "seconds during which a recommended list accepts feedback")
    max_thumbs_per_user: int = _setting(100, "maximum new thumbs of a user in 24 hours")
    max_thumbs_per_item: int = _setting(100, "maximum new thumbs for an item in 24 hours")
    max_thumbs_per_address: int = _setting(300, "the same from a client address, unless there is a token")
    trusted_proxies: tuple[str, ...] = _setting((), "networks of proxies whose X-Forwarded-For is trusted")
    feedback_token: str | None = field(default=None, repr=False)
    feedback_secret: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for setting in OPTIONS:
            name, value, default = setting.name, getattr(self, setting.name), setting.default
            if isinstance(default, bool):
                continue
            if isinstance(default, float):
                require_positive(name, value)
            elif isinstance(default, int):
                require_integer(name, value, minimum=0 if name == "port" else 1)
            elif default and not value:
                raise ParameterError(name, "given", value)
        if self.port >= 2**16:
            raise ParameterError("port", "a port, 0 to 65535", self.port)
        for proxy in self.trusted_proxies:
            try:
                ip_network(proxy)
            except ValueError:
                rule = "addresses or networks, such as 10.0.0.7 or 10.0.0.0/8"
                raise ParameterError("trusted_proxies", rule, proxy) from None
        token, secret = self.feedback_token, self.feedback_secret
        if token is not None and not (token.isascii() and token.isprintable() and token.strip()):
            raise ParameterError(TOKEN, "printable ASCII, or not set", "***")
        if secret is not None and len(secret) < MIN_SECRET:
            rule = f"at least {MIN_SECRET} characters, or not set"
            raise ParameterError(SECRET, rule, "***", "Make one: openssl rand -hex 32")

    @property
    def limits(self) -> dict[str, int]:
        """Limits of requests and feedback, by setting."""
        names = [one.name for one in OPTIONS if one.name.startswith("max_") and one.name != "max_connections"]
        return {name: getattr(self, name) for name in names}

    @property
    def is_open(self) -> bool:
        """Whether other machines can reach the service and feedback requires no token."""
        if self.feedback_token is not None or self.host == "localhost":
            return False
        try:
            return not ip_address(self.host).is_loopback
        except ValueError:
            return True  # the name of a machine


OPTIONS = [one for one in fields(Settings) if one.metadata]


def read_settings(
    arguments: Sequence[str] | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Read the command line and the environment; `--help` and unknown options end the program.

    Raises
    ------
    ParameterError
        If a value is invalid; the message names the option or the variable as typed.
    """
    environment = os.environ if environment is None else environment
    options = vars(_parser().parse_args(arguments))
    typed: dict[str, str] = {}  # the option or variable of each setting
    values: dict[str, Any] = {}
    for setting in OPTIONS:
        name, text = _option(setting.name), options[setting.name]
        if text is None:
            name = PREFIX + setting.name.upper()
            text = environment.get(name)
        if text is not None:
            typed[setting.name], values[setting.name] = name, _parse(name, text, setting.default)
    try:
        return Settings(
            **values,
            feedback_token=environment.get(TOKEN) or None,
            feedback_secret=environment.get(SECRET) or None,
        )
    except ParameterError as error:
        name = typed.get(error.parameter, error.parameter)
        raise ParameterError(name, error.rule, error.value, error.cure) from None


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _parse(name: str, text: str, default: Any) -> Any:
    """Convert a text to the type of the default."""
    if isinstance(default, bool):
        if text.lower() not in ("true", "false"):
            raise ParameterError(name, "true or false", text)
        return text.lower() == "true"
    if isinstance(default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    try:
        return type(default)(text)
    except ValueError:
        raise ParameterError(name, "a number", text) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m recsys serve",
        description="Serve recommendations over HTTP and on a page.",
        epilog="Separate several values by commas. Each option is also an environment variable: "
        f"{PREFIX}PORT=8000. {TOKEN} is the token that feedback requires, if set. {SECRET} signs lists; by "
        "default a secret is created and kept next to the SQLite file of the feedback. "
        "docs/concepts/threat_model.md describes what they protect.",
    )
    for setting in OPTIONS:
        default, unit = setting.default, setting.name.rpartition("_")[2].upper()
        metavar = "N" if setting.name.startswith("max_") and unit != "BYTES" else unit
        shown = (",".join(default) if isinstance(default, tuple) else str(default)) or "none"
        if isinstance(default, bool):
            metavar, shown = "{true,false}", shown.lower()
        parser.add_argument(
            _option(setting.name), metavar=metavar, help=f"{setting.metadata['help']} ({shown})"
        )
    return parser
