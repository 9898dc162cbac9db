"""Recordings that are there twice, under two names.

A copy is known when it was cut, mirrored, scaled, written at another frame rate, or has a little
noise; any of these together, too. One that was cropped, or played at another speed and cut, is not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.intake.entries import VideoEntry
from pdla.data.recordings import Recording
from pdla.data.skeletons import JOINT

_LOWER: Final = [
    JOINT[f"{leg}{part}"] for leg in "LR" for part in ("Hip", "Knee", "Ankle", "BigToe")
]
_LOWER_MIRRORED: Final = [
    JOINT[f"{leg}{part}"] for leg in "RL" for part in ("Hip", "Knee", "Ankle", "BigToe")
]
_RATES: Final = np.asarray([10.0, 12.5, 15.0, 20.0, 24.0, 25.0, 30.0, 50.0, 60.0, 120.0, 240.0])
_USUAL_RATIOS: Final = np.unique(_RATES / _RATES[:, None])
MAX_LENGTH_DIFFERENCE: Final = 0.015  # of a copy at another rate that nobody knows
MAX_SHAPE_DIFFERENCE: Final = 0.02  # of width over height
MAX_RATE_RATIO: Final = 8.0  # 240 against 30 frames a second
MAX_SHIFT: Final = 0.02  # of the frame height, between the median poses of two copies
MAX_DISTANCE: Final = 0.01  # of the frame height, between joints of two copies at most times
MIN_OVERLAP: Final = 0.5  # of the shorter recording
MIN_CORRELATION: Final = 0.95  # of the heights of the feet; other takes of a person reach 0.8
MIN_MOVEMENT: Final = 0.004  # of the frame height; less is noise, then only equal joints count


def find_duplicates(entries: Sequence[VideoEntry]) -> list[tuple[VideoEntry, VideoEntry]]:
    """Find pairs of recordings of different patients that are one recording."""
    opened = [(entry, entry.stored) for entry in entries if entry.stored]
    found = set()
    for first, second, is_mirrored in _near_pairs([stored.recording for _, stored in opened]):
        (one, one_stored), (other, other_stored) = opened[first], opened[second]
        if one.person != other.person and (
            one_stored.sha256 == other_stored.sha256
            or is_copy(one_stored.recording, other_stored.recording, is_mirrored)
        ):
            found.add((first, second))
    return [(opened[first][0], opened[second][0]) for first, second in sorted(found)]


def merge_duplicates(
    entries: Sequence[VideoEntry], pairs: Sequence[tuple[VideoEntry, VideoEntry]]
) -> list[VideoEntry]:
    """Take the patients of both recordings of each pair as one person."""
    same: dict[int, int] = {}

    def first_of(number: int) -> int:
        while number in same:
            number = same[number]
        return number

    for one, other in pairs:
        low, high = sorted((first_of(one.person.number), first_of(other.person.number)))
        if low != high:
            same[high] = low
    of_number: Mapping[int, VideoEntry] = {
        entry.person.number: entry for entry in reversed(entries)
    }
    return [
        replace(
            entry,
            person=of_number[first_of(entry.person.number)].person,
            patient=of_number[first_of(entry.person.number)].patient,
        )
        for entry in entries
    ]


def is_copy(one: Recording, other: Recording, is_mirrored: bool = False) -> bool:
    """Whether two recordings show the same movement at the same place of the picture.

    Args:
        one: Any recording.
        other: Perhaps a copy: cut, scaled, with noise, or at another frame rate. Where the rates do
            not tell how the frames of both belong together, both may be of the same length.
        is_mirrored: Whether the other shows the picture mirrored.
    """
    shapes = [recording.frame_size[1] / recording.frame_size[0] for recording in (one, other)]
    if abs(shapes[0] / shapes[1] - 1) > MAX_SHAPE_DIFFERENCE:
        return False
    first, second = _lower_joints(one), _lower_joints(other, is_mirrored)
    by_length = len(second) / len(first)
    is_usual = np.abs(_USUAL_RATIOS / by_length - 1).min() < MAX_LENGTH_DIFFERENCE
    rates = {round(other.fps / one.fps, 3), round(by_length, 3) if is_usual else 1.0}
    return any(
        _is_same_movement(*_at_one_rate(first, second, rate), 0.5 / one.frame_size[0])
        for rate in rates
        if 1 / MAX_RATE_RATIO <= rate <= MAX_RATE_RATIO
    )


def _is_same_movement(
    first: NDArray[np.float32], second: NDArray[np.float32], max_still: float
) -> bool:
    """Of (T, J, 2) at one rate in frame heights; who does not move must be equal to `max_still`."""
    a, b = _heights(first), _heights(second)
    lag = _best_lag(a, b)
    start, end = max(lag, 0), min(len(first), len(second) + lag)
    if end - start < MIN_OVERLAP * min(len(first), len(second)):
        return False
    a, b = a[start:end], b[start - lag : end - lag]
    moves = min(a.std(), b.std()) >= MIN_MOVEMENT
    if moves and np.corrcoef(a, b)[0, 1] < MIN_CORRELATION:
        return False  # nearly all pairs end here, before every joint is looked at
    distance = np.linalg.norm(first[start:end] - second[start - lag : end - lag], axis=-1)
    if not np.isfinite(distance).any() or np.nanpercentile(distance, 90) > MAX_DISTANCE:
        return False
    return bool(moves or np.nanmedian(distance) < max_still)


def _lower_joints(recording: Recording, is_mirrored: bool = False) -> NDArray[np.float32]:
    """(T, J, 2) places of hips and legs over the frame height; NaN where unseen."""
    height, width = recording.frame_size
    if not is_mirrored:
        return np.asarray(recording.keypoints[:, _LOWER, :2] / np.float32(height))
    mirrored = recording.keypoints[:, _LOWER_MIRRORED, :2].copy()
    mirrored[..., 0] = width - mirrored[..., 0]
    return np.asarray(mirrored / np.float32(height))


def _at_one_rate(
    first: NDArray[np.float32], second: NDArray[np.float32], rate: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Both at the lower rate; the second has `rate` frames for each frame of the first."""
    if abs(rate - 1) * max(len(first), len(second)) < 1:
        return first, second
    if rate < 1:
        return _thin_out(first, 1 / rate), second
    return first, _thin_out(second, rate)


