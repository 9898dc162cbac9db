"""A finished run is repeated from its own config, and compared."""

import pytest

from pdla.commands.reproduce import reproduce_run, reproduction_text
from pdla.report.study_run import read_run
from pdla.runs.folder import finish_run, read_result
from pdla.training import run as training
from tests.fixtures.configs import compose_config
from tests.fixtures.people import make_cohort, renamed

TINY = ("model=kinematic", "split.n_folds=3", "split.n_val_folds=2", "review.pictures=false")


@pytest.fixture
def run_dir(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "load_cohort", lambda _: make_cohort(9, visits=1))
    training.run(compose_config(*TINY), tmp_path / "study" / "kinematic-R-fold0-seed0")
    return tmp_path / "study" / "kinematic-R-fold0-seed0"


def test_a_run_gives_the_same_numbers_again(run_dir, tmp_path):
    found = reproduce_run(run_dir, tmp_path / "again")
    assert found.is_same
    assert "number for number" in reproduction_text(found)
    with pytest.raises(ValueError, match="holds the run itself"):
        reproduce_run(run_dir, run_dir.parent)


def test_what_differs_is_said(run_dir, tmp_path, monkeypatch):
    table = read_run(run_dir).predictions
    table.loc[0, ["p0", "p1"]] = table.loc[0, ["p1", "p0"]].to_numpy()
    finish_run(run_dir, read_result(run_dir), table)
    found = reproduce_run(run_dir, tmp_path / "again")
    assert not found.is_same
    assert "predictions differ" in reproduction_text(found)
    other = renamed(make_cohort(9, visits=1), "other")
    monkeypatch.setattr(training, "load_cohort", lambda _: other)
    with pytest.raises(ValueError, match="have changed since"):
        reproduce_run(run_dir, tmp_path / "third")
