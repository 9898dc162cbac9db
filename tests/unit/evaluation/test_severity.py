"""Correlations and AUC of fractional ratings, against scikit-learn and scipy."""

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import roc_auc_score

from pdla.evaluation.severity import estimate_severity, severity_metrics

GENERATOR = np.random.default_rng(3)
RATING = GENERATOR.integers(0, 13, 60) / 3
SEVERITY = RATING + GENERATOR.normal(0, 1, 60)
PATIENTS = [f"P-{number % 9}" for number in range(60)]


def test_metrics_agree_with_scipy_and_scikit_learn():
    found = severity_metrics(RATING, SEVERITY, SEVERITY)
    assert found["pearson"] == pytest.approx(pearsonr(RATING, SEVERITY).statistic)
    assert found["spearman"] == pytest.approx(spearmanr(RATING, SEVERITY).statistic)
    assert found["auc_2"] == pytest.approx(roc_auc_score(RATING > 1.99, SEVERITY))
    assert found["auc_1"] == pytest.approx(roc_auc_score(RATING > 1.01, SEVERITY))


def test_a_third_of_a_point_is_counted_exactly():
    found = severity_metrics(np.array([5 / 3, 2.0, 2.0]), np.arange(3.0), np.arange(3.0))
    assert found["auc_2"] == 1.0


def test_one_rating_for_all_leaves_every_comparison_undefined():
    found = severity_metrics(np.full(5, 2.0), np.arange(5.0), np.arange(5.0))
    assert np.isnan(found["pearson"])
    assert np.isnan(found["auc_2"])


def test_intervals_are_over_patients_and_repeat_with_the_seed():
    one = estimate_severity(RATING, SEVERITY, SEVERITY, PATIENTS, n_draws=200)
    assert one == estimate_severity(RATING, SEVERITY, SEVERITY, PATIENTS, n_draws=200)
    assert one["pearson"].low < one["pearson"].value < one["pearson"].high
    doubled = estimate_severity(
        *(np.tile(values, 2) for values in (RATING, SEVERITY, SEVERITY)), PATIENTS * 2, n_draws=200
    )
    assert doubled["pearson"].low == pytest.approx(one["pearson"].low)
