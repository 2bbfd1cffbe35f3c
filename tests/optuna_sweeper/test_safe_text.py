"""No secret survives in masked text, and a text without secrets is as it was."""

import json
import shlex
from urllib.parse import quote, urlencode

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import URL

from optuna_sweeper.safe_text import mask_values, masked, masked_yaml, printable, printable_lines

deterministic = settings(deadline=None, derandomize=True, max_examples=100)

# A secret is found again by this, which stands in nothing else.
CORE = "hunter2"
around = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=6)
secrets = st.builds(lambda before, after: before + CORE + after, around, around)
NAMES = """
password PGPASSWORD sslpassword passwd db_password token MLFLOW_TRACKING_TOKEN pwd client_secret api_key
api-key secret_access_key access_token pass Private_Key
"""
names = st.sampled_from(NAMES.split())
schemes = st.sampled_from(
    ["postgresql", "postgresql+psycopg", "mysql", "redis", "http", "https", "mlflow-artifacts"]
)


def in_user_part(secret, scheme, _):
    return URL.create(scheme, "bob", secret, "host", 5432, "db").render_as_string(hide_password=False)


def in_query(secret, scheme, name):
    return f"{scheme}://host/db?" + urlencode({"user": "bob", name: secret, "x": "1"})


def alone_in_user_part(secret, scheme, _):
    return f"https://{quote(secret, safe='')}@host/path"


def nested_address(secret, scheme, _):
    return "http://host/?" + urlencode({"uri": in_user_part(secret, scheme, _)})


def nested_parameter(secret, scheme, name):
    return "mssql+pyodbc:///?" + urlencode({"odbc_connect": f"UID=bob;{name}={quote(secret)};x=1"})


def encoded_name(secret, scheme, name):
    encoded = "".join(f"%{ord(letter):02X}" for letter in name)
    return f"{scheme}://host/db?x=1&{encoded}={quote(secret, safe='')}"


def conninfo(secret, scheme, name):
    escaped = secret.replace("\\", r"\\").replace("'", r"\'")
    return f"host=db {name}='{escaped}' user=bob"


def keyword(secret, scheme, name):
    return f"host=db user=bob {name}={secret}"


def as_json(secret, scheme, name):
    return json.dumps({"host": "db", name: secret, "x": 1})


def as_yaml(secret, scheme, name):
    return yaml.safe_dump({"db": {"host": "db", name: secret}}, allow_unicode=True)


def in_python(secret, scheme, name):
    return repr({"host": "db", name: secret, "x": None})


def override(secret, scheme, name):
    return shlex.join(["python", "-m", "app", f"+db.{name}={secret}", "x=1"])


def option(secret, scheme, name):
    return f"app --{name}={quote(secret)} --port 1"


WRITTEN = [
    in_user_part, in_query, alone_in_user_part, nested_address, nested_parameter, encoded_name, conninfo,
    keyword, as_json, as_yaml, in_python, override, option,
]  # fmt: skip
AROUND = [
    lambda text: text,
    lambda text: f"storage failed: {text}. Mend it.",
    lambda text: f"Got {text!r}. See below",
    lambda text: json.dumps({"error": text}),
    lambda text: yaml.safe_dump({"hydra": {"overrides": [f"x={text}", "y=1"]}}, allow_unicode=True),
    lambda text: (
        f"Traceback:\n  File x\nOperationalError: (driver) {text}\n(Background: https://sqlalche.me/e/20)"
    ),
]


@deterministic
@given(secrets, schemes, names, st.sampled_from(WRITTEN), st.sampled_from(AROUND))
@example(f"a' {CORE}", "http", "password", override, AROUND[0])
@example(f"'{CORE}", "http", "password", override, AROUND[3])
@example(f'"{CORE}', "http", "password", as_json, AROUND[2])
@example(f'"{CORE}', "http", "password", as_json, AROUND[3])
@example(f"'{CORE}", "http", "password", keyword, AROUND[0])
def test_no_secret_survives(secret, scheme, name, write, surround):
    text = surround(write(secret, scheme, name))
    assert CORE in text
    hidden = masked(text)
    assert CORE not in hidden
    assert masked(hidden) == hidden


