"""What true kinematics give on simulated legs, by the decision rule of every model."""

from pdla.data.simulation import SimulationOptions
from pdla.data.simulation.cohort import plan_videos
from pdla.evaluation import attainable
from pdla.evaluation.attainable import (
    attainable_table,
    measure_attainable,
    measure_cohort_attainable,
)


def test_the_reference_is_above_chance_and_below_certainty(monkeypatch):
    monkeypatch.setattr(attainable, "RATERS", ("clinic", "icc88"))
    monkeypatch.setattr(attainable, "N_DRAWS", 200)
    rows = measure_attainable(n_legs=300, n_judged=240)
    assert {row.cohort for row in rows} == {"clinic", "balanced"}
    for row in rows:
        assert 0.1 < row.qwk.low < row.qwk.value < row.qwk.high < 1
        assert 0.02 < row.mae.value < 1.0
        assert row.scorer in attainable_table(rows)
    best = [row.qwk.value for row in rows if (row.cohort, row.scorer) == ("clinic", "second rater")]
    assert best == sorted(best)  # clinic, then raters who agree better and better


def test_a_cohort_has_a_reference_of_its_own_over_its_rated_legs():
    options = SimulationOptions(videos=31, seed=5)
    rows = measure_cohort_attainable(options, n_legs=800)
    assert {row.cohort for row in rows} == {"31 videos of seed 5"}
    n_rated = 2 * sum(None not in plan.scores for plan in plan_videos(options))
    assert [row.n_legs for row in rows] == [n_rated] * 3
