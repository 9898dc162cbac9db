"""How sure are we: bootstrap over patients, for legs and visits of a patient go together.

A study may score every leg several times: once for each repeat of the split and each seed. Such
passes are averaged, never pooled: a patient is drawn with all passes, so more seeds do not make an
interval narrower than the number of patients allows.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from pdla.evaluation.metrics import METRIC_OF
from pdla.evaluation.weighted import Legs, mean_of_defined, number_patients, weighted_metrics

N_DRAWS: Final = 2000
LEVEL: Final = 0.95
POWER: Final = 0.80
MIN_PATIENTS: Final = 5  # fewer cannot stand for others, whatever is drawn from them

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A metric, or a difference of one, with its 95% interval.

    Attributes:
        value: NaN where it is undefined.
        low: Lower end; NaN where the value was undefined in most draws.
        high: Upper end; NaN likewise.
        error: Standard error, the SD of the draws; NaN likewise.
        p_value: Two-sided, of 0: one minus the level of the interval that just leaves out 0, so
            that it is below 0.05 where the interval leaves out 0; where no draw reaches 0, the tail
            of Student's t beyond value / error if that is smaller; NaN likewise. It means something
            for differences only.
        n_patients: Patients that were drawn from.
    """

    value: float
    low: float
    high: float
    error: float = np.nan
    p_value: float = np.nan
    n_patients: int = 0

    @property
    def detectable(self) -> float:
        """Smallest true difference that these patients show in 80% of studies, two-sided 5%.

        Cohen 1988: the sum of the two quantiles (Student's, for few patients) times the standard
        error. A larger difference that is there would have been found more often than not.
        """
        if self.n_patients < MIN_PATIENTS:
            return np.nan
        quantiles = stdtrit(self.n_patients - 1, [(1 + LEVEL) / 2, POWER])
        return float(quantiles.sum() * self.error)


@dataclass(frozen=True)
class Draws:
    """Metrics of a scorer for all patients, then for each bootstrap draw of them.

    Attributes:
        passes: For each pass, metric key to (1 + D,) values; NaN where undefined.
        n_patients: Number of patients that were drawn from.
    """

    passes: Sequence[Mapping[str, Values]]
    n_patients: int

    def mean(self, key: str) -> Values:
        """A metric, mean over the passes, (1 + D,)."""
        return mean_of_defined([values[key] for values in self.passes])

    def estimates(self, keys: Collection[str]) -> dict[str, Estimate]:
        """Each metric with its interval."""
        return {key: self._interval(self.mean(key)) for key in keys}

    def differences(self, other: "Draws", keys: Collection[str]) -> dict[str, Estimate]:
        """Each metric minus that of another scorer, of which the same patients were drawn."""
        return {key: self._interval(self.mean(key) - other.mean(key)) for key in keys}

    def _interval(self, values: Values) -> Estimate:
        return percentile_interval(float(values[0]), values[1:], self.n_patients)


def estimate_metrics(
    passes: Sequence[pd.DataFrame],
    keys: Collection[str] = tuple(METRIC_OF),
    n_draws: int = N_DRAWS,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Metrics with their intervals over patients.

    Args:
        passes: Tables of predictions of the same patients, a row a leg.
        keys: Metrics wanted.
        n_draws: Bootstrap draws.
        seed: Seed of the draws.

    Returns:
        Metric key to estimate, see `percentile_interval`.
    """
    return draw_metrics(passes, keys, n_draws, seed).estimates(keys)


def estimate_differences(
    passes: Sequence[pd.DataFrame],
    others: Sequence[pd.DataFrame],
    keys: Collection[str] = tuple(METRIC_OF),
    n_draws: int = N_DRAWS,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Metrics of one scorer minus those of another, the same patients drawn for both.

    Args:
        passes: As for `estimate_metrics`.
        others: Predictions of the other scorer for the same legs.
        keys: Metrics wanted.
        n_draws: Bootstrap draws.
        seed: Seed of the draws.
    """
    legs = number_patients([*passes, *others])
    one = _draw(legs[: len(passes)], keys, n_draws, seed)
    two = _draw(legs[len(passes) :], keys, n_draws, seed)
    return one.differences(two, keys)


def draw_metrics(
    passes: Sequence[pd.DataFrame],
    keys: Collection[str] = tuple(METRIC_OF),
    n_draws: int = N_DRAWS,
    seed: int = 0,
) -> Draws:
    """Draw the patients of a scorer once, for its intervals and for its differences to others.

    Args:
        passes: As for `estimate_metrics`.
        keys: Metrics wanted.
        n_draws: Bootstrap draws.
        seed: Seed of the draws.
    """
    return _draw(number_patients(passes), keys, n_draws, seed)


def _draw(legs: Sequence[Legs], keys: Collection[str], n_draws: int, seed: int) -> Draws:
    weights = _weightings(legs[0].n_patients, n_draws, seed)
    found = [weighted_metrics(one_pass, weights, keys) for one_pass in legs]
    return Draws(found, legs[0].n_patients)


@cache
def _weightings(n_patients: int, n_draws: int, seed: int) -> Values:
    """(1 + D, P): everybody once, then patients drawn with replacement."""
    shares = np.full(n_patients, 1 / n_patients)
    drawn = np.random.default_rng(seed).multinomial(n_patients, shares, size=n_draws)
    return np.vstack([np.ones((1, n_patients)), drawn])


def percentile_interval(value: float, draws: Values, n_patients: int) -> Estimate:
    """The expanded percentile interval of Hesterberg 2015, The American Statistician 69:371.

    The plain one is too narrow in small samples, as a normal quantile is beside Student's; its
    levels are moved outwards to make up for that. In 300 simulated studies of 33 patients it held
    the true kappa in 93%, the true macro-MAE in 94% and their differences in 90 to 91%; the plain
    one in 92, 93 and 89%, BCa in 91, 88 and 86 to 89%.

    Args:
        value: The statistic of all patients.
        draws: (D,) the statistic of each draw; NaN where undefined, which is left out.
        n_patients: Number of patients that were drawn from; one patient has no interval.
    """
    known = draws[np.isfinite(draws)]
    if not np.isfinite(value) or len(known) < len(draws) / 2 or n_patients < MIN_PATIENTS:
        return Estimate(value, np.nan, np.nan)
    widening = np.sqrt(n_patients / (n_patients - 1))
    tail = float(ndtr(stdtrit(n_patients - 1, (1 - LEVEL) / 2) * widening))
    low, high = np.quantile(known, [tail, 1 - tail])
    # The interval read backwards; one draw is added, so that few draws never give a p of 0.
    beyond = (min((known <= 0).sum(), (known >= 0).sum()) + 1) / (len(known) + 1)
    p_value = min(1.0, 2 * float(stdtr(n_patients - 1, ndtri(beyond) / widening)))
    error = float(known.std(ddof=1))
    if error > 0 and ((known > 0).all() or (known < 0).all()):  # the draws resolve no smaller p
        p_value = min(p_value, 2 * float(stdtr(n_patients - 1, -abs(value) / error)))
    return Estimate(value, float(low), float(high), error, p_value, n_patients)


def adjust_holm(p_values: Sequence[float]) -> list[float]:
    """P values corrected for their number (Holm 1979, Scandinavian Journal of Statistics 6:65).

    Args:
        p_values: Of one family of comparisons; NaN where there is none, which does not count.
    """
    values = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(len(values), np.nan)
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(values[known], kind="stable")]
    steps = values[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return [float(value) for value in adjusted]