@deterministic
@given(secrets, st.sampled_from(["postgresql", "mysql", "redis"]))
def test_nor_does_a_password_that_should_have_been_encoded(secret, scheme):
    assert CORE not in masked(f"{scheme}://bob:{secret}@host/db")
    assert CORE not in masked(f"http://bob:x{secret}@host")  # a number would be a port


@deterministic
@given(secrets, names, schemes, st.sampled_from(WRITTEN))
def test_values_and_files_are_masked_and_stay_what_they_are(secret, name, scheme, write):
    values = {"a": [{"b": write(secret, scheme, name)}], name: secret, "port": 5432, "none": None}
    hidden = mask_values(values)
    assert CORE not in str(hidden)
    assert hidden["port"] == 5432
    assert hidden[name] == "***"
    assert yaml.safe_load(masked_yaml(yaml.safe_dump(values))) == hidden


HARMLESS = """
study token password a: 1 'x' "y" {z} max_tokens=100 tokenizer=bpe n_tokens: 3 first_pass=2 key=4 path=/a/b
postgresql://bob@host:5432/db http://host:5000/#/experiments/1 sqlite:///mlflow.db models:/recsys@champion
apriori.min_support=0.02 dataset.feedback=${oc.env:FEEDBACK} password=${oc.env:PASSWORD} me@example.org 50% 3%
postgresql://bob:${oc.env:PASSWORD}@host/db http://host:5000/x?mail=me@example.org
"""


@deterministic
@given(st.lists(st.sampled_from(HARMLESS.split())).map(" ".join))
def test_a_text_without_secrets_is_as_it_was(text):
    assert masked(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "Toy Story (1995) -> Heat (1995)  (confidence 0.37, lift 1.94)",
        'FATAL: password authentication failed for user "bob"',
        "The service needs a token: set RECSYS_FEEDBACK_TOKEN.",
        "postgresql://bob@host:5432/db does not answer; write to me@example.org",
        "sqlite:////home/me/a:b@c.db",
        '{"password": null, "token": ""}',
        "password: '***'",
        "Put the address into the environment: 'dataset.feedback=${oc.env:FEEDBACK}'.",
    ],
)
def test_texts_that_speak_of_secrets(text):
    assert masked(text) == text
    assert masked_yaml("text: >\n  " + text) == "text: >\n  " + text


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("postgresql://bob:a@host/db?password=b&x=1", "postgresql://bob:***@host/db?password=***&x=1"),
        ("'http://bob:a@host:5000' and x", "'http://***@host:5000' and x"),
        ("connect(host='a', password='b', x=1)", "connect(host='a', password='***', x=1)"),
        ("host=a password=b user=c", "host=a password=*** user=c"),
        ('{"error": "host=a password=b", "x": 1}', '{"error": "host=a password=***", "x": 1}'),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("password=${oc.env:PASSWORD,b}", "password=***"),
        ("db:\n  password: b\n", "db:\n  password: '***'\n"),
    ],
)
def test_the_rest_of_the_text_stays(text, hidden):
    assert masked(text) == hidden


@deterministic
@given(st.text())
def test_printable_text_is_one_line_without_control_characters(text):
    shown = printable(text)
    assert shown.splitlines() in ([], [shown])
    assert not any(letter in shown for letter in "\x1b\r\n\t\x07\x7f\x9b\u202e\u2066\u2028")
    assert printable(shown) == shown
    shown.encode()


def test_printable_shows_what_it_replaces():
    assert printable("a\x1b[31mb\nc\u202ed\x9b1m") == r"a\u001b[31mb\u000ac\u202ed\u009b1m"
    assert printable("Amélie (2001) - 千と千尋 👨‍👩‍👧 שלום") == "Amélie (2001) - 千と千尋 👨‍👩‍👧 שלום"
    assert printable_lines("a\nb\x1b") == "a\nb\\u001b"
    title = "a\x7f\u202eb"
    assert json.loads(printable_lines(json.dumps({"t": title}, indent=1, ensure_ascii=False))) == {"t": title}
