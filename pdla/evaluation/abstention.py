"""When nothing is said of a leg: the same rules in `pdla check`, `score` and `evaluate`.

A score of a leg that did not do the task, or that is unlike every leg a model has learnt from, is
worse than none. Rules on the recording alone come first (no tap, too few taps, a person who stands,
walks or moves neither leg); with runs also the range of their training legs, and how far they
disagree. A leg without a score has the reason instead.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdla.data.kinematics.quantities import leg_kinematics
from pdla.data.progress import track
from pdla.data.quantities import KINEMATICS, LegKinematics
from pdla.data.reasons import OTHER_TASK, Finding, Reason
from pdla.data.recordings import Cohort, Exclusion, LegSample
from pdla.data.skeletons import as_leg
from pdla.evaluation.predictions import LEG_KEY, LegKey

# The task asks for ten taps; simulated legs do 8 to 13. Of 248 simulated legs as in a clinic, 0.4%
# have fewer than 5 that can be found; of 248 with all scores equally often 6.5%, nearly all of
# score 3 or 4.
MIN_TAPS: Final = 5
# Share of validation legs that stay within the range; the limit is their quantile.
COVERAGE: Final = 0.98
# Points, SD of the expected score between runs; raters who watch the same video differ by 0.65.
MAX_DISAGREEMENT: Final = 0.65


@dataclass(frozen=True)
class TrainingRange:
    """How far the quantities of a leg may be from those of the training legs.

    Attributes:
        scale: (F,) median size of each quantity, the unit of its logarithm.
        middle: (F,) of the logarithms.
        spread: (F,) of the logarithms.
        limit: Largest distance of any quantity, in SDs; infinite if there were too few validation
            legs to choose it for the stated coverage.
    """

    scale: NDArray[np.float64]
    middle: NDArray[np.float64]
    spread: NDArray[np.float64]
    limit: float

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` takes back."""
        limit = self.limit if np.isfinite(self.limit) else None
        parts = {name: getattr(self, name).tolist() for name in ("scale", "middle", "spread")}
        return {"quantities": list(KINEMATICS), **parts, "limit": limit}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "TrainingRange":
        """The range that `to_json` wrote.

        Raises:
            ValueError: If it is of other quantities than this version measures.
        """
        if list(values["quantities"]) != list(KINEMATICS):
            raise ValueError("made by a pdla that measures other quantities; export it again")
        scale, middle, spread = (
            np.asarray(values[name], np.float64) for name in ("scale", "middle", "spread")
        )
        limit = float("inf") if values["limit"] is None else float(values["limit"])
        return cls(scale, middle, spread, limit)

    def distances(self, legs: pd.DataFrame) -> NDArray[np.float64]:
        """(n, F) of legs in SDs of the training legs; 0 where a quantity is missing."""
        logs = _logs(_values(legs), self.scale)
        return np.asarray(np.nan_to_num(np.abs(logs - self.middle) / self.spread))

    def outside(self, measured: LegKinematics) -> str | None:
        """Name of the quantity that is furthest out, or None if all are within the limit."""
        distance = self.distances(pd.DataFrame([measured.as_row()]))[0]
        worst = int(np.argmax(distance))
        return KINEMATICS[worst] if distance[worst] > self.limit else None


def learn_ranges(
    folds: Sequence[tuple[pd.DataFrame, pd.DataFrame]], coverage: float = COVERAGE
) -> list[TrainingRange]:
    """Learn the range of each fold's training legs, with one limit chosen on all validation legs.

    Args:
        folds: Training and validation legs of each fold, with the columns of KINEMATICS.
        coverage: The limit is the split-conformal quantile of the validation legs' distances: a
            further leg of the same kind is within it with at least this probability.
    """
    ranges = [_measure_range(training) for training, _ in folds]
    distances = [
        one.distances(validation).max(axis=1)
        for one, (_, validation) in zip(ranges, folds, strict=True)
    ]
    pooled = np.sort(np.concatenate(distances)) if distances else np.empty(0)
    rank = int(np.ceil(coverage * (len(pooled) + 1)))
    limit = float(pooled[rank - 1]) if rank <= len(pooled) else float("inf")
    return [replace(one, limit=limit) for one in ranges]


def _measure_range(training: pd.DataFrame) -> TrainingRange:
    values = _values(training)
    size = _nan_median(np.abs(values))
    scale = np.where(size > 0, size, 1.0)
    logs = _logs(values, scale)
    middle = _nan_median(logs)
    n_known = np.maximum(np.isfinite(logs).sum(axis=0), 1)
    spread = np.sqrt(np.nansum((logs - middle) ** 2, axis=0) / n_known)
    return TrainingRange(scale, middle, np.where(spread > 1e-3, spread, 1.0), float("inf"))


def find_abstention(sample: LegSample, ranges: Sequence[TrainingRange] = ()) -> Finding | None:
    """Why no score is given for a usable leg, or None.

    Args:
        sample: The leg, with what the quality check has found.
        ranges: Of the runs that would score it; a leg must be outside of all of them.
    """
    for finding in sample.warnings:
        if finding.reason in OTHER_TASK:
            return finding
    measured = leg_kinematics(sample.recording, sample.leg)
    if measured.n_taps == 0:
        return Finding(Reason.NO_TAPS)
    if measured.n_taps < MIN_TAPS:
        return Finding(Reason.TOO_FEW_TAPS, f"{measured.n_taps} found")
    outside = [one.outside(measured) for one in ranges]
    if ranges and all(outside):
        return Finding(Reason.OUT_OF_RANGE, f"{outside[0]}")
    return None


def withhold(cohort: Cohort, ranges: Sequence[TrainingRange] = ()) -> Cohort:
    """The cohort without the legs for which no score is given; they become exclusions."""
    samples, exclusions = [], list(cohort.exclusions)
    for sample in track(cohort.samples, "Looking for the task", total=len(cohort.samples)):
        if (why := find_abstention(sample, ranges)) is None:
            samples.append(sample)
            continue
        exclusions.append(Exclusion(sample.recording.video_id, sample.leg, why.reason, why.detail))
    return replace(cohort, samples=tuple(samples), exclusions=tuple(exclusions))


def disagreements(predictions: pd.DataFrame) -> set[LegKey]:
    """Legs on whose expected score the runs of one model disagree more than raters do.

    Args:
        predictions: Of all its runs, a row a leg and run.
    """
    spread = predictions.groupby(LEG_KEY)["expected_score"].std()
    return set(spread.index[spread > MAX_DISAGREEMENT])


def leave_out(cohort: Cohort, legs: Collection[LegKey], reason: Reason) -> Cohort:
    """The cohort without some legs; they become exclusions."""
    kept = [one for one in cohort.samples if (one.recording.video_id, one.leg) not in legs]
    excluded = [Exclusion(video, as_leg(leg), reason) for video, leg in sorted(legs)]
    return replace(cohort, samples=tuple(kept), exclusions=(*cohort.exclusions, *excluded))


def _values(legs: pd.DataFrame) -> NDArray[np.float64]:
    """(n, F); tables of earlier versions may lack a quantity."""
    return legs.reindex(columns=list(KINEMATICS)).to_numpy(dtype=np.float64)


def _logs(values: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.sign(values) * np.log1p(np.abs(values) / scale))


def _nan_median(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(F,) of (n, F); 0 for a column without a value."""
    is_empty = ~np.isfinite(values).any(axis=0)
    return np.asarray(np.nanmedian(np.where(is_empty, 0.0, values), axis=0))
