"""One trial of the leg-agility file: stretches of joints, and the frames they belong to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.li2018.files import TrialKey
from pdla.data.li2018.problems import TrialProblem, problem_of
from pdla.data.reasons import Reason
from pdla.data.skeletons import JOINT, LEGS, Leg

Values = NDArray[np.float64]
Frames = NDArray[np.int64]

# Convolutional Pose Machines in BODY_25. `head` is the crown, which BODY_25 does not have.
UPPER_JOINTS: Final = {
    "face": "Nose", "neck": "Neck",
    "Lsho": "LShoulder", "Lelb": "LElbow", "Lwri": "LWrist",
    "Rsho": "RShoulder", "Relb": "RElbow", "Rwri": "RWrist",
}  # fmt: skip
UNUSED_JOINTS: Final = ("head",)
LEG_PARTS: Final = {"hip": "Hip", "kne": "Knee", "ank": "Ankle"}
STATES: Final = {"act": True, "rst": False}

StretchKey = tuple[Leg, bool]  # leg, and whether it does the task


@dataclass(frozen=True)
class TrialStretches:
    """What the file holds of one trial.

    Attributes:
        key: The trial.
        upper: BODY_25 joint to (n, 3) of x px, y px, confidence, all of one length.
        legs: Stretches by leg and state, (n, 3 joints, 3): hip, knee, ankle.
        frames: Frames of the video of a stretch, where `idx` says so.
        upper_frames: Frames of the upper body, where `idx` says so.
        problems: What is wrong.
    """

    key: TrialKey
    upper: Mapping[int, Values]
    legs: Mapping[StretchKey, Values]
    frames: Mapping[StretchKey, Frames] = field(default_factory=dict)
    upper_frames: Frames | None = None
    problems: tuple[TrialProblem, ...] = ()

    @property
    def n_upper(self) -> int:
        """Frames of the upper body."""
        return max((len(values) for values in self.upper.values()), default=0)


class _Problems(list[TrialProblem]):
    """Problems of one trial, as they are found."""

    def __init__(self, key: TrialKey) -> None:
        super().__init__()
        self._key = key

    def note(self, reason: Reason, leg: Leg | None = None, detail: str = "") -> None:
        """Add one."""
        self.append(problem_of(self._key, reason, leg, detail))


def read_stretches(key: TrialKey, entry: Any) -> TrialStretches:
    """Read an entry of the file; what is wrong with it ends in `problems`."""
    problems = _Problems(key)
    position = entry.get("position") if isinstance(entry, Mapping) else None
    if not isinstance(position, Mapping) or not position:
        problems.note(Reason.NOT_AS_PUBLISHED, detail="no `position`")
        return TrialStretches(key, {}, {}, problems=tuple(problems))
    resp = entry.get("resp")
    resp = resp if isinstance(resp, Mapping) else {}
    if key.note:
        problems.note(Reason.NOTED)
    unknown = sorted(name for name in position if not _is_known(name))
    if unknown:
        problems.note(Reason.UNKNOWN_JOINT, detail=", ".join(unknown))
    upper = _read_upper(position, resp, problems)
    legs = _read_legs(position, resp, problems)
    frames, upper_frames = _read_index(entry.get("idx"), upper, legs, problems)
    return TrialStretches(key, upper, legs, frames, upper_frames, tuple(problems))


def split_leg_joint(name: str) -> tuple[StretchKey, str] | None:
    """`Lank_act` as ((L, True), ank); None for another name."""
    joint, _, state = name.partition("_")
    if joint[:1] in LEGS and joint[1:] in LEG_PARTS and state in STATES:
        return (joint[:1], STATES[state]), joint[1:]  # type: ignore[return-value]
    return None


def _is_known(name: str) -> bool:
    return name in UPPER_JOINTS or name in UNUSED_JOINTS or split_leg_joint(name) is not None


def _read_upper(
    position: Mapping[str, Any], resp: Mapping[str, Any], problems: _Problems
) -> dict[int, Values]:
    """Joints of the upper body whose length is the commonest one."""
    read = {
        name: _read_joint(position[name], resp.get(name))
        for name in UPPER_JOINTS
        if name in position
    }
    lengths = [len(values) for values in read.values() if values is not None]
    usual = max(set(lengths), key=lambda length: (lengths.count(length), length), default=0)
    others = [name for name, values in read.items() if values is None or len(values) != usual]
    if others:
        problems.note(Reason.UPPER_BODY_LEFT_OUT, detail=", ".join(others))
    return {
        JOINT[UPPER_JOINTS[name]]: values
        for name, values in read.items()
        if values is not None and len(values) == usual and usual > 0
    }


def _read_legs(
    position: Mapping[str, Any], resp: Mapping[str, Any], problems: _Problems
) -> dict[StretchKey, Values]:
    """Stretches with hip, knee and ankle of one length."""
    legs: dict[StretchKey, Values] = {}
    for leg in LEGS:
        for state, is_active in STATES.items():
            names = [f"{leg}{part}_{state}" for part in LEG_PARTS]
            there = [name for name in names if name in position]
            joints = [_read_joint(position[name], resp.get(name)) for name in there]
            lengths = [-1 if values is None else len(values) for values in joints]
            if is_active and (len(there) < len(names) or max(lengths, default=0) == 0):
                missing = ", ".join(sorted(set(names) - set(there))) or "no frames"
                problems.note(Reason.NO_STRETCH, leg, missing)
            elif len(set(lengths)) > 1 or -1 in lengths:
                detail = ", ".join(
                    f"{name} {length if length >= 0 else 'unreadable'}"
                    for name, length in zip(there, lengths, strict=True)
                )
                reason = Reason.UNEQUAL_LENGTHS if is_active else Reason.REST_LEFT_OUT
                problems.note(reason, leg, detail)
            elif len(there) == len(names) and lengths[0] > 0:
                legs[leg, is_active] = np.stack([v for v in joints if v is not None], axis=1)
    return legs


def _read_joint(position: Any, resp: Any) -> Values | None:
    """(n, 3) of x, y, confidence; unseen is NaN, NaN, 0. None if the shapes do not fit."""
    try:
        xy = np.asarray(position, dtype=np.float64)
        confidence = np.asarray(resp, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError):
        return None
    if xy.size == 0:
        return np.empty((0, 3))
    if xy.ndim != 2 or xy.shape[1] != 2 or len(confidence) != len(xy):
        return None
    is_seen = np.isfinite(xy).all(axis=1) & (xy != 0).any(axis=1) & (confidence > 0)
    seen = np.column_stack([xy, np.clip(confidence, 0.0, 1.0)])
    seen[~is_seen] = np.nan, np.nan, 0.0
    return seen


def _read_index(
    idx: Any,
    upper: Mapping[int, Values],
    legs: Mapping[StretchKey, Values],
    problems: _Problems,
) -> tuple[dict[StretchKey, Frames], Frames | None]:
    """Frames of each stretch and of the upper body, as far as `idx` says and they fit."""
    n_upper = max((len(values) for values in upper.values()), default=0)
    frames: dict[StretchKey, Frames] = {}
    upper_frames = None
    for name, numbers in _index_parts(idx):
        counted = _frame_numbers(numbers)
        place = _index_place(name)
        wanted = n_upper if place is None else len(legs.get(place, ()))
        if place is not None and place not in legs:
            continue  # that stretch was left out already
        if counted is None or len(counted) != wanted:
            length = "no rising whole numbers" if counted is None else f"{len(counted)} frames"
            leg = place[0] if place else None
            detail = f"{name or 'idx'} has {length}, the joints have {wanted}"
            problems.note(Reason.BAD_INDEX, leg, detail)
        elif place is None:
            upper_frames = counted
        elif place in frames and not np.array_equal(frames[place], counted):
            problems.note(Reason.BAD_INDEX, place[0], f"{name} differs from another joint's")
        else:
            frames[place] = counted
    return frames, upper_frames


def _index_parts(idx: Any) -> list[tuple[str, Any]]:
    """Named parts of `idx`; a plain list counts the frames of the upper body."""
    if idx is None:
        return []
    if isinstance(idx, Mapping):
        return [(str(name), numbers) for name, numbers in idx.items()]
    if isinstance(idx, Sequence) and idx and all(isinstance(part, Sequence) for part in idx):
        return [("", [number for part in idx for number in part])]
    return [("", idx)]


def _index_place(name: str) -> StretchKey | None:
    """Stretch that a part of `idx` counts, by joint, or by side and state; None: upper body."""
    if (joint := split_leg_joint(name)) is not None:
        return joint[0]
    words = name.lower()
    side: Leg | None = "L" if words.startswith("l") else "R" if words.startswith("r") else None
    if side is None or name in UPPER_JOINTS:
        return None
    return side, not ("rst" in words or "rest" in words)


def _frame_numbers(numbers: Any) -> Frames | None:
    """Rising whole numbers, or None."""
    try:
        values = np.asarray(numbers, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError):
        return None
    whole = np.isfinite(values).all() and bool((values == np.round(values)).all())
    if not whole or (np.diff(values) <= 0).any() or (np.abs(values) > 2**40).any():
        return None
    return values.astype(np.int64)
