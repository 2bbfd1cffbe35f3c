"""What was acknowledged is kept, whatever happens to the service."""

from __future__ import annotations

import os

import pytest

from tests.serving.conftest import script


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_feedback_outlives_kills(bundles, tmp_path):
    bundles["1"].save(tmp_path / "bundle")
    outcome = script("kill_during_feedback").kill(tmp_path / "bundle", tmp_path / "feedback.db", 10)
    assert outcome.kills == 10
    assert len(outcome.acknowledged) > 100
    assert outcome.again > 0  # kills hit requests
    assert outcome.good
