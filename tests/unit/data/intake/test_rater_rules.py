"""Several raters: whose score counts is a person's choice, and nothing is dropped in silence."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pdla.data.intake.labels import LabelSheet, SheetOptions, read_labels
from pdla.data.intake.rater_rules import check_rater_rule, decide
from pdla.data.reasons import Reason
from pdla.data.recordings import Cohort
from tests.fixtures.people import make_cohort

TEXT = (
    "video,left_rater1,left_rater2,left_rater3,right_rater1,right_rater2,right_rater3\n"
    "a,1,2,2,0,0,0\nb,x,3,4,0,1,2\n"
)


def read(tmp_path: Path, text: str = TEXT, **options: object) -> LabelSheet:
    path = tmp_path / "labels.csv"
    path.write_text(text)
    return read_labels(path, SheetOptions(**options))  # type: ignore[arg-type]


def scores(sheet: LabelSheet) -> list[tuple[int | None, int | None]]:
    return [(row.scores["L"], row.scores["R"]) for row in sheet.rows]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("ask", [(None, 0), (None, None)]),
        ("first", [(1, 0), (3, 0)]),
        ("consensus", [(2, 0), (None, None)]),
        ("distribution", [(2, 0), (4, 1)]),
    ],
)
def test_each_rule_makes_its_own_score_of_the_raters(tmp_path, rule, expected):
    assert scores(read(tmp_path, raters=rule)) == expected


def test_a_mean_is_rounded_or_kept_as_the_fraction_it_is(tmp_path):
    assert scores(read(tmp_path, raters="mean", round="half_down")) == [(2, 0), (3, 1)]
    kept = read(tmp_path, raters="mean", round="keep").rows[1]
    assert (kept.scores["L"], kept.ratings["L"]) == (4, 3.5)
    assert kept.shares["L"] == (0, 0, 0, 0.5, 0.5)
    assert kept.ratings["R"] is None  # 0, 1 and 2 have a whole mean


def test_a_mean_that_nobody_says_how_to_round_stops_training_and_drops_no_leg(tmp_path):
    sheet = read(tmp_path, raters="mean")
    assert scores(sheet) == [(None, 0), (None, 1)]  # 0, 1 and 2 have a whole mean
    assert (sheet.n_undecided, sheet.n_rated_twice) == (2, 4)
    assert not any(row.problems for row in sheet.rows)


def test_the_distribution_keeps_the_share_of_the_raters_for_each_score(tmp_path):
    row = read(tmp_path, raters="distribution").rows[0]
    np.testing.assert_allclose(row.shares["L"], (0, 1 / 3, 2 / 3, 0, 0))
    assert row.ratings["L"] == pytest.approx(5 / 3)
    assert row.shares["R"] == ()  # they agree: the score says it all


def test_a_leg_that_is_left_open_stays_usable_and_is_listed(tmp_path):
    sheet = read(tmp_path)
    reasons = [(problem.row, problem.leg) for problem in sheet.problems
               if problem.reason is Reason.RATERS_DIFFER]  # fmt: skip
    assert reasons == [(2, "L"), (3, "L"), (3, "R")]
    assert not any(row.problems for row in sheet.rows)  # unrated, not left out
    assert (sheet.n_undecided, sheet.n_rated_twice) == (3, 4)
    assert read(tmp_path, raters="first").n_undecided == 0


def test_the_agreed_score_wins_and_legs_without_one_are_left_open(tmp_path):
    text = "video,left_rater1,left_rater2,right_rater1,right_rater2,final l,final r\n"
    text += "a,1,2,0,0,2,\nb,1,3,2,4,,3\n"
    sheet = read(tmp_path, text, raters="adjudicated", adjudicated=("final l", "final r"))
    assert scores(sheet) == [(2, 0), (None, 3)]
    assert sheet.rows[0].raters["L"] == (1.0, 2.0)  # the agreed score is no further rater


def test_where_each_rater_has_a_row_one_name_decides_and_order_is_that_of_the_sheet(tmp_path):
    text = "video,rater,left,right\na,Ann,1,2\na,Bob,2,2\na,Eve,3,1\n"
    text += "b,Bob,0,1\nb,Eve,2,2\nb,Ann,1,0\n"
    sheet = read(tmp_path, text, raters="adjudicated", adjudicated=("Eve",))
    assert scores(sheet) == [(3, 1), (2, 2)]
    assert sheet.rows[1].raters["L"] == (1.0, 0.0)  # Ann first, as in the rows above
    assert scores(read(tmp_path, text, raters="first")) == [(1, 2), (1, 0)]


def test_a_rule_without_what_it_needs_is_refused():
    with pytest.raises(ValueError, match=r"recordings\.sheet\.adjudicated=\[\]: give the columns"):
        SheetOptions(raters="adjudicated")


def test_no_rater_and_one_rater_need_no_rule():
    assert decide((None, None), "ask", "never").score is None
    assert decide((None, 2.0), "ask", "never").score == 2
    assert decide((1.5,), "ask", "never").reason is Reason.SCORE_BETWEEN_POINTS


def test_training_demands_a_rule_where_raters_differ():
    cohort: Cohort = make_cohort(2)
    check_rater_rule(cohort)
    with pytest.raises(ValueError, match=r"differ on 3 of 9 legs .*raters=first, adjudicated"):
        check_rater_rule(replace(cohort, n_undecided=3, n_rated_twice=9))
