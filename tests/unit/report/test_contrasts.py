"""One contrast is named beforehand; all other comparisons are corrected for their number."""

import pytest

from pdla.evaluation.intervals import Estimate
from pdla.evaluation.metrics import METRIC_OF
from pdla.report.contrasts import Difference, correct, find_contrast
from pdla.report.pooling import Scorer

QWK = METRIC_OF["qwk"]


def scorer(name, kind="model", alias=""):
    return Scorer(name, kind, "", False, {}, {}, alias)


TCN, R3D = scorer("tcn", alias="tcn"), scorer("r3d", alias="r3d")
FOREST = scorer("Random forest, kinematics", "baseline", "random_forest")
MAJORITY = scorer("Majority score", "baseline", "majority")
ROWS = [TCN, R3D, FOREST, MAJORITY]


def difference(one, other, p_value):
    estimate = Estimate(0.2, 0.01, 0.4, 0.1, p_value, 30)
    return Difference(one, other, {"qwk": estimate, "mae": estimate}, {"qwk": p_value})


def test_the_named_contrast_decides_as_it_is_and_the_others_by_holm():
    found = [difference(TCN, FOREST, 0.04), difference(TCN, MAJORITY, 0.02),
             difference(R3D, FOREST, 0.03)]  # fmt: skip
    contrast, _ = find_contrast(ROWS, ["tcn", "random_forest"])
    named, *others = correct(found, contrast, ["qwk", "mae"])
    assert named.is_primary
    assert named.p_values["qwk"] == 0.04
    assert named.p_values["mae"] == pytest.approx(0.06)  # primary for the first metric only
    assert named.is_better(QWK) is True
    assert [one.p_values["qwk"] for one in others] == pytest.approx([0.04, 0.04])
    without = correct(found, None, ["qwk"])
    assert without[0].p_values["qwk"] == pytest.approx(0.06)
    assert without[0].is_better(QWK) is None


@pytest.mark.parametrize(
    ("rows", "names", "contrast", "doubt"),
    [
        ([TCN, FOREST], ["random_forest"], (TCN, FOREST), ""),
        (ROWS, ["tcn", "Majority score"], (TCN, MAJORITY), ""),
        (ROWS, ["random_forest"], None, "2 models and no primary contrast"),
        (ROWS, ["lstm"], None, "'lstm': no row is called so"),
        ([TCN, scorer("tcn, tag", alias="tcn")], ["tcn", "tcn, tag"], None, "several rows"),
        (ROWS, [], None, "No primary contrast was named"),
    ],
)
def test_a_contrast_is_found_by_name_or_the_page_says_why_not(rows, names, contrast, doubt):
    found, said = find_contrast(rows, names)
    assert found is contrast or found == contrast
    assert doubt in said
    assert bool(said) is (contrast is None)
