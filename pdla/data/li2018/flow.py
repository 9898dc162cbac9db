"""The toe-tapping trials: optical flow around each ankle, with ratings of item 3.7."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.li2018.files import (
    TOE_TAPPING,
    PublishedFile,
    TrialKey,
    parse_trial_key,
    read_published,
    read_ratings,
    read_subjects,
    trial_order,
)
from pdla.data.li2018.problems import TrialProblem, problem_of
from pdla.data.reasons import Reason
from pdla.data.signals import LegSignal
from pdla.data.skeletons import LEGS, Leg

# The data set gives no times; the paper's videos have 30 frames a second.
FPS: Final = 30.0
MIN_SECONDS: Final = (
    1.0  # shorter flow holds no two taps; the shortest that was published has 1.8 s
)


@dataclass(frozen=True)
class ToeTapping:
    """All legs of the toe-tapping file that can be used, and what is wrong with the others.

    Attributes:
        signals: By trial number, left before right; rated or not.
        problems: What was left out, and what to know.
        n_trials: Entries in the file.
    """

    signals: tuple[LegSignal, ...]
    problems: tuple[TrialProblem, ...]
    n_trials: int

    @property
    def rated(self) -> list[LegSignal]:
        """Signals with a rating."""
        return [signal for signal in self.signals if signal.rating is not None]


def read_toe_tapping(root: Path, fps: float = FPS) -> ToeTapping:
    """Read the flow of each leg with its subject and the mean rating of item 3.7.

    Args:
        root: Folder with the published files.
        fps: Frames a second of the videos.

    Raises:
        FileNotFoundError: If a file is missing; the line names the places that have it.
        ValueError: If a file is not as published.
    """
    entries = read_published(root, PublishedFile.FLOW)
    subjects = read_subjects(root)
    ratings = read_ratings(root, TOE_TAPPING)
    parsed = [(name, parse_trial_key(name)) for name in entries]
    problems = [
        TrialProblem(f"entry {name!r}", Reason.NO_TRIAL) for name, key in parsed if key is None
    ]
    keys = sorted(
        [(name, key) for name, key in parsed if key is not None],
        key=lambda item: trial_order(item[1]),
    )
    numbers = [key.number for _, key in keys]
    signals: list[LegSignal] = []
    for name, key in keys:
        found = _check_trial(key, numbers, subjects, ratings)
        problems += found
        if any(problem.is_fatal for problem in found):
            continue
        for leg in LEGS:
            flow = _read_flow(entries[name], leg, key, fps)
            if isinstance(flow, TrialProblem):
                problems.append(flow)
                continue
            rating = ratings.get(key.number, {}).get(leg)
            signals.append(LegSignal(str(key), leg, flow, fps, subjects[key.number], rating))
    problems += [
        problem_of(TrialKey(number), Reason.NO_TRAJECTORY)
        for number in sorted(ratings, key=int)
        if number not in set(numbers)
    ]
    return ToeTapping(tuple(signals), tuple(problems), len(entries))


def _check_trial(
    key: TrialKey,
    numbers: Sequence[str],
    subjects: Mapping[str, str],
    ratings: Mapping[str, Mapping[Leg, float | None]],
) -> list[TrialProblem]:
    """What is wrong with a trial, whatever its flow is."""
    problems = [problem_of(key, Reason.NOTED)] if key.note else []
    if numbers.count(key.number) > 1:
        problems.append(problem_of(key, Reason.SECOND_ENTRY))
    if key.number not in subjects:
        problems.append(problem_of(key, Reason.NO_SUBJECT))
    rated = ratings.get(key.number, {})
    unrated: list[Leg | None] = [leg for leg in LEGS if rated.get(leg) is None]
    if len(unrated) == len(LEGS):
        unrated = [None]
    return [*problems, *(problem_of(key, Reason.NO_RATING, leg) for leg in unrated)]


def _read_flow(
    entry: Any, leg: Leg, key: TrialKey, fps: float
) -> NDArray[np.float64] | TrialProblem:
    """(3, T) total, horizontal and vertical flow of one ankle, or what is wrong with it."""
    signals = entry.get(f"{leg}ank") if isinstance(entry, Mapping) else None
    try:
        flow = np.asarray([] if signals is None else signals, dtype=np.float64)
    except (TypeError, ValueError):
        return problem_of(key, Reason.BAD_FLOW, leg)
    if flow.size == 0:
        return problem_of(key, Reason.EMPTY_FLOW, leg)
    if flow.ndim != 2 or flow.shape[0] != 3 or not np.isfinite(flow).all():
        return problem_of(key, Reason.BAD_FLOW, leg, f"shape {flow.shape}")
    if flow.shape[1] < MIN_SECONDS * fps:
        return problem_of(key, Reason.SHORT_FLOW, leg, f"{flow.shape[1] / fps:.1f} s")
    return flow
