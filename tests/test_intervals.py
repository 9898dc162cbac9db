"""Intervals over patients."""

import numpy as np
import pandas as pd
import pytest

from pdla.evaluation.intervals import confusion_metrics, patient_bootstrap
from pdla.evaluation.metrics import leg_metrics


def table_of(score, predicted, patients):
    return pd.DataFrame({"patient": patients, "score": score, "predicted": predicted})


def test_metrics_of_a_confusion_matrix_equal_metrics_of_the_legs():
    generator = np.random.default_rng(0)
    score, predicted = generator.integers(0, 4, 50), generator.integers(0, 5, 50)
    confusion = np.zeros((1, 5, 5))
    np.add.at(confusion[0], (score, predicted), 1)
    expected = leg_metrics(score, predicted, np.eye(5)[predicted])
    for name, values in confusion_metrics(confusion).items():
        assert values[0] == pytest.approx(expected[name], abs=1e-6), name


def test_repeated_visits_do_not_make_the_interval_narrower():
    generator = np.random.default_rng(1)
    score, predicted = generator.integers(0, 3, 30), generator.integers(0, 3, 30)
    patients = np.arange(30)
    once = patient_bootstrap(table_of(score, predicted, patients))["mae"]
    visits = patient_bootstrap(
        table_of(np.tile(score, 4), np.tile(predicted, 4), np.tile(patients, 4))
    )
    assert visits["mae"].high - visits["mae"].low == pytest.approx(once.high - once.low, rel=0.02)


def test_the_interval_holds_the_value_and_follows_the_seed():
    score = np.array([0, 1, 2, 1, 0, 2] * 5)
    table = table_of(score, np.roll(score, 1), np.repeat(np.arange(10), 3))
    interval = patient_bootstrap(table, seed=3)["mae"]
    assert interval.low <= np.abs(score - np.roll(score, 1)).mean() <= interval.high
    assert patient_bootstrap(table, seed=3)["mae"] == interval


def test_an_undefined_metric_has_no_interval():
    score = np.ones(6, dtype=int)
    assert np.isnan(patient_bootstrap(table_of(score, score, np.arange(6)))["qwk"].low)
