"""Runs that an earlier version has finished (tests/fixtures/study_version_1) still serve."""

import shutil

import pytest

from pdla.report.analysis import analyse
from pdla.report.study import read_study
from tests.fixtures.places import STUDY_VERSION_1


def test_they_are_pooled():
    analysis = analyse(read_study(STUDY_VERSION_1))
    (model,) = analysis.models
    assert len(next(iter(model.passes.values()))) == 11
    assert analysis.primary == ("qwk", "macro_mae")


@pytest.mark.parametrize("name", ["result.json", "predictions.csv", "split.json"])
def test_one_that_was_damaged_is_one_line_with_its_path(tmp_path, name):
    folder = shutil.copytree(STUDY_VERSION_1, tmp_path / "s")
    path = folder / "kinematic-R-fold0-seed0" / name
    path.write_text(path.read_text()[:200])
    with pytest.raises(ValueError, match=name) as error:
        read_study(folder)
    assert "\n" not in str(error.value)
