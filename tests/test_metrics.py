"""Metrics agree with scikit-learn, and say so when they are undefined."""

import math
import warnings

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score

from pdla.evaluation.baselines import majority
from pdla.evaluation.metrics import (
    METRICS,
    expected_score,
    leg_metrics,
    predicted_score,
    ranked_probability_score,
)


def random_case(seed, n_legs=40):
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.ones(5), n_legs)
    return generator.integers(0, 4, n_legs), predicted_score(probabilities), probabilities


@pytest.mark.parametrize("seed", range(5))
def test_metrics_equal_scikit_learn(seed):
    score, predicted, probabilities = random_case(seed)
    values = leg_metrics(score, predicted, probabilities)
    expected = cohen_kappa_score(score, predicted, weights="quadratic", labels=range(5))
    assert values["qwk"] == pytest.approx(expected, abs=1e-6)
    with warnings.catch_warnings(action="ignore"):  # a predicted score that no rater gave
        balanced = balanced_accuracy_score(score, predicted)
    assert values["balanced_accuracy"] == pytest.approx(balanced, abs=1e-6)
    assert values["mae"] == pytest.approx(np.abs(score - predicted).mean())


def test_macro_mae_counts_each_score_the_same():
    score = np.array([0, 0, 0, 0, 2])
    probabilities = np.eye(5)[[0, 0, 0, 0, 0]]
    values = leg_metrics(score, predicted_score(probabilities), probabilities)
    assert values["mae"] == pytest.approx(0.4)
    assert values["macro_mae"] == pytest.approx(1.0)
    assert values["within_1"] == pytest.approx(0.8)


def test_kappa_of_one_and_the_same_constant_is_undefined():
    probabilities = np.eye(5)[[1, 1, 1]]
    values = leg_metrics(np.array([1, 1, 1]), np.array([1, 1, 1]), probabilities)
    assert math.isnan(values["qwk"])


def test_a_constant_prediction_has_kappa_0():
    probabilities = majority([5, 9, 1, 0, 0], 4)
    values = leg_metrics(np.array([0, 1, 2, 1]), predicted_score(probabilities), probabilities)
    assert values["qwk"] == pytest.approx(0.0)
    assert values["accuracy"] == 0.5


def test_ranked_probability_score_is_0_for_the_truth_and_4_for_the_far_end():
    certain = np.eye(5)
    assert ranked_probability_score(np.arange(5), certain) == 0
    assert ranked_probability_score(np.array([0]), certain[[4]]) == 4


def test_expected_score_is_rounded_and_halves_go_up():
    probabilities = np.array([[0.5, 0.5, 0, 0, 0], [0.0, 0.6, 0.4, 0, 0], [0.5, 0, 0.5, 0, 0]])
    np.testing.assert_allclose(expected_score(probabilities), [0.5, 1.4, 1.0])
    np.testing.assert_array_equal(predicted_score(probabilities), [1, 1, 1])


def test_every_listed_metric_is_computed_and_no_other():
    values = leg_metrics(*random_case(0))
    assert list(values) == [metric.key for metric in METRICS]


def test_no_leg_is_an_error():
    with pytest.raises(ValueError, match="no leg"):
        leg_metrics(np.array([], dtype=int), np.array([], dtype=int), np.empty((0, 5)))
