"""Leg-agility trials as keypoints in BODY_25: both legs' bouts on one time line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.li2018.files import (
    LEG_AGILITY,
    PublishedFile,
    TrialKey,
    parse_trial_key,
    read_published,
    read_ratings,
    read_subjects,
    trial_order,
)
from pdla.data.li2018.problems import TrialProblem, problem_of
from pdla.data.li2018.stretches import (
    LEG_PARTS,
    Frames,
    TrialStretches,
    Values,
    read_stretches,
)
from pdla.data.reasons import Reason
from pdla.data.skeletons import JOINT, LEGS, N_JOINTS, Leg

MAX_GAP_FRAMES: Final = 300  # ten seconds at 30 fps; a longer hole in a bout is no bout


@dataclass(frozen=True)
class AgilityTrial:
    """One trial of the leg-agility task.

    Attributes:
        key: Number and note.
        subject: Who, or empty if the files do not say.
        ratings: Mean of the raters, 0 to 4, of each leg; None if unrated.
        keypoints: (T, 25, 3) float32 of x px, y px, confidence in BODY_25; NaN, NaN, 0 where
            unseen. The frames between the two bouts, which are not published, are left out.
        bouts: First and last frame + 1 of each leg's active stretch.
        problems: What is wrong; legs with a fatal problem, or all if it names no leg, are unusable.
    """

    key: TrialKey
    subject: str
    ratings: Mapping[Leg, float | None]
    keypoints: NDArray[np.float32] | None = None
    bouts: Mapping[Leg, tuple[int, int]] = field(default_factory=dict)
    problems: tuple[TrialProblem, ...] = ()

    def fatal_problem(self, leg: Leg | None) -> TrialProblem | None:
        """Why a leg, or with None the whole trial, is left out."""
        fatal = (problem for problem in self.problems if problem.is_fatal)
        return next((problem for problem in fatal if problem.leg == leg), None)


@dataclass(frozen=True)
class AgilityTrials:
    """All trials of the file.

    Attributes:
        trials: By number.
        frame_size: (H, W) px as far as joints reach in any trial; the files do not say.
        problems: Of entries and ratings that belong to no trial.
    """

    trials: tuple[AgilityTrial, ...]
    frame_size: tuple[int, int]
    problems: tuple[TrialProblem, ...]


def read_trajectories(root: Path) -> AgilityTrials:
    """Read the leg-agility trials with their subjects and ratings of item 3.8.

    Raises:
        FileNotFoundError: If a file is missing; the line names the places that have it.
        ValueError: If a file is not as published.
    """
    entries = read_published(root, PublishedFile.TRAJECTORIES)
    subjects = read_subjects(root)
    ratings = read_ratings(root, LEG_AGILITY)
    keys, problems = _keys(entries)
    trials = [
        _read_trial(key, entries[name], subjects.get(key.number, ""), ratings.get(key.number, {}))
        for name, key in keys
    ]
    numbers = {trial.key.number for trial in trials}
    problems += [
        problem_of(TrialKey(number), Reason.NO_TRAJECTORY)
        for number in sorted(ratings, key=int)
        if number not in numbers
    ]
    return AgilityTrials(tuple(_mark_doubles(trials)), _frame_size(trials), tuple(problems))


def _keys(entries: Mapping[str, Any]) -> tuple[list[tuple[str, TrialKey]], list[TrialProblem]]:
    """Trials in order of their numbers, and entries that are none."""
    parsed = [(name, parse_trial_key(name)) for name in entries]
    problems = [
        TrialProblem(f"entry {name!r}", Reason.NO_TRIAL) for name, key in parsed if key is None
    ]
    keys = [(name, key) for name, key in parsed if key is not None]
    return sorted(keys, key=lambda item: trial_order(item[1])), problems


def _read_trial(
    key: TrialKey, entry: Any, subject: str, ratings: Mapping[Leg, float | None]
) -> AgilityTrial:
    stretches = read_stretches(key, entry)
    problems = list(stretches.problems)
    if not subject:
        problems.append(problem_of(key, Reason.NO_SUBJECT))
    rated = {leg: ratings.get(leg) for leg in LEGS}
    unrated: list[Leg | None] = [leg for leg in LEGS if rated[leg] is None]
    if len(unrated) == len(LEGS):
        unrated = [None]
    problems += [problem_of(key, Reason.NO_RATING, leg) for leg in unrated]
    keypoints, bouts, found = _place(stretches)
    return AgilityTrial(key, subject, rated, keypoints, bouts, (*problems, *found))


def _mark_doubles(trials: Sequence[AgilityTrial]) -> list[AgilityTrial]:
    """Of several entries with one number none is taken: which one was rated cannot be told."""
    numbers = [trial.key.number for trial in trials]
    return [
        trial
        if numbers.count(trial.key.number) == 1
        else AgilityTrial(
            trial.key, trial.subject, trial.ratings,
            problems=(*trial.problems, problem_of(trial.key, Reason.SECOND_ENTRY)),
        )
        for trial in trials
    ]  # fmt: skip


def _place(
    stretches: TrialStretches,
) -> tuple[NDArray[np.float32] | None, dict[Leg, tuple[int, int]], list[TrialProblem]]:
    """Put all stretches on one time line of frames."""
    active = [leg for leg in LEGS if (leg, True) in stretches.legs]
    if not active:
        return None, {}, []
    problems: list[TrialProblem] = []
    numbers = _active_frames(stretches, active)
    is_ordered = numbers is not None
    if numbers is None:
        numbers = _one_after_another(stretches, active)
        problems.append(problem_of(stretches.key, Reason.ORDER_UNKNOWN))
    problems += _check_gaps(stretches.key, numbers)
    if any(problem.is_fatal for problem in problems):
        return None, {}, problems
    line = _TimeLine(numbers)
    keypoints = np.full((line.n_frames, N_JOINTS, 3), np.nan)
    keypoints[..., 2] = 0.0
    for leg in active:
        _put_leg(keypoints, leg, line.rows(numbers[leg]), stretches.legs[leg, True])
    problems += _put_rest(keypoints, line, stretches, numbers, is_ordered)
    _put_upper(keypoints, line, stretches, numbers, is_ordered)
    _put_mid_hip(keypoints)
    return keypoints.astype(np.float32), line.bouts, problems


def _active_frames(stretches: TrialStretches, active: Sequence[Leg]) -> dict[Leg, Frames] | None:
    """Frames of each active stretch, told by `idx`; None if it does not say who came first.

    Either `idx` counts the stretches themselves, or it counts the upper body, which spans both: a
    single leg, or a pause between two stretches of fitting length, then tells them apart.
    """
    if all((leg, True) in stretches.frames for leg in active):
        told = {leg: stretches.frames[leg, True] for leg in active}
        first, *later = sorted(told.values(), key=lambda frames: int(frames[0]))
        return None if later and first[-1] >= later[0][0] else told
    upper = stretches.upper_frames
    lengths = {leg: len(stretches.legs[leg, True]) for leg in active}
    if upper is None or len(upper) != sum(lengths.values()):
        return None
    if len(active) == 1:
        return {active[0]: upper}
    pauses = set((np.flatnonzero(np.diff(upper) > 1) + 1).tolist())
    fitting = [leg for leg in active if lengths[leg] in pauses]
    if len(fitting) != 1:
        return None
    n_first = lengths[fitting[0]]
    return {leg: upper[:n_first] if leg == fitting[0] else upper[n_first:] for leg in active}


def _one_after_another(stretches: TrialStretches, active: Sequence[Leg]) -> dict[Leg, Frames]:
    """Frames for stretches whose order is unknown, left first: only to hold them apart."""
    numbers: dict[Leg, Frames] = {}
    start = 0
    for leg in active:
        own = stretches.frames.get((leg, True), np.arange(len(stretches.legs[leg, True])))
        numbers[leg] = own - own[0] + start
        start = int(numbers[leg][-1]) + 1
    return numbers


def _check_gaps(key: TrialKey, numbers: Mapping[Leg, Frames]) -> list[TrialProblem]:
    """Frames that are missing inside the stretches."""
    problems = []
    for leg, frames in numbers.items():
        if missing := int((np.diff(frames) - 1).sum()):
            is_bout = missing <= MAX_GAP_FRAMES
            reason = Reason.INDEX_GAP if is_bout else Reason.NO_BOUT
            problems.append(problem_of(key, reason, leg, f"{missing} frames are missing"))
    return problems


class _TimeLine:
    """Rows for the frames of the active stretches, without the pause between them."""

    def __init__(self, numbers: Mapping[Leg, Frames]) -> None:
        self.bouts: dict[Leg, tuple[int, int]] = {}
        self._starts: list[tuple[int, int, int]] = []  # first and last frame, row of the first
        self.n_frames = 0
        for leg, frames in sorted(numbers.items(), key=lambda item: int(item[1][0])):
            first, last = int(frames[0]), int(frames[-1])
            self._starts.append((first, last, self.n_frames))
            self.bouts[leg] = (self.n_frames, self.n_frames + last - first + 1)
            self.n_frames = self.bouts[leg][1]

    def rows(self, frames: Frames) -> NDArray[np.int64]:
        """Row of each frame; -1 for frames of the pause or outside."""
        rows = np.full(len(frames), -1)
        for first, last, row in self._starts:
            is_inside = (frames >= first) & (frames <= last)
            rows[is_inside] = frames[is_inside] - first + row
        return rows


def _put_rest(
    keypoints: Values,
    line: _TimeLine,
    stretches: TrialStretches,
    numbers: Mapping[Leg, Frames],
    is_ordered: bool,
) -> list[TrialProblem]:
    """A resting leg goes where `idx` says, else beside the other leg's bout if lengths agree."""
    problems = []
    for leg in LEGS:
        other: Leg = "R" if leg == "L" else "L"
        resting = stretches.legs.get((leg, False))
        if resting is None:
            continue
        own = stretches.frames.get((leg, False)) if is_ordered else None
        if own is None and other in numbers and len(resting) == len(numbers[other]):
            own = numbers[other]
        if own is None:
            detail = f"{len(resting)} frames"
            if other in numbers:
                detail += f" beside {len(numbers[other])} of the active leg"
            problems.append(problem_of(stretches.key, Reason.REST_LEFT_OUT, leg, detail))
        else:
            _put_leg(keypoints, leg, line.rows(own), resting, only_unseen=True)
    return problems


