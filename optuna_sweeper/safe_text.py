"""Text that is safe to show and to store: without secrets, and without control characters.

A secret is the password in an address, and any value whose name ends in password, token, secret or the like.
Every Hydra application imports this file, so it imports only standard modules.
"""

import logging
import re
from functools import partial
from typing import Any
from urllib.parse import unquote

MASK = "***"

# How the names of secrets end: `PGPASSWORD`, `db.api-key`, `MLFLOW_TRACKING_TOKEN`; not `max_tokens`.
_SECRET = (
    r"(?:password|passwd|passphrase|token|secret|authorization|credentials?"
    r"|(?:api|access|secret|private|account|shared)[_.\-]?key"
    r"|(?:(?<!\w)(?<!\w-)|(?<=%3B)|(?<=%26))(?:pass|pwd|sig))"
)
_NAME = rf"[\w.\-+~/@]{{0,100}}{_SECRET}"
_IS_NAME = re.compile(rf"[^=:]*{_SECRET}", re.IGNORECASE)
# Each name contains one of these; a search for them takes a hundredth of the time.
_PARTS = (
    "pass", "token", "secret", "authorization", "credential", "pwd", "sig",
    "api", "access", "private", "account", "shared",
)  # fmt: skip
_MAY_NAME = re.compile(rf"{_SECRET}(?:\\*['\"]{{1,2}})?(?:\s*[=:]|%(?:25)*3D| )", re.IGNORECASE)

# An environment variable is not a secret, but its default may be one.
_VARIABLE = r"\$\{oc\.env:\w+\}"
# Values that are not secrets: none, a variable, or masked text.
_HIDDEN = re.compile(rf"(?:{re.escape(MASK)}|(?:{_VARIABLE})+)?", re.IGNORECASE)
_NO_SECRET = re.compile(
    rf"(?:null|none|~|\.\.\.|{re.escape(MASK)}|(?:{_VARIABLE})+)?[.,;:)\]}}]*", re.IGNORECASE
)

# Addresses of these show their user, as in SQLAlchemy; elsewhere (https://TOKEN@host) it may be the secret.
_DATABASES = {
    "amqp", "mariadb", "mongodb", "mssql", "mysql", "oracle", "postgres", "postgresql", "redis", "rediss",
    "sqlite",
}  # fmt: skip
_SCHEME = r"(?P<scheme>[a-z][a-z0-9+.\-]*)://"
# A password may contain characters that should have been encoded: /, @ and, without another end, blanks.
_PASSWORD = re.compile(
    rf"{_SCHEME}(?P<user>(?:{_VARIABLE}|[^/@:\s])*):(?P<password>\S+|(?!\d+[/?\s])[^\n@]{{1,200}})(?=@)",
    re.IGNORECASE,
)
_PORT = re.compile(r"\d{1,5}(?:[/?#]|$)")
_USER = re.compile(rf"{_SCHEME}(?P<user>(?:{_VARIABLE}|[^/?#@:\s'\"])+)(?=@)", re.IGNORECASE)
# The same, percent-encoded as the value of a parameter.
_ENCODED_ADDRESS = re.compile(
    r"(%(?P<level>(?:25)*)3A%(?P=level)2F%(?P=level)2F(?:(?!%(?P=level)(?:3A|2F|40))\S)*%(?P=level)3A)"
    r"\S+(?=%(?P=level)40)",
    re.IGNORECASE,
)

# Texts in quotes: YAML and SQL double a quote inside, shells and JSON and Python escape it.
# A quote after any number of backslashes is inside: it may have been escaped twice.
_SINGLE, _DOUBLE = r"(?:\\++.|''|\\*'\\*\"\\*'\\*\"\\*'|[^'\\])*", r'(?:\\++.|""|[^"\\])*'
_QUOTED = rf"(?:'{_SINGLE}'|\"{_DOUBLE}\"|\\+\"(?:(?!\\+\").)*\\+\")"
# A value without quotes ends at a blank, and at the quote that ends the surrounding text.
_BARE = r"(?:\\[^'\"\n]|[^\s'\"\\]|\\?['\"](?!\\?['\"]?(?:[\s,;:)\]}]|$)))"
_FLAGS = re.IGNORECASE | re.DOTALL | re.MULTILINE

