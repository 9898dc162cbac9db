"""How sure are we: bootstrap over patients, for legs and visits of a patient go together."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdla.data.recordings import N_SCORES

N_DRAWS = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A 95% interval; NaN where the metric was undefined in most draws."""

    low: float
    high: float


def patient_bootstrap(table: pd.DataFrame, seed: int = 0) -> dict[str, Interval]:
    """Percentile intervals of metrics over 2,000 draws of patients with replacement.

    Args:
        table: Predictions, a row a leg, with columns patient, score, predicted.
        seed: Seed of the draws.

    Returns:
        Metric key to interval, for the metrics that follow from a confusion matrix. A draw in which
        a metric is undefined is left out of its interval.
    """
    codes, patients = pd.factorize(table["patient"])
    confusions = np.zeros((len(patients), N_SCORES, N_SCORES))
    np.add.at(confusions, (codes, table["score"].to_numpy(), table["predicted"].to_numpy()), 1)
    generator = np.random.default_rng(seed)
    shares = np.full(len(patients), 1 / len(patients))
    weights = generator.multinomial(len(patients), shares, size=N_DRAWS)
    drawn = np.tensordot(weights, confusions, axes=1)
    return {name: _interval(values) for name, values in confusion_metrics(drawn).items()}


def confusion_metrics(confusion: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Metrics of many confusion matrices at once.

    Args:
        confusion: (N, 5, 5) counts, rows the rater's score, columns the prediction.

    Returns:
        Metric key to (N,); NaN where undefined. The same numbers as `leg_metrics` gives.
    """
    steps = np.abs(np.subtract.outer(np.arange(N_SCORES), np.arange(N_SCORES)))
    total = confusion.sum(axis=(1, 2))
    by_score = confusion.sum(axis=2)
    by_prediction = confusion.sum(axis=1)
    expected = by_score[:, :, None] * by_prediction[:, None, :] / total[:, None, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        recall = np.diagonal(confusion, axis1=1, axis2=2) / by_score
        errors = (confusion * steps).sum(axis=2) / by_score
        disagreement = (confusion * steps**2).sum(axis=(1, 2))
        qwk = 1 - disagreement / (expected * steps**2).sum(axis=(1, 2))
    return {
        "qwk": qwk,
        "mae": (confusion * steps).sum(axis=(1, 2)) / total,
        "macro_mae": np.nanmean(errors, axis=1),
        "balanced_accuracy": np.nanmean(recall, axis=1),
        "within_1": (confusion * (steps <= 1)).sum(axis=(1, 2)) / total,
        "accuracy": (confusion * (steps == 0)).sum(axis=(1, 2)) / total,
    }


def _interval(values: NDArray[np.float64]) -> Interval:
    defined = values[np.isfinite(values)]
    if len(defined) < len(values) / 2:
        return Interval(np.nan, np.nan)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(float(low), float(high))