def _put_upper(
    keypoints: Values,
    line: _TimeLine,
    stretches: TrialStretches,
    numbers: Mapping[Leg, Frames],
    is_ordered: bool,
) -> None:
    """Joints of the upper body frame by frame, or held at their median where that is unknown."""
    frames = stretches.upper_frames
    if frames is None and is_ordered:
        spanned = np.sort(np.concatenate(list(numbers.values())))
        frames = spanned if len(spanned) == stretches.n_upper else None
    for joint, values in stretches.upper.items():
        if frames is not None and is_ordered:
            rows = line.rows(frames)
            keypoints[rows[rows >= 0], joint] = values[rows >= 0]
        elif np.isfinite(values).any():
            keypoints[:, joint] = np.nanmedian(values, axis=0)


def _put_leg(
    keypoints: Values,
    leg: Leg,
    rows: NDArray[np.int64],
    values: Values,
    only_unseen: bool = False,
) -> None:
    joints = [JOINT[f"{leg}{part}"] for part in LEG_PARTS.values()]
    is_kept = rows >= 0
    if only_unseen:
        safe = np.where(is_kept, rows, 0)
        is_kept &= ~np.isfinite(keypoints[safe][:, joints, 0]).any(axis=1)
    keypoints[rows[is_kept][:, None], joints] = values[is_kept]


def _put_mid_hip(keypoints: Values) -> None:
    """The middle of both hips, as BODY_25 has it, where both were seen."""
    hips = keypoints[:, [JOINT["LHip"], JOINT["RHip"]]]
    keypoints[:, JOINT["MidHip"]] = hips.mean(axis=1)
    keypoints[~np.isfinite(hips).all(axis=(1, 2)), JOINT["MidHip"]] = np.nan, np.nan, 0.0


def _frame_size(trials: Sequence[AgilityTrial]) -> tuple[int, int]:
    """(H, W) that holds every joint of every trial."""
    reach = np.ones(2)
    for trial in trials:
        if trial.keypoints is not None and np.isfinite(trial.keypoints[..., :2]).any():
            reach = np.maximum(reach, np.nanmax(trial.keypoints[..., :2], axis=(0, 1)))
    width, height = (int(np.ceil(value)) + 1 for value in reach)
    return height, width
