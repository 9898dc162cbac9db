"""Metrics agree with scikit-learn and scipy, and say why when they are undefined."""

import math
import warnings

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, f1_score, roc_auc_score
from torchmetrics.functional.classification.calibration_error import _ce_compute

from pdla.data.intake.agreement import intraclass_correlation
from pdla.evaluation.baselines import majority
from pdla.evaluation.metrics import (
    CALIBRATION_BINS,
    METRICS,
    THRESHOLDS,
    check_contrast,
    check_primary,
    expected_score,
    leg_metrics,
    predicted_score,
    ranked_probability_score,
    undefined_reasons,
)


def random_case(seed, n_legs=40):
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.ones(5), n_legs)
    return generator.integers(0, 4, n_legs), predicted_score(probabilities), probabilities


@pytest.mark.parametrize("seed", range(5))
def test_metrics_of_predicted_scores_equal_scikit_learn(seed):
    score, predicted, probabilities = random_case(seed)
    values = leg_metrics(score, predicted, probabilities)
    expected = cohen_kappa_score(score, predicted, weights="quadratic", labels=range(5))
    assert values["qwk"] == pytest.approx(expected, abs=1e-6)
    with warnings.catch_warnings(action="ignore"):  # a predicted score that no rater gave
        balanced = balanced_accuracy_score(score, predicted)
    assert values["balanced_accuracy"] == pytest.approx(balanced, abs=1e-6)
    assert values["macro_f1"] == pytest.approx(
        f1_score(score, predicted, average="macro", zero_division=0), abs=1e-6
    )
    assert values["mae"] == pytest.approx(np.abs(score - predicted).mean())


@pytest.mark.parametrize("seed", range(5))
def test_metrics_of_probabilities_equal_scikit_learn_and_scipy(seed):
    score, predicted, probabilities = random_case(seed)
    values = leg_metrics(score, predicted, probabilities)
    expected = spearmanr(score, expected_score(probabilities)).statistic
    assert values["spearman"] == pytest.approx(expected, abs=1e-6)
    for k in THRESHOLDS:
        reached = probabilities[:, k:].sum(axis=1)
        assert values[f"auroc_{k}"] == pytest.approx(roc_auc_score(score >= k, reached), abs=1e-6)
        expected = _ce_compute(
            torch.tensor(reached),
            torch.tensor(score >= k).double(),
            torch.linspace(0, 1, CALIBRATION_BINS + 1, dtype=torch.float64),
            norm="l2",
            debias=True,
        )
        assert values[f"ece_{k}"] == pytest.approx(float(expected), abs=1e-6)


def test_correlations_are_those_of_the_rating_with_its_fractions():
    score, predicted, probabilities = random_case(0)
    rating = score + np.random.default_rng(1).choice([0.0, 0.25, 1 / 3], len(score))
    values = leg_metrics(score, predicted, probabilities, rating)
    expected = expected_score(probabilities)
    assert values["pearson"] == pytest.approx(np.corrcoef(expected, rating)[0, 1])
    both = np.stack([rating, expected], axis=1)
    assert values["icc"] == pytest.approx(intraclass_correlation(both))
    whole = leg_metrics(score, predicted, probabilities)
    assert whole["pearson"] != pytest.approx(values["pearson"])
    assert {key: whole[key] for key in ("qwk", "mae")} == {
        key: values[key] for key in ("qwk", "mae")
    }


def test_chance_alone_is_no_calibration_error():
    generator = np.random.default_rng(0)
    errors = []
    for _ in range(200):
        probabilities = np.tile([0.4, 0.3, 0.2, 0.1, 0.0], (60, 1))
        score = generator.choice(5, 60, p=probabilities[0])
        predicted = predicted_score(probabilities)
        errors.append(leg_metrics(score, predicted, probabilities)["ece_1"] ** 2)
    assert np.median(errors) == pytest.approx(0, abs=0.002)


def test_a_scorer_that_exaggerates_has_a_slope_below_1_and_one_that_is_too_high_a_mean_error():
    score = np.array([0, 1, 2, 3, 1, 2])
    sure = np.eye(5)[[0, 0, 2, 4, 1, 3]]
    values = leg_metrics(score, predicted_score(sure), sure)
    assert 0.3 < values["slope"] < 1
    high = np.eye(5)[score + 1]
    values = leg_metrics(score, predicted_score(high), high)
    assert (values["slope"], values["bias"]) == (pytest.approx(1), pytest.approx(1))
    assert values["intercept"] == pytest.approx(-1)


def test_a_primary_metric_and_a_contrast_must_make_sense():
    with pytest.raises(ValueError, match="slope has no better or worse"):
        check_primary(["slope"])
    assert check_contrast(None) == ()
    assert check_contrast("ordinal_logistic") == ("ordinal_logistic",)
    for wrong in (["a", "b", "c"], [1], [""], " "):
        with pytest.raises(ValueError, match=r"evaluation\.contrast"):
            check_contrast(wrong)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12))
@example([(0, 1), (1, 0)])
def test_a_metric_is_undefined_if_and_only_if_a_reason_is_given(legs):
    score, column = np.array(legs).T
    probabilities = np.eye(5)[column]
    values = leg_metrics(score, predicted_score(probabilities), probabilities)
    undefined = {key for key, value in values.items() if math.isnan(value)}
    assert undefined == set(undefined_reasons(score, predicted_score(probabilities), probabilities))


def test_reasons_name_the_score_that_is_absent():
    score, probabilities = np.array([1, 1]), np.eye(5)[[1, 1]]
    reasons = undefined_reasons(score, np.array([1, 1]), probabilities)
    assert reasons["qwk"] == "rater and prediction are 1 for every leg"
    assert reasons["auroc_1"] == "every leg has score 1 or more"
    assert reasons["auroc_2"] == "no leg has score 2 or more"
    assert reasons["recall_3"] == "no leg has score 3"
    assert reasons["spearman"] == "the rater gave every leg a 1"


def test_macro_mae_counts_each_score_the_same():
    score = np.array([0, 0, 0, 0, 2])
    probabilities = np.eye(5)[[0, 0, 0, 0, 0]]
    values = leg_metrics(score, predicted_score(probabilities), probabilities)
    assert values["mae"] == pytest.approx(0.4)
    assert values["macro_mae"] == pytest.approx(1.0)
    assert values["within_1"] == pytest.approx(0.8)
    assert (values["recall_0"], values["recall_2"]) == (1.0, 0.0)


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
    assert list(leg_metrics(*random_case(0))) == [metric.key for metric in METRICS]


def test_no_leg_is_an_error():
    with pytest.raises(ValueError, match="no leg"):
        leg_metrics(np.array([], dtype=int), np.array([], dtype=int), np.empty((0, 5)))


@pytest.mark.parametrize("primary", [[], ["kappa"], "qwk"])
def test_primary_metrics_that_do_not_exist_are_refused(primary):
    with pytest.raises(ValueError, match=r"evaluation\.primary"):
        check_primary(primary)
