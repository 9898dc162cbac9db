"""How well ratings with fractions are estimated: correlations, and the AUC of detection."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from pdla.evaluation.intervals import N_DRAWS, Estimate, percentile_interval

SEVERITY_METRICS: Final = ("pearson", "spearman", "mae", "auc_2", "auc_1")

Values = NDArray[np.float64]


def severity_metrics(rating: Values, severity: Values, detection: Values) -> dict[str, float]:
    """Metrics of n legs.

    Args:
        rating: (n,) mean of the raters, 0 to 4.
        severity: (n,) estimated rating.
        detection: (n,) what ranks legs for detection; usually the estimated rating.

    Returns:
        Pearson's and Spearman's correlation (ties at their mean rank), mean absolute error, and AUC
        for `rating >= 2` and `rating > 1`; NaN where undefined.
    """
    return {
        "pearson": _correlation(rating, severity),
        "spearman": _correlation(rankdata(rating), rankdata(severity)),
        "mae": float(np.abs(rating - severity).mean()),
        "auc_2": _auc(rating >= 2 - 1e-6, detection),
        "auc_1": _auc(rating > 1 + 1e-6, detection),
    }


def estimate_severity(
    rating: Values,
    severity: Values,
    detection: Values,
    patients: Sequence[str],
    n_draws: int = N_DRAWS,
    seed: int = 0,
) -> dict[str, Estimate]:
    """The metrics with 95% intervals: patients are drawn with replacement, with all their legs."""
    names, owner = np.unique(np.asarray(patients), return_inverse=True)
    legs = [np.flatnonzero(owner == number) for number in range(len(names))]
    generator = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {key: [] for key in SEVERITY_METRICS}
    for _ in range(n_draws):
        chosen = np.concatenate([legs[n] for n in generator.integers(0, len(legs), len(legs))])
        values = severity_metrics(rating[chosen], severity[chosen], detection[chosen])
        for key, value in values.items():
            drawn[key].append(value)
    whole = severity_metrics(rating, severity, detection)
    return {
        key: percentile_interval(whole[key], np.array(drawn[key]), len(names))
        for key in SEVERITY_METRICS
    }


def _correlation(one: Values, other: Values) -> float:
    spread = one.std() * other.std()
    if spread <= 1e-12:
        return float("nan")
    return float(((one - one.mean()) * (other - other.mean())).mean() / spread)


def _auc(is_positive: NDArray[np.bool_], value: Values) -> float:
    n_positive = int(is_positive.sum())
    n_negative = len(is_positive) - n_positive
    if not n_positive or not n_negative:
        return float("nan")
    ranks = rankdata(value)[is_positive].sum()
    return float((ranks - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))
