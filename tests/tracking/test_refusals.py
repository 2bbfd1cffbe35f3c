from recsys.tracking.refusals import line


def test_secrets_are_masked_before_the_line_is_cut():
    error = ValueError(f"{'x' * 265} postgresql://user:hunter2secret@dbhost/mlflow cannot be reached")
    assert "hunter2" not in line(error)
    assert len(line(error)) == 300
