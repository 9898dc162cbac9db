"""What splitting by video hides; shuffled scores come out at chance under ours."""

from collections import Counter
from functools import partial

import numpy as np
import pytest

from pdla.commands import leakage
from pdla.commands.leakage import (
    AS_2023,
    OURS,
    UNDOUBLED,
    UNKNOWN,
    Exhibit,
    compare_protocols,
    conclusions,
    show_leakage,
    shuffle_scores,
)
from pdla.data.intake import IntakeOptions, read_cohort
from pdla.data.simulation import SimulationOptions, simulate_cohort
from pdla.evaluation.intervals import Estimate


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clinic") / "files"
    simulate_cohort(folder, SimulationOptions(videos=20, seed=1, traps="none"))
    return folder / "LA", folder / "labels.xls", folder.parent / "store"


def test_the_exhibit_shows_doubling_and_recognition_in_rows_of_their_own(
    clinic, capsys, monkeypatch
):
    monkeypatch.setattr(leakage, "N_TREES", 10)
    for name in ("estimate_metrics", "estimate_differences"):
        quick = partial(getattr(leakage, name), n_draws=100)
        monkeypatch.setattr(leakage, name, quick)
    own, shuffled = show_leakage(*clinic)
    for exhibit in (own, shuffled):
        assert exhibit.doubling > 0
        values = {name: found["qwk"].value for name, found in exhibit.estimates.items()}
        difference = values[UNDOUBLED] - values[UNKNOWN]
        assert exhibit.recognition["qwk"].value == pytest.approx(difference)
    printed = capsys.readouterr().out
    for words in (AS_2023, OURS, "effect of doubling", "effect of recognition", "LEAKY"):
        assert words in printed


@pytest.mark.parametrize(
    ("low", "words"), [(0.02, "raise kappa"), (-0.02, "no effect is shown by these 31")]
)
def test_an_effect_is_claimed_only_where_the_interval_leaves_out_0(low, words):
    effect = Estimate(0.1, low, 0.3, 0.1, 0.1, 31)
    values = {AS_2023: {"qwk": Estimate(0.7, 0, 1)}, UNDOUBLED: {"qwk": Estimate(0.2, 0, 1)}}
    doubling, recognition = conclusions([Exhibit("own", values, {"qwk": effect})])
    assert "+0.50" in doubling
    assert words in recognition


def test_shuffling_moves_scores_between_patients_and_changes_nothing_else(cohort_of):
    cohort = cohort_of(12)
    dealt = shuffle_scores(cohort, 0)
    assert len(dealt.samples) == len(cohort.samples)
    assert Counter(s.score for s in dealt.samples) == Counter(s.score for s in cohort.samples)
    assert [s.score for s in dealt.samples] != [s.score for s in cohort.samples]
    assert dealt.data_hash != cohort.data_hash


@pytest.mark.slow
def test_shuffled_scores_come_out_at_chance_unless_legs_are_doubled(tmp_path):
    simulate_cohort(tmp_path / "files", SimulationOptions())
    cohort = read_cohort(
        tmp_path / "files/LA", tmp_path / "files/labels.xls", tmp_path / "store", IntakeOptions()
    )
    shown = [compare_protocols("", shuffle_scores(cohort, seed)) for seed in range(6)]
    ours = [one.estimates[OURS]["qwk"].value for one in shown]
    assert abs(np.mean(ours)) < 0.1
    assert max(ours) < 0.25
    assert min(one.estimates[AS_2023]["qwk"].value for one in shown) > 0.4
    assert min(one.doubling for one in shown) > 0.2
