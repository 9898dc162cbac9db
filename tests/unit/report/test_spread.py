"""Repeats and seeds: what another draw of the folds or another seed changes in a row."""

import numpy as np
import pytest

from pdla.evaluation.intervals import adjust_holm
from pdla.report.analysis import analyse
from pdla.report.answer import contrast_note, headline
from pdla.report.spread import measure_spread, passes_text
from pdla.report.study import read_study
from pdla.report.study_run import PassKey
from pdla.report.tables import spread_rows
from tests.fixtures.studies import make_study


def passes(table):
    """(R, S) values as those of R draws of the folds and S seeds."""
    return {
        PassKey("split", repeat, seed): value
        for repeat, row in enumerate(table)
        for seed, value in enumerate(row)
    }


def test_draws_and_seeds_are_told_apart():
    found = measure_spread(passes([[0.1, 0.3], [0.5, 0.7]]))
    assert (found.n_repeats, found.n_seeds) == (2, 2)
    assert found.sd_seeds == pytest.approx(np.std([0.1, 0.3], ddof=1))
    assert found.sd_repeats == pytest.approx(np.std([0.2, 0.6], ddof=1))
    assert (found.low, found.high) == (0.1, 0.7)


def test_what_was_not_varied_has_no_spread_and_an_undefined_pass_is_left_out():
    found = measure_spread(passes([[0.1, 0.3, np.nan]]))
    assert np.isnan(found.sd_repeats)
    assert found.sd_seeds == pytest.approx(np.std([0.1, 0.3], ddof=1))
    assert np.isnan(measure_spread(passes([[np.nan], [np.nan]])).low)


def test_a_row_says_how_often_every_leg_was_scored():
    assert passes_text(passes([[1.0], [1.0]])) == "2 draws of the folds x 1 seed"
    assert passes_text(passes([[1.0, 1.0], [1.0]])) == "2 draws of the folds x 1 to 2 seeds"
    assert passes_text(passes([[1.0], [1.0]]), is_external=True) == "2 trained folds x 1 seed"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_study(
        tmp_path_factory.mktemp("runs") / "s", ["r3d"], ["R"], repeats=3, seeds=(0, 1),
        contrast=("ordinal_logistic",),
    )  # fmt: skip


@pytest.fixture(scope="module")
def analysis(folder):
    return analyse(read_study(folder))


def test_a_figure_is_the_mean_over_draws_and_seeds(analysis):
    row = analysis.headline.rows[0]
    single = [values["qwk"] for values in row.spread.values()]
    assert len(single) == 6
    assert row.estimates["qwk"].value == pytest.approx(np.mean(single))
    assert "mean of 3 draws of the folds x 2 seeds" in headline(analysis)[0]


def test_more_passes_make_no_interval_narrower_than_the_patients_allow(analysis, folder):
    study = read_study(folder)
    one = next(iter(study.passes.values()))
    alone = analyse(type(study)(folder, one, {})).headline.rows[0].estimates["qwk"]
    of_six = analysis.headline.rows[0].estimates["qwk"]
    assert of_six.high - of_six.low > 0.5 * (alone.high - alone.low)


def test_baselines_follow_the_draws_and_have_one_seed(analysis):
    forest = next(row for row in analysis.headline.rows if row.scorer.alias == "random_forest")
    assert {(key.repeat, key.seed) for key in forest.spread} == {(0, 0), (1, 0), (2, 0)}


def test_the_primary_contrast_is_compared_pass_by_pass(analysis):
    (contrast,) = [one for one in analysis.headline.differences if one.is_primary]
    rows = {row.scorer.name: row.spread for row in analysis.headline.rows}
    own, other = rows[contrast.scorer.name], rows[contrast.other.name]
    assert contrast.spread == {
        key: {
            metric: own[key][metric] - other[key._replace(seed=0)][metric]
            for metric in analysis.primary
        }
        for key in own
    }
    shown = spread_rows(analysis.headline, [])
    assert shown[-1].name == f"{contrast.scorer.name} minus {contrast.other.name} *"
    assert shown[-1].passes == "3 draws of the folds x 2 seeds"
    low = min(values["qwk"] for values in contrast.spread.values())
    assert f"in single passes from {low:+.2f} to" in contrast_note(analysis)


def test_one_contrast_of_the_study_is_primary_that_of_the_headline(analysis):
    others = [section for section in analysis.sections if section is not analysis.headline]
    assert others
    for section in others:
        assert not any(one.is_primary for one in section.differences)
        raw = [one.estimates["qwk"].p_value for one in section.differences]
        assert [one.p_values["qwk"] for one in section.differences] == adjust_holm(raw)


def test_draws_that_a_slow_model_did_not_run_are_one_note(tmp_path):
    folder = make_study(tmp_path / "s", ["kinematic"], ["R"], repeats=2)
    make_study(folder, ["r3d"], ["R"], repeats=2, only=[0, 1, 2])
    analysis = analyse(read_study(folder))
    assert [note for note in analysis.notes if note.startswith("Not run")] == [
        "Not run: r3d, leg R, seed 0: 1 of 2 draws of the folds."
    ]
    assert [len(row.spread) for row in analysis.sections[0].rows[:2]] == [2, 1]
