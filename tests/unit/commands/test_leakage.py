"""What splitting by video hides; shuffled scores come out at chance under ours."""

from collections import Counter

import numpy as np
import pytest

from pdla.commands.leakage import PROTOCOLS, compare_protocols, show_leakage, shuffle_scores
from pdla.data.intake import IntakeOptions, read_cohort
from pdla.data.simulation import SimulationOptions, simulate_cohort

LEAKY, OURS = PROTOCOLS


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clinic") / "files"
    simulate_cohort(folder, SimulationOptions(videos=30, seed=1, traps="none"))
    return folder / "LA", folder / "labels.xls", folder.parent / "store"


def test_the_exhibit_shows_both_protocols_side_by_side(clinic, capsys):
    own, shuffled = show_leakage(*clinic)
    for exhibit in (own, shuffled):
        assert exhibit.estimates[LEAKY]["qwk"].value > exhibit.estimates[OURS]["qwk"].value
    printed = capsys.readouterr().out
    assert "LEAKY" in printed
    assert "split by patient" in printed


def test_shuffling_moves_scores_between_patients_and_changes_nothing_else(cohort_of):
    cohort = cohort_of(12)
    dealt = shuffle_scores(cohort, 0)
    assert len(dealt.samples) == len(cohort.samples)
    assert Counter(s.score for s in dealt.samples) == Counter(s.score for s in cohort.samples)
    assert [s.score for s in dealt.samples] != [s.score for s in cohort.samples]
    assert dealt.data_hash != cohort.data_hash


@pytest.mark.slow
def test_shuffled_scores_come_out_at_chance_under_ours_and_high_under_the_2023_protocol(tmp_path):
    simulate_cohort(tmp_path / "files", SimulationOptions())
    cohort = read_cohort(
        tmp_path / "files/LA", tmp_path / "files/labels.xls", tmp_path / "store", IntakeOptions()
    )
    shown = [compare_protocols("", shuffle_scores(cohort, seed)).estimates for seed in range(6)]
    ours = [estimates[OURS]["qwk"].value for estimates in shown]
    leaky = [estimates[LEAKY]["qwk"].value for estimates in shown]
    assert abs(np.mean(ours)) < 0.1
    assert max(ours) < 0.25
    assert min(leaky) > 0.4
