"""Which runs of a row are asked what moved a score."""

from pathlib import Path

import pytest

from pdla.commands import scorers
from pdla.commands.scorers import RowScorer
from pdla.models import STGCN, VideoNetwork
from pdla.report.study import read_study
from pdla.report.study_row import choose_row
from pdla.training.prediction import Predictor
from tests.fixtures.people import make_cohort
from tests.fixtures.studies import make_study


@pytest.fixture
def asked(monkeypatch):
    """Names of the runs that are asked."""
    names, classes = [], {"r3d": VideoNetwork, "stgcn": STGCN}
    monkeypatch.setattr(scorers, "_model_class", lambda run: classes[run.result.model])
    monkeypatch.setattr(
        Predictor, "explain", lambda _, runs: names.extend(run.folder.name for run in runs) or {}
    )
    return names


def ask(folder, row):
    study = read_study(folder)
    RowScorer(study, choose_row(study, row)).explain(make_cohort(2, 1), Path("store"))


def test_of_a_network_on_drawn_clips_one_run_a_side_is_asked(tmp_path, asked):
    ask(make_study(tmp_path / "study", ["r3d"], ["L", "R"]), "r3d")
    assert sorted(asked) == ["r3d-L-fold0-seed0", "r3d-R-fold0-seed0"]


def test_of_an_average_the_model_that_sees_joints_is_asked_with_all_its_runs(tmp_path, asked):
    ask(make_study(tmp_path / "study", ["r3d", "stgcn"], ["L", "R"]), "all")
    assert sorted(asked) == [f"stgcn-{leg}-fold{fold}-seed0" for leg in "LR" for fold in range(3)]
