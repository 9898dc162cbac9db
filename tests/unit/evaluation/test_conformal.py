"""A set of 90% holds the rater's score of nine new patients in ten, however many legs each has."""

import numpy as np
import pandas as pd
import pytest

from pdla.evaluation.conformal import ScoreSets
from pdla.evaluation.predictions import add_scores


def predictions(n_patients, rng):
    """Legs of patients who differ: 1 to 6 each, scores near a patient's own level."""
    rows = []
    for patient in range(n_patients):
        level, blur = rng.uniform(0, 4), rng.uniform(0.4, 1.4)
        for _ in range(int(rng.integers(1, 7))):
            score = int(np.clip(np.rint(level + rng.normal(0, blur)), 0, 4))
            rows.append({"patient": f"P-{patient}", "score": score, "level": level})
    table = pd.DataFrame(rows)
    distance = np.abs(
        np.arange(5) - (table["level"].to_numpy() + rng.normal(0, 0.3, len(table)))[:, None]
    )
    weight = np.exp(-(distance**2) / 1.2)
    return add_scores(table, weight / weight.sum(axis=1, keepdims=True))


def covered(sets, table):
    """Mean over patients of the share of their legs whose score is in its set."""
    shares = table[[f"p{score}" for score in range(5)]].to_numpy()
    is_in = [score in one for score, one in zip(table["score"], sets.of(shares), strict=True)]
    return pd.Series(is_in).groupby(table["patient"].to_numpy()).mean().mean()


def test_too_few_patients_are_said():
    sets = ScoreSets.learn(predictions(8, np.random.default_rng(0)))
    assert not sets.has_enough_patients
    with pytest.raises(
        ValueError, match="too few patients for sets of 90%: 8, expected at least 9"
    ):
        sets.of(np.full((1, 5), 0.2))


def test_a_set_is_never_empty_and_grows_with_coverage():
    table = predictions(60, np.random.default_rng(1))
    shares = table[[f"p{score}" for score in range(5)]].to_numpy()
    narrow, wide = (ScoreSets.learn(table, coverage).of(shares) for coverage in (0.5, 0.95))
    assert min(map(len, narrow)) >= 1
    assert np.mean(list(map(len, narrow))) < np.mean(list(map(len, wide)))


@pytest.mark.slow
def test_sets_of_90_percent_hold_88_to_92_percent_of_new_patients_on_200_studies():
    rng = np.random.default_rng(2)
    shares = []
    for _ in range(200):
        sets = ScoreSets.learn(predictions(40, rng))
        shares.append(covered(sets, predictions(40, rng)))
    print(f"mean coverage {np.mean(shares):.3f}")
    assert 0.88 <= np.mean(shares) <= 0.92