# `"password": "..."` of JSON and Python, `{password: ...}` and lines of YAML.
_COLONS = [
    # JSON in a text in quotes: what ends a value has as many backslashes as what begins it
    re.compile(
        rf"({_SECRET}\\+[\"']\s*:\s*)"
        r"(?P<value>(?P<open>(?<!\\)\\+[\"'])(?:(?!(?<!\\)(?P=open)).)*(?<!\\)(?P=open))",
        _FLAGS,
    ),
    re.compile(rf"""({_SECRET}''\s*:\s*'')((?:(?!'').)+)(?='')""", _FLAGS),
    re.compile(rf"""({_SECRET}(?:\\*["']|'')\s*:\s*)({_QUOTED}|[^\s,}}\]'"\\{{\[][^,}}\]\n]*)""", _FLAGS),
    re.compile(rf"""({_SECRET}(?:\\*["']|'')\s*:\s*(?!{_QUOTED}))(["'][^\n]+)""", _FLAGS),
    re.compile(rf"""([{{,]\s*{_NAME}:[ ]+)({_QUOTED}|[^\s,}}\]'"{{\[][^,}}\]\n]*)""", _FLAGS),
    re.compile(rf"""^([ \t-]*{_NAME}:[ \t]+)({_QUOTED}|[^\s'"{{\[]\S*)(?=[ \t]*$)""", _FLAGS),
    re.compile(rf"""(\\+n[ -]*{_NAME}:[ ]+)((?:(?!\\+n[ -]*(?:[\w.\-]+:|['"]))[^\n])+)(?=\\+n)""", _FLAGS),
]
_EQUALS = [
    # 'db.password=...' of shells and YAML, whose quote is before the name
    re.compile(rf"((?<!\w)'{_NAME}=)({_SINGLE})(?=')", _FLAGS),
    re.compile(rf"((?<!\w)\"{_NAME}=)({_DOUBLE})(?=\")", _FLAGS),
    # password='...' of libpq and Python
    re.compile(rf"({_SECRET}\s*=\s*)({_QUOTED})", _FLAGS),
    re.compile(rf"({_SECRET}\s*=\s*(?!{_QUOTED}))(['\"][^\n]+)", _FLAGS),
    # ?password=...& of addresses; and as the value of another parameter, percent-encoded
    re.compile(rf"([?&;]{_NAME}=)((?:(?!&){_BARE})+)", _FLAGS),
    re.compile(rf"({_SECRET}%(?P<level>(?:25)*)3D)((?:(?!%(?P=level)(?:26|3B)|&){_BARE})+)", _FLAGS),
    # password=... of libpq, of the environment and of overrides; --password ... of a command
    re.compile(rf"(?P<bare>{_SECRET}\s*=\s*)(?!['\"\s])((?:{_BARE})+)", _FLAGS),
    re.compile(rf"((?<!\S)--{_NAME}[ =])([^\-]\S*)", _FLAGS),
    re.compile(r"(authorization\\*[\"']?\s*[:=]\s*\\*[\"']?(?:basic|bearer|token)\s+)([^\s'\",]+)", _FLAGS),
]
# A parameter of an address whose name is percent-encoded itself.
_PARAMETER = re.compile(rf"([?&;])([^=&;\s?]*%[^=&;\s?]*)=((?:(?!&){_BARE})+)", _FLAGS)

_OVERRIDE = re.compile(rf"({_NAME}=)(.*)", _FLAGS)
_IN_QUERY = re.compile(r"[?&;][\w.\-+~/@]{0,100}$")

