"""What messages of the sweeper advise works when it is typed as printed."""

import re
import shlex
import subprocess
import sys

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from packaging.requirements import Requirement

from optuna_sweeper.results.log_lines import continue_line
from optuna_sweeper.study.journal import JournalFile
from tests.integration.cures import applied, overrides_in, tries

RANDOM = ("hydra/sweeper/sampler=random", "hydra.sweeper.n_trials=1")


def refused(app, *command):
    with pytest.raises(HydraException) as caught:
        app.sweep(*command)
    return str(caught.value)


@tries("optuna_sweeper/search/search_space.py", "There is nothing to search")
@tries("optuna_sweeper/search/sampler.py", "Optuna 4 removed MOTPESampler")
@tries("optuna_sweeper/search/stratification.py", "set hydra.sweeper.stratify=null")
@tries("optuna_sweeper/study/initial_trials.py", "or set hydra.sweeper.enqueue=null")
@tries("optuna_sweeper/study/storage.py", "Repair it, or set another")
@pytest.mark.parametrize(
    ("command", "after"),
    [
        ("hydra.sweeper.n_trials=1", "or a sweep such as "),
        ("x=interval(0,1) hydra.sweeper.n_trials=1 hydra/sweeper/sampler=motpe", "several objectives"),
        (
            "x=interval(0,1) hydra.sweeper.n_trials=1 hydra.sweeper.stratify=word "
            "'hydra.sweeper.params={word: null}'",
            "drops it (null)",
        ),
        (
            "x=interval(0,1) hydra.sweeper.n_trials=1 'hydra.sweeper.enqueue=[{word: a}]' "
            "'hydra.sweeper.params={word: null}'",
            "drops it (null)",
        ),
        (
            "x=interval(0,1) hydra.sweeper.n_trials=1 hydra.sweeper.storage=sqlite:////proc/no/s.db",
            "Repair it",
        ),
    ],
)
def test_overrides(app, monkeypatch, command, after):
    monkeypatch.chdir(app.folder)
    if "params" in command:
        app.configure("  sweeper: {sampler: {seed: 0}, params: {word: 'choice(a, b)'}}\n")
    typed = shlex.split(command)
    cures = overrides_in(refused(app, *typed), after)
    assert len(cures) == 1
    app.sweep(*applied(typed, cures[0]))
    assert len(app.trials) == 1


@tries("optuna_sweeper/search/grid.py", "needs a list of values")
def test_a_grid_of_values(app):
    command = ["hydra/sweeper/sampler=grid", "x=interval(0,1)"]
    ((cure,),) = overrides_in(refused(app, *command), "Write ")
    app.sweep(command[0], cure.replace("start, stop, step", "0, 1, 0.5"))
    assert len(app.trials) == 2


@tries("optuna_sweeper/study/folders.py", "typed_override('hydra.sweep.dir'")
def test_the_folder_of_another_study(app):
    command = [*RANDOM, "x=interval(0,1)", app.kept[0]]
    app.sweep(*command, "hydra.sweeper.study_name=one")
    command.append("hydra.sweeper.study_name='it is 2'")
    (cure,) = overrides_in(refused(app, *command), "Set another: ")
    app.sweep(*applied(command, cure))
    assert (app.folder / "multirun-it is 2/0").is_dir()


@tries("optuna_sweeper/study/folders.py", "typed_override('hydra.sweep.subdir'")
@pytest.mark.parametrize("subdir", ["word-${word}", '"all, ${word}"'])
def test_a_folder_for_each_trial(app, subdir):
    command = ["x=choice(0, 1)", "hydra.sweeper.n_trials=2", f"hydra.sweep.subdir={subdir}"]
    (cure,) = overrides_in(refused(app, *command), "has used. Set ")
    app.clear()
    app.sweep(*applied(command, cure))
    assert len(list(app.sweep_dir.glob(f"*{'-' if 'word-' in subdir else ', '}a/[01]"))) == 2


@tries("optuna_sweeper/study/identity.py", "or set hydra.sweeper.allow_changes=true")
def test_another_question(app):
    command = [*RANDOM, *app.kept, "x=interval(0,1)"]
    app.sweep(*command)
    command = [*applied(command, ["x=interval(0,2)"]), "hydra.sweeper.n_trials=2", "word=b"]
    (cure,) = overrides_in(refused(app, *command), "to start afresh")
    app.sweep(*command, *cure)
    assert len(app.trials) == 2


@tries("optuna_sweeper/results/log_lines.py", "To continue it")
def test_an_interrupted_study():
    typed = ["x=interval(0, 1)", "hydra.sweeper.study_name=null"]
    line = continue_line(["python", "app.py", "-m", *typed], "a, b")
    *words, name = shlex.split(line.partition("To continue it: ")[2])
    assert words == ["python", "app.py", "-m", "x=interval(0, 1)"]
    assert OverridesParser.create().parse_override(name).value() == "a, b"


@tries("optuna_sweeper/study/journal.py", "to give up all from that line on")
def test_a_damaged_journal(app, tmp_path):
    folder = tmp_path / "a folder"
    folder.mkdir()
    path = folder / "journal.log"
    storage = f'hydra.sweeper.storage="journal:{path}"'
    app.sweep(*RANDOM, "x=interval(0,1)", storage, "hydra.sweeper.study_name=study")
    whole = path.read_bytes()
    path.write_bytes(whole + b"garbage\n" + whole)
    message = refused(app, *RANDOM, "x=interval(0,1)", storage, "hydra.sweeper.study_name=study")
    command = message.partition("from that line on: ")[2].splitlines()[0]
    subprocess.run(["sh", "-c", command], cwd=folder, check=True)
    assert (folder / "restored.log").read_bytes() == whole
    list(JournalFile(str(folder / "restored.log")).read_logs(0))


@tries("optuna_sweeper/study/journal.py", "a newer one wrote it")
@tries("optuna_sweeper/search/sampler.py", "Run: pip install")
@tries("optuna_sweeper/study/storage.py", "It needs the module")
def test_what_is_installed_has_a_name_that_pip_reads(app, monkeypatch, tmp_path):
    """To install it takes a network: see that pip is given names of distributions."""
    (tmp_path / "journal.log").write_text('{"op_code": 99, "worker_id": "a"}\n')
    monkeypatch.setattr("optuna_sweeper.search.sampler.find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    space = ("x=interval(0,1)", "hydra.sweeper.n_trials=1")
    for override, name in [
        (f"hydra.sweeper.storage=journal:{tmp_path}/journal.log", "optuna"),
        ("hydra/sweeper/sampler=cmaes", "cmaes"),
        ("hydra.sweeper.storage=postgresql+psycopg://localhost/x", "psycopg"),
    ]:
        typed = re.search(r"Run: pip install (.*)", refused(app, *space, override))[1]
        words = [word for word in shlex.split(typed) if word != "-U"]
        assert [Requirement(word).name for word in words] == [name]
