"""The metrics of METRICS for thousands of weightings of the same patients at once.

A weight of 1 for everybody gives the metric itself, 0 for one patient the jackknife, and how often
a patient was drawn the bootstrap. One implementation for all of them, equal to `leg_metrics`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdla.data.recordings import N_SCORES, SCORES
from pdla.evaluation.metrics import (
    CALIBRATION_BINS,
    METRIC_OF,
    THRESHOLDS,
    calibration_bins,
    ranked_probability_losses,
    reach_probability,
    rounded_expected,
)
from pdla.evaluation.predictions import predicted_of, probabilities_of, ratings_of, scores_of

MAX_CELLS = 4_000_000  # of one array of weightings x legs: 32 MB

Values = NDArray[np.float64]
_STEPS = np.abs(np.subtract.outer(np.arange(N_SCORES), np.arange(N_SCORES)))


@dataclass(frozen=True)
class Legs:
    """Predictions of n legs of P patients.

    Attributes:
        score: (n,) the rater's 0-4.
        predicted: (n,) 0-4.
        probabilities: (n, 5).
        rating: (n,) mean of the raters; the score where there is no fraction.
        patient: (n,) number of the patient, 0 to P - 1.
        n_patients: P; some may have no leg here.
    """

    score: NDArray[np.int64]
    predicted: NDArray[np.int64]
    probabilities: Values
    rating: Values
    patient: NDArray[np.int64]
    n_patients: int

    @cached_property
    def confusion_cells(self) -> Values:
        """(n, 25), 1 in the cell of the confusion matrix to which a leg belongs."""
        cells: Values = np.eye(N_SCORES**2)[self.score * N_SCORES + self.predicted]
        return cells

    def sum_by_patient(self, values: Values) -> Values:
        """Sums (P, k) over the legs of each patient of values (n, k)."""
        sums = np.zeros((self.n_patients, values.shape[1]))
        np.add.at(sums, self.patient, values)
        return sums


def number_patients(tables: Sequence[pd.DataFrame]) -> list[Legs]:
    """Legs of several tables of predictions, with patients numbered alike in all of them.

    Where tables have the column `place` (of a leg in the label sheet), patients are numbered in its
    order: then pseudonyms, which differ between machines, do not change what is drawn.
    """
    patients = pd.Index(_number_order(tables))
    return [
        Legs(
            score=scores_of(table),
            predicted=predicted_of(table),
            probabilities=probabilities_of(table),
            rating=ratings_of(table),
            patient=patients.get_indexer(pd.Index(table["patient"])).astype(np.int64),
            n_patients=len(patients),
        )
        for table in tables
    ]


def _number_order(tables: Sequence[pd.DataFrame]) -> list[str]:
    if all("place" in table for table in tables):
        first: dict[str, int] = {}
        for table in tables:
            for patient, place in zip(table["patient"], table["place"], strict=True):
                first[patient] = min(place, first.get(patient, place))
        return sorted(first, key=lambda patient: first[patient])
    return sorted({name for table in tables for name in table["patient"]})


def weighted_metrics(
    legs: Legs, weights: Values, keys: Collection[str] = tuple(METRIC_OF)
) -> dict[str, Values]:
    """Metrics of legs under W weightings of the patients.

    Args:
        legs: n legs of P patients.
        weights: (W, P), not negative.
        keys: Metrics wanted.

    Returns:
        Metric key to (W,); NaN where a metric is undefined.
    """
    rows = max(1, MAX_CELLS // max(1, len(legs.score)))
    parts = [
        _metrics_of_part(legs, weights[start : start + rows], keys)
        for start in range(0, len(weights), rows)
    ]
    return {key: np.concatenate([part[key] for part in parts]) for key in keys}


def _metrics_of_part(legs: Legs, weights: Values, keys: Collection[str]) -> dict[str, Values]:
    """As `weighted_metrics`, for not too many; what is summed is summed by patient first."""
    with np.errstate(invalid="ignore", divide="ignore"):
        cells = weights @ legs.sum_by_patient(legs.confusion_cells)
        values = _confusion_metrics(cells.reshape(-1, N_SCORES, N_SCORES))
        total = cells.sum(axis=1)
        if "rps" in keys:
            losses = ranked_probability_losses(legs.score, legs.probabilities)
            values["rps"] = (weights @ legs.sum_by_patient(losses[:, None]))[:, 0] / total
        if "spearman" in keys:
            values["spearman"] = _weighted_spearman(legs, weights)
        if not {"pearson", "icc"}.isdisjoint(keys):
            values |= _weighted_correlations(legs, weights)
        if not {"slope", "intercept", "bias"}.isdisjoint(keys):
            values |= _weighted_calibration(legs, weights)
        for k in THRESHOLDS:
            reached = reach_probability(legs.probabilities, k)
            if f"auroc_{k}" in keys:
                values[f"auroc_{k}"] = _weighted_auroc(legs, reached, legs.score >= k, weights)
            if f"ece_{k}" in keys:
                values[f"ece_{k}"] = _calibration_error(legs, reached, legs.score >= k, weights)
    return values


def _confusion_metrics(confusion: Values) -> dict[str, Values]:
    """Metrics of confusion matrices (W, 5, 5), rows the rater's score, columns the prediction."""
    total = confusion.sum(axis=(1, 2))
    by_score, by_prediction = confusion.sum(axis=2), confusion.sum(axis=1)
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    expected = by_score[:, :, None] * by_prediction[:, None, :] / total[:, None, None]
    disagreement = (confusion * _STEPS**2).sum(axis=(1, 2))
    recall = hits / by_score
    return {
        "qwk": 1 - disagreement / (expected * _STEPS**2).sum(axis=(1, 2)),
        "macro_mae": _mean_of_defined((confusion * _STEPS).sum(axis=2) / by_score),
        "mae": (confusion * _STEPS).sum(axis=(1, 2)) / total,
        "accuracy": hits.sum(axis=1) / total,
        "within_1": (confusion * (_STEPS <= 1)).sum(axis=(1, 2)) / total,
        "balanced_accuracy": _mean_of_defined(recall),
        "macro_f1": _mean_of_defined(2 * hits / (by_score + by_prediction)),
        **{f"recall_{score}": recall[:, score] for score in SCORES},
    }


