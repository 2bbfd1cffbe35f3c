"""The command line and the environment."""

import logging
import re

import pytest

from recsys.cli.serve import main
from recsys.errors import ParameterError
from recsys.serving import Settings
from recsys.serving.settings import read_settings


def test_the_defaults_are_closed():
    settings = read_settings([], {})
    assert settings == Settings()
    assert settings.model == "models:/recsys@champion"
    assert settings.host == "127.0.0.1"
    assert settings.allowed_hosts == ("localhost", "127.0.0.1", "[::1]")
    assert settings.cors_origins == ()


def test_the_command_line_goes_before_the_environment():
    environment = {
        "RECSYS_SERVING_PORT": "9000",
        "RECSYS_SERVING_MAX_K": "5",
        "RECSYS_SERVING_ALLOWED_HOSTS": "one.example, two.example",
        "RECSYS_SERVING_WAIT_FOR_MODEL": "true",
        "RECSYS_FEEDBACK_TOKEN": "secret",
        "RECSYS_FEEDBACK_SECRET": "s" * 32,
    }
    settings = read_settings(["--port", "9001", "--poll-seconds", "0.5"], environment)
    assert (settings.port, settings.max_k, settings.poll_seconds) == (9001, 5, 0.5)
    assert settings.allowed_hosts == ("one.example", "two.example")
    assert settings.wait_for_model
    assert settings.feedback_token == "secret"
    assert settings.feedback_secret == "s" * 32
    assert "secret" not in repr(settings)
    assert "ssss" not in repr(settings)


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (["--max-k", "0"], {}, "--max-k must be an integer of at least 1. Got 0."),
        (["--port", "http"], {}, "--port must be a number. Got 'http'."),
        (["--port", "65536"], {}, "--port must be a port, 0 to 65535. Got 65536."),
        ([], {"RECSYS_SERVING_MAX_BATCH": "-1"}, "RECSYS_SERVING_MAX_BATCH must be an integer"),
        ([], {"RECSYS_SERVING_POLL_SECONDS": "nan"}, "RECSYS_SERVING_POLL_SECONDS must be a finite number"),
        ([], {"RECSYS_SERVING_ACCESS_LOG": "1"}, "RECSYS_SERVING_ACCESS_LOG must be true or false. Got '1'."),
        (["--allowed-hosts", ""], {}, "--allowed-hosts must be given"),
        (
            [],
            {"RECSYS_FEEDBACK_TOKEN": "s\n"},
            r"RECSYS_FEEDBACK_TOKEN must be .* Got '\*\*\*'",
        ),
        (
            [],
            {"RECSYS_FEEDBACK_SECRET": "short"},
            r"RECSYS_FEEDBACK_SECRET must be at least 32 characters, or not set\. Got '\*\*\*'",
        ),
        (["--trusted-proxies", "proxy"], {}, "--trusted-proxies must be addresses or networks, such as"),
        (["--list-seconds", "0"], {}, "--list-seconds must be a number above 0"),
        (["--max-thumbs-per-item", "0"], {}, "--max-thumbs-per-item must be an integer of at least 1"),
    ],
)
def test_what_cannot_be(arguments, environment, message):
    with pytest.raises(ParameterError, match=message):
        read_settings(arguments, environment)


def test_help_tells_each(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    told = capsys.readouterr().out
    assert {"--max-body-bytes BYTES", "--max-thumbs-per-user N", "--port PORT"} <= set(
        re.findall(r"--\S+ \S+", told)
    )
    assert "RECSYS_FEEDBACK_TOKEN" in told


def test_a_service_that_cannot_start_says_why(tmp_path, capsys):
    feedback = str(tmp_path / "feedback.db")
    assert main(["--port", "-1"]) == 2
    assert main(["--model", str(tmp_path), "--feedback", feedback]) == 1
    assert main(["--model", str(tmp_path), "--feedback", "mysql://host/db"]) == 1
    said = capsys.readouterr().err
    assert "--port must be an integer" in said
    assert f"model: there is no bundle in {tmp_path}." in said
    assert "feedback must be the path of an SQLite file" in said
    assert "WARNING" not in said
    assert not list(tmp_path.iterdir())  # not even an empty database


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "recsys.example"])
def test_a_service_that_others_reach_without_a_token_warns(tmp_path, capsys, host, monkeypatch):
    monkeypatch.setattr(logging.root, "handlers", [])  # the program sets up its own
    arguments = ["--model", str(tmp_path), "--feedback", str(tmp_path / "feedback.db"), "--host", host]
    monkeypatch.delenv("RECSYS_FEEDBACK_TOKEN", raising=False)
    main(arguments)
    warning = f"host is {host}, which other machines can reach, and feedback needs no token"
    assert warning in capsys.readouterr().err
    monkeypatch.setenv("RECSYS_FEEDBACK_TOKEN", "secret")
    main(arguments)
    assert "feedback needs no token" not in capsys.readouterr().err


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_a_service_of_this_machine_alone_does_not_warn(host):
    assert not Settings(host=host).is_open
