"""`recsys save`: a bundle of a run, served from its folder."""

from recsys.cli.save import main
from recsys.models.bundle import Bundle
from recsys.serving.source import source_of
from tests.tracking.run_folders import write_run


def test_the_model_of_a_run_is_saved_and_can_be_served(tmp_path, capsys):
    folder = tmp_path / "model"
    assert main([str(write_run(tmp_path / "run", "recommender=popularity")), str(folder)]) == 0
    assert capsys.readouterr().out == f"{folder}\n"
    assert Bundle.load(folder).metadata["fitted_on"] == "all data"
    source = source_of(str(folder))
    assert source.load(source.version()).metadata["recommender"] == "PopularityRecommender"
    copy = tmp_path / "copy"
    assert main([str(folder), str(copy)]) == 0
    assert (copy / "bundle.json").read_bytes() == (folder / "bundle.json").read_bytes()


def test_a_folder_with_files_and_a_missing_model_are_refused(tmp_path, capsys):
    run = write_run(tmp_path / "run", "recommender=popularity")
    assert main([str(run), str(run)]) == 1
    assert f"cannot be written to {run}: it is not empty" in capsys.readouterr().err
    assert main([str(tmp_path / "none"), str(tmp_path / "model")]) == 1
    assert "neither a run nor a sweep" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()