def _mean_of_defined(values: Values) -> Values:
    """Mean over the last axis of (..., k), without the NaN; NaN where all are."""
    is_defined = np.isfinite(values)
    mean: Values = np.where(is_defined, values, 0.0).sum(axis=-1) / is_defined.sum(axis=-1)
    return mean


def mean_of_defined(values: Sequence[Values]) -> Values:
    """Mean of equally long arrays, place by place, without the NaN; NaN where all are."""
    with np.errstate(invalid="ignore"):
        return _mean_of_defined(np.stack(values, axis=-1))


def _weighted_spearman(legs: Legs, weights: Values) -> Values:
    """Pearson correlation of mean ranks, in which a leg of weight 2 stands twice."""
    score = _mean_ranks(legs, legs.score.astype(np.float64), weights)
    expected = _mean_ranks(legs, rounded_expected(legs.probabilities), weights)
    by_leg = weights[:, legs.patient]
    total = by_leg.sum(axis=1, keepdims=True)
    score -= (by_leg * score).sum(axis=1, keepdims=True) / total
    expected -= (by_leg * expected).sum(axis=1, keepdims=True) / total
    product = (by_leg * score * expected).sum(axis=1)
    spread = (by_leg * score**2).sum(axis=1) * (by_leg * expected**2).sum(axis=1)
    correlation: Values = np.where(spread > 1e-9, product / np.sqrt(spread), np.nan)
    return correlation


def _mean_ranks(legs: Legs, values: Values, weights: Values) -> Values:
    """Mean rank (W, n) of each value (n,), but for a constant."""
    return _weight_below(values, values, weights[:, legs.patient])


