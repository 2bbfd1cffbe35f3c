"""`make setup` compiles the byte code of what it installed."""

from importlib import import_module
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture
def compiled(monkeypatch, tmp_path):
    """Compile the byte code of requirements of which one is installed: a package with these modules."""
    monkeypatch.syspath_prepend(ROOT / "scripts")
    monkeypatch.syspath_prepend(tmp_path)
    program = import_module("compile_bytecode")
    installed = tmp_path / "planted_package-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: planted-package\nVersion: 1\n")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# locked\nplanted-package==1 ; sys_platform != 'x'\nof-another-system==2\n")

    def compiled(**modules):
        for name, text in modules.items():
            path = tmp_path / "planted_package" / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        paths = [path.relative_to(tmp_path) for path in tmp_path.glob("planted_package/**/*.py")]
        (installed / "RECORD").write_text(
            "".join(f"{path},,\n" for path in [*paths, "planted_package/data.txt"])
        )
        code = program.main(str(requirements))
        written = [path for path in paths if Path(cache_from_source(str(tmp_path / path))).exists()]
        return code, sorted(path.stem for path in written)

    return compiled


def test_modules_are_compiled_but_not_tests(compiled):
    assert compiled(one="ONE = 1\n", inner__two="TWO = 2\n", tests__three="3\n") == (0, ["one", "two"])


def test_what_is_no_python_is_said(compiled, capfd):
    assert compiled(one="ONE = 1\n", two="no python\n") == (1, ["one"])
    assert "no python" in capfd.readouterr().out