def _thin_out(points: NDArray[np.float32], step: float) -> NDArray[np.float32]:
    """Every `step`-th frame of (T, J, 2), between two frames in a straight line."""
    at = np.arange(0, len(points) - 1, step)
    before = at.astype(np.int64)
    share = (at - before).astype(np.float32)[:, None, None]
    return np.asarray(points[before] * (1 - share) + points[before + 1] * share)


def _median_pose(recording: Recording) -> NDArray[np.float64]:
    """(J, 2) median place of hips and legs over the frame height; 0 where never seen."""
    frames = recording.keypoints[:: max(1, recording.n_frames // 50), _LOWER, :2]
    seen = np.isfinite(frames)
    # The median of the seen values, by sorting NaN to the end; np.nanmedian is slower by far.
    ordered = np.sort(frames, axis=0)
    middle = np.maximum(seen.sum(axis=0) - 1, 0) // 2
    pose = np.take_along_axis(ordered, middle[None], axis=0)[0]
    return np.asarray(np.nan_to_num(pose / recording.frame_size[0]), dtype=np.float64)


def _mirror(pose: NDArray[np.float64], recording: Recording) -> NDArray[np.float64]:
    """The median pose of the mirrored picture."""
    height, width = recording.frame_size
    mirrored = pose[[_LOWER.index(joint) for joint in _LOWER_MIRRORED]]
    is_seen = mirrored.any(axis=1)
    mirrored[is_seen, 0] = width / height - mirrored[is_seen, 0]
    return mirrored


def _near_pairs(recordings: Sequence[Recording]) -> Iterator[tuple[int, int, bool]]:
    """Pairs with nearly the same median pose, and whether the second was mirrored for it."""
    from scipy.spatial import KDTree

    if len(recordings) < 2:
        return
    poses = [_median_pose(one) for one in recordings]
    tree = KDTree(np.stack([pose.ravel() for pose in poses]))
    yield from ((*pair, False) for pair in sorted(tree.query_pairs(MAX_SHIFT, p=np.inf)))
    mirrored = np.stack(
        [_mirror(pose, one).ravel() for pose, one in zip(poses, recordings, strict=True)]
    )
    near = tree.query_ball_tree(KDTree(mirrored), MAX_SHIFT, p=np.inf)
    yield from (
        (first, second, True)
        for first, others in enumerate(near)
        for second in sorted(others)
        if first < second
    )


def _heights(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """(T,) mean height of the lower joints; joints that are not seen do not count."""
    seen = np.isfinite(points[..., 1])
    total = np.where(seen, points[..., 1], 0).sum(axis=1, dtype=np.float64)
    count = seen.sum(axis=1)
    mean = total.sum() / max(count.sum(), 1)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), mean))


def _best_lag(first: NDArray[np.float64], second: NDArray[np.float64]) -> int:
    """Frames by which the second begins after the first, by cross-correlation."""
    from scipy.signal import correlate

    found = correlate(first - first.mean(), second - second.mean(), method="fft")
    return int(found.argmax()) - (len(second) - 1)