def _weight_below(values: Values, others: Values, weights: Values) -> Values:
    """Weight (W, n) of the others (m,) below each value (n,), ties half; weights (W, m)."""
    order = np.argsort(others, kind="stable")
    up_to = np.zeros((len(weights), len(others) + 1))
    np.cumsum(weights[:, order], axis=1, out=up_to[:, 1:])
    first, last = (np.searchsorted(others[order], values, side) for side in ("left", "right"))
    below: Values = (up_to[:, first] + up_to[:, last]) / 2
    return below


def _weighted_auroc(
    legs: Legs, reached: Values, is_reached: NDArray[np.bool_], weights: Values
) -> Values:
    """Weight of the pairs in the right order, ties half, over that of all pairs."""
    low, high = (weights[:, legs.patient[chosen]] for chosen in (~is_reached, is_reached))
    below = _weight_below(reached[is_reached], reached[~is_reached], low)
    auroc: Values = (high * below).sum(axis=1) / (low.sum(axis=1) * high.sum(axis=1))
    return auroc


def _weighted_correlations(legs: Legs, weights: Values) -> dict[str, Values]:
    """Pearson's and the intraclass correlation, ICC(2,1) of two raters, from moments."""
    one, other = rounded_expected(legs.probabilities), legs.rating
    moments = np.stack([np.ones_like(one), one, other, one**2, other**2, one * other], axis=1)
    sums = weights @ legs.sum_by_patient(moments)
    n = sums[:, 0]
    mean_one, mean_other, square_one, square_other, product = (sums[:, 1:] / sums[:, :1]).T
    var_one, var_other = square_one - mean_one**2, square_other - mean_other**2
    covariance = product - mean_one * mean_other
    is_known = np.minimum(var_one, var_other) > 1e-12
    pearson = np.where(is_known, covariance / np.sqrt(var_one * var_other), np.nan)
    legs_square = n / (n - 1) * (var_one + var_other + 2 * covariance) / 2
    error = n / (n - 1) * (var_one + var_other - 2 * covariance) / 2
    raters_square = n * (mean_one - mean_other) ** 2 / 2
    spread = legs_square + error + raters_square * 2 / n - error * 2 / n
    icc = np.where(spread > 1e-12, (legs_square - error) / spread, np.nan)
    return {"pearson": pearson, "icc": icc}


def _weighted_calibration(legs: Legs, weights: Values) -> dict[str, Values]:
    """Regression of the rater's score on the expected score, and the mean error."""
    expected, score = rounded_expected(legs.probabilities), legs.score.astype(np.float64)
    ones = np.ones_like(expected)
    moments = np.stack([ones, expected, score, expected**2, expected * score], axis=1)
    sums = weights @ legs.sum_by_patient(moments)
    mean_expected, mean_score, square, product = (sums[:, 1:] / sums[:, :1]).T
    variance = square - mean_expected**2
    covariance = product - mean_expected * mean_score
    slope = np.where(variance > 1e-12, covariance / variance, np.nan)
    intercept = mean_score - slope * mean_expected
    return {"slope": slope, "intercept": intercept, "bias": mean_expected - mean_score}


def _calibration_error(
    legs: Legs, reached: Values, is_reached: NDArray[np.bool_], weights: Values
) -> Values:
    """Debiased calibration error; a bin of weight 1 or less is not debiased."""
    in_bin = np.eye(CALIBRATION_BINS + 1)[calibration_bins(reached)]
    parts = [in_bin, in_bin * reached[:, None], in_bin * is_reached[:, None]]
    n, said, seen = (weights @ legs.sum_by_patient(part) for part in parts)
    frequency = seen / n
    by_chance = np.where(n > 1, frequency * (1 - frequency) / (n - 1), 0.0)
    squares = n * (((said - seen) / n) ** 2 - by_chance)
    mean = np.where(n > 0, squares, 0.0).sum(axis=1) / n.sum(axis=1)
    error: Values = np.sqrt(np.maximum(mean, 0.0))
    return error