_ENCODED = re.compile(r"%[0-9a-f]{2}", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def masked(text: str) -> str:
    """Return a text with `***` in place of each secret.

    They are found in addresses (``scheme://user:password@host``) and their parameters (``?password=``), in
    keywords (``password=...``) and in JSON and YAML, also nested, in quotes or percent-encoded.
    """
    if "@" in text or "%40" in text:
        text = _PASSWORD.sub(_without_password, text)
        text = _USER.sub(_without_user, text)
        text = _ENCODED_ADDRESS.sub(rf"\g<1>{MASK}", text)
    if _ENCODED.search(text):
        text = _PARAMETER.sub(_hide_parameter, text)
    if _may_name(text):
        for pattern in _EQUALS:
            text = pattern.sub(partial(_hide, ""), text)
        for pattern in _COLONS:
            text = pattern.sub(partial(_hide, "'"), text)  # without quotes the mask is no YAML
    return text


def mask_values(value: Any, key: str = "") -> Any:
    """Return a copy of plain data with its secrets masked, by the name of a value or in its text."""
    if isinstance(value, dict):
        return {name: mask_values(one, str(name)) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [mask_values(one, key) for one in value]
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value
    if _IS_NAME.fullmatch(key) and not _NO_SECRET.fullmatch(str(value)):
        return MASK
    if isinstance(value, int):
        return value
    override = _OVERRIDE.fullmatch(value)  # its value has no quotes, and may have blanks
    if override and not _NO_SECRET.fullmatch(override[2]):
        return override[1] + MASK
    return masked(value)


def masked_yaml(text: str) -> str:
    """Return YAML text with its secrets masked, as valid YAML; text without secrets is unchanged."""
    import yaml

    if "@" not in text and not _ENCODED.search(text) and not _may_name(text):
        return text
    values = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    without = mask_values(values)
    if without == values:
        return text
    return str(yaml.safe_dump(without, default_flow_style=False, allow_unicode=True, sort_keys=False))


def printable(text: str) -> str:
    r"""Return a text on one line, with an escape such as \u001b for each control character.

    These include line ends, the direction of a line, and surrogates. In JSON the escapes are the characters.
    """
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def printable_lines(text: str) -> str:
    """Return a text of several lines, with an escape for each control character but line ends and tabs."""
    return re.sub(r"[^\n\t]+", lambda found: printable(found[0]), text)


class SafeFormatter(logging.Formatter):
    """Format log records as text that is safe to show, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        return printable_lines(masked(super().format(record)))


def _may_name(text: str) -> bool:
    lower = text.lower()
    return any(part in lower for part in _PARTS) and _MAY_NAME.search(text) is not None


def _without_password(found: re.Match[str]) -> str:
    scheme, user, password = found["scheme"], found["user"], found["password"]
    if scheme.lower().partition("+")[0] in _DATABASES:
        return found[0] if _HIDDEN.fullmatch(password) else f"{scheme}://{user}:{MASK}"
    return found[0] if _PORT.match(password) else f"{scheme}://{MASK}"


def _without_user(found: re.Match[str]) -> str:
    is_database = found["scheme"].lower().partition("+")[0] in _DATABASES
    return found[0] if is_database or _HIDDEN.fullmatch(found["user"]) else f"{found['scheme']}://{MASK}"


def _hide(quote: str, found: re.Match[str]) -> str:
    """Return the replacement of a name and its value; a value without quotes gets these."""
    name = found[1]
    value = found["value"] if "value" in found.re.groupindex else found[found.re.groups]
    if "bare" in found.re.groupindex and _IN_QUERY.search(found.string, 0, found.start()):
        return found[0]  # it ended at the &
    quotes = re.match(r"\\*['\"]", value)
    ends = quotes[0] if quotes and value.endswith(quotes[0]) and len(value) > len(quotes[0]) else ""
    inner = value[len(ends) : len(value) - len(ends)] if ends else value
    if _NO_SECRET.fullmatch(inner.strip()):
        return found[0]
    around = ends or quote
    return f"{name}{around}{MASK}{around}"


def _hide_parameter(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}={MASK}" if _IS_NAME.fullmatch(unquote(found[2])) else found[0]
