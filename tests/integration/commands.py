"""Check the commands of containers with the parsers of the programs they call."""

from hydra import compose, initialize_config_dir

from recsys.__main__ import CONF


def check_command(words, environment):
    """Check that a program of the project takes a command, or that it is MLflow's server."""
    if words[:4] == ["python", "-m", "recsys", "registry"]:
        from recsys.cli.registry import parser

        assert parser().parse_args(words[4:]).verb == "register"
    elif words[:4] == ["python", "-m", "recsys", "serve"]:
        from recsys.serving.settings import read_settings

        read = read_settings(words[4:], environment)
        assert (read.host, read.port) == ("0.0.0.0", 8000)
    elif words[:3] == ["python", "-m", "recsys"]:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            sweeper = compose("config", words[3:], return_hydra_config=True).hydra.sweeper
            assert sweeper.storage.startswith("postgresql+psycopg://")
    else:  # MLflow's own command line takes seconds to import
        assert words[:2] == ["mlflow", "server"]
        options = dict(zip(words[2::2], words[3::2], strict=True))
        assert (options["--host"], options["--port"]) == ("0.0.0.0", "5000")
