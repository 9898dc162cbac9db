"""Pictures that runs have left: coefficients of both legs, each of the first fold."""

from pathlib import Path

import pytest

from pdla.report.leg_pictures import LegPicture, Manifest, ModelPicture, collect_pictures
from pdla.report.study import read_study
from tests.fixtures.studies import make_study


@pytest.fixture
def study(tmp_path):
    folder = make_study(tmp_path / "s", ["kinematic"], ["L", "R"], n_folds=2)
    for run in sorted(folder.glob("kinematic-*")):
        leave_pictures(run)
    return read_study(folder)


def leave_pictures(run: Path):
    pictures = run / "pictures"
    pictures.mkdir()
    for name in ("worst-01.png", "coefficients.png"):
        (pictures / name).write_bytes(b"not looked at")
    leg = LegPicture("worst-01.png", "worst", 1, "worst", "V-010", run.name[10], 0, 1.5)
    Manifest((leg,), (ModelPicture("coefficients.png", "coefficients"),)).write(pictures)


def test_coefficients_of_both_legs_are_shown_of_the_first_fold_of_each(study):
    (model,) = collect_pictures(study)
    assert [picture.alt for picture in model.model] == [
        "coefficients, kinematic-L-fold0-seed0", "coefficients, kinematic-R-fold0-seed0"
    ]  # fmt: skip


def test_a_leg_that_several_runs_show_is_shown_once(study):
    (model,) = collect_pictures(study)
    assert len(model.worst) == 2  # left and right leg of one video
