"""What the legs that a model has learnt from look like: the yardstick of a new leg's quantities."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from pdla.data.quantities import FORMATS, KINEMATICS, TITLES
from pdla.data.recordings import SCORES

LOW, HIGH = 0.05, 0.95  # nine legs in ten lie between
MIN_LEGS: Final = 3  # fewer of a score say nothing of it
# Quantities that a rater judges by, in the words of MDS-UPDRS 3.8, for a small and a large value.
WORDS: Final = {
    "taps_per_s": ("slow", "fast"),
    "amplitude": ("low lifts", "high lifts"),
    "amplitude_first_over_last": ("lifts that grow", "lifts that get lower towards the end"),
    "amplitude_cv": ("even lifts", "lifts of uneven height"),
    "cycle_cv": ("an even rhythm", "an uneven rhythm"),
    "opening_speed": ("slow lifting", "quick lifting"),
    "n_hesitations": ("no hesitations", "hesitations"),
    "n_arrests": ("no arrests", "arrests"),
    "longest_arrest_s": ("no long arrest", "a long arrest"),
}


@dataclass(frozen=True)
class QuantityRange:
    """One quantity of the training legs.

    Attributes:
        low: 5th percentile.
        middle: Median.
        high: 95th percentile.
        by_score: Median of the legs of each score; None where there are fewer than three.
    """

    low: float
    middle: float
    high: float
    by_score: tuple[float | None, ...]


TrainingLegs = Mapping[str, QuantityRange]


def describe_training(legs: pd.DataFrame) -> dict[str, QuantityRange]:
    """Ranges of all quantities that were measured in rated legs.

    Args:
        legs: A row a leg with score and the columns of KINEMATICS; tables of earlier versions may
            lack some.
    """
    found = {}
    for name in KINEMATICS:
        if name not in legs or not legs[name].notna().any():
            continue
        low, middle, high = (float(legs[name].quantile(q)) for q in (LOW, 0.5, HIGH))
        by_score = []
        for score in SCORES:
            values = legs.loc[legs["score"] == score, name].dropna()
            by_score.append(float(values.median()) if len(values) >= MIN_LEGS else None)
        found[name] = QuantityRange(low, middle, high, tuple(by_score))
    return found


def training_to_json(training: TrainingLegs) -> dict[str, Any]:
    """Plain values that `training_from_json` takes back."""
    return {name: asdict(one) for name, one in training.items()}


def training_from_json(values: Mapping[str, Any]) -> dict[str, QuantityRange]:
    """The ranges that `training_to_json` wrote."""
    return {
        name: QuantityRange(one["low"], one["middle"], one["high"], tuple(one["by_score"]))
        for name, one in values.items()
    }


def say_why(leg: Mapping[str, float], training: TrainingLegs, most: int = 4) -> list[str]:
    """What stands out in a leg, in words and numbers, the most unusual first.

    This describes the leg; it is not what a network has computed.

    Args:
        leg: Quantities by name; NaN where they were not measured.
        training: What the model has learnt from.
        most: At most so many.
    """
    found = []
    for name, (small, large) in WORDS.items():
        value, usual = leg.get(name, np.nan), training.get(name)
        if usual is None or value is None or not np.isfinite(value):
            continue
        spread = max(usual.high - usual.low, 1e-9)
        away = (value - usual.middle) / spread
        if abs(away) < 0.2:
            continue
        written = FORMATS[name]
        text = (
            f"{small if away < 0 else large}: {TITLES[name]} {written.format(value)}, median of "
            f"the training legs {written.format(usual.middle)}"
        )
        if (score := _nearest_score(value, usual.by_score)) is not None:
            text += f"; most like score {score}"
        found.append((abs(away), text))
    return [text for _, text in sorted(found, reverse=True)[:most]]


def _nearest_score(value: float, by_score: Sequence[float | None]) -> int | None:
    """Score whose median is nearest; None where medians do not tell scores apart."""
    known = {score: median for score, median in enumerate(by_score) if median is not None}
    if len(set(known.values())) < 2:
        return None
    return min(known, key=lambda score: abs(known[score] - value))
