"""A report says what was searched for the options of its runs."""

from dataclasses import asdict

import pytest
import yaml

from pdla.report.analysis import analyse
from pdla.report.checklist import make_checklist
from pdla.report.study import read_study
from pdla.report.summary import stamps
from pdla.runs.searched import Searched
from tests.fixtures.studies import make_study

SEARCHED = Searched(
    name="mine", space=["model.dropout=interval(0,1)"], trials=9, pruned=2, failed=1,
    inner_folds=4, score=0.2, split={"n_folds": 3, "repeats": 1, "fold": 0, "seed": 0},
    data_hash="abc",
)  # fmt: skip


@pytest.fixture
def study(tmp_path):
    """One run whose options a search has chosen."""
    folder = make_study(tmp_path / "study", ["r3d"], ["R"], only=[0])
    path = folder / "r3d-R-fold0-seed0" / "config.yaml"
    config = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump(config | {"searched": asdict(SEARCHED)}))
    return folder


def test_a_report_says_what_was_searched(study):
    analysis = analyse(read_study(study))
    (told,) = stamps(analysis)
    assert told == SEARCHED.text
    assert "9 trials (2 pruned, 1 failed) of model.dropout=interval(0,1)" in told
    assert told in str(make_checklist(analysis, {}))


def test_a_damaged_record_of_a_search_is_one_line(study):
    path = study / "r3d-R-fold0-seed0" / "config.yaml"
    config = yaml.safe_load(path.read_text())
    for wrong in ({"name": "mine"}, [1], "x", asdict(SEARCHED) | {"split": {}}):
        path.write_text(yaml.safe_dump(config | {"searched": wrong}))
        with pytest.raises(ValueError, match="searched") as error:
            _ = read_study(study).searches
        assert "\n" not in str(error.value)
