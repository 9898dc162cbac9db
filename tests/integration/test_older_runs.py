"""Runs that an earlier version has finished (tests/fixtures/study_version_1) still serve."""

import json
import shutil

import pytest

from pdla.commands import evaluate
from pdla.commands.export import export_run
from pdla.commands.score import score_cohort
from pdla.evaluation import abstention
from pdla.report.analysis import analyse
from pdla.report.study import read_study
from tests.fixtures.people import make_cohort, renamed
from tests.fixtures.places import STUDY_VERSION_1


def test_they_are_pooled():
    analysis = analyse(read_study(STUDY_VERSION_1))
    (model,) = analysis.models
    assert len(next(iter(model.passes.values()))) == 11
    assert analysis.primary == ("qwk", "macro_mae")


def test_they_score_and_are_evaluated_and_exported(tmp_path, monkeypatch):
    study = shutil.copytree(STUDY_VERSION_1, tmp_path / "study")
    new = renamed(make_cohort(3, 1), "new")
    scores = score_cohort(read_study(study).runs, new, tmp_path / "store")
    assert len(scores) == 3
    assert set(scores["n_runs"]) == {2}
    monkeypatch.setattr(evaluate, "read_cohort", lambda *_: new)
    # Two runs of 11 legs agree on hardly anything.
    monkeypatch.setattr(abstention, "MAX_DISAGREEMENT", 4.0)
    out = evaluate.evaluate_runs(
        study, tmp_path / "LA", tmp_path / "labels.xls", tmp_path / "store", [], tmp_path / "out"
    )
    assert len(list(out.glob("*/predictions.csv"))) == 2
    export_run(study / "kinematic-R-fold0-seed0", tmp_path / "model.pt2")
    assert json.loads((tmp_path / "model.json").read_text())["inputs"].keys() == {"kinematics"}


@pytest.mark.parametrize("name", ["result.json", "predictions.csv", "split.json"])
def test_one_that_was_damaged_is_one_line_with_its_path(tmp_path, name):
    folder = shutil.copytree(STUDY_VERSION_1, tmp_path / "s")
    path = folder / "kinematic-R-fold0-seed0" / name
    path.write_text(path.read_text()[:200])
    with pytest.raises(ValueError, match=name) as error:
        read_study(folder)
    assert "\n" not in str(error.value)
