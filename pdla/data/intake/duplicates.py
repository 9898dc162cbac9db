"""Recordings that are there twice, under two names: copies, cut or with a little noise."""

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
MAX_SHIFT: Final = 0.02  # of the frame height, between the median poses of two copies
MAX_DISTANCE: Final = 0.01  # of the frame height, between joints of two copies at most times
MIN_OVERLAP: Final = 0.5  # of the shorter recording
MIN_CORRELATION: Final = 0.95  # of the heights of the feet; other takes of a person reach 0.8
MIN_MOVEMENT: Final = 0.004  # of the frame height; less is noise, then only equal joints count


def find_duplicates(entries: Sequence[VideoEntry]) -> list[tuple[VideoEntry, VideoEntry]]:
    """Find pairs of recordings of different patients that are one recording."""
    opened = [(entry, entry.stored) for entry in entries if entry.stored]
    poses = [_median_pose(stored.recording) for _, stored in opened]
    return [
        (opened[first][0], opened[second][0])
        for first, second in _near_pairs(poses)
        if opened[first][0].person != opened[second][0].person
        and (
            opened[first][1].sha256 == opened[second][1].sha256
            or is_copy(opened[first][1].recording, opened[second][1].recording)
        )
    ]


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


def is_copy(one: Recording, other: Recording) -> bool:
    """Whether two recordings show the same movement at the same place, perhaps cut."""
    if one.frame_size != other.frame_size:
        return False
    height = one.frame_size[0]
    first, second = (recording.keypoints[:, _LOWER, :2] for recording in (one, other))
    lag = _best_lag(_heights(first), _heights(second))
    start, end = max(lag, 0), min(len(first), len(second) + lag)
    if end - start < MIN_OVERLAP * min(len(first), len(second)):
        return False
    first, second = first[start:end], second[start - lag : end - lag]
    distance = np.linalg.norm(first - second, axis=-1)
    if not np.isfinite(distance).any():
        return False
    if np.nanpercentile(distance, 90) > MAX_DISTANCE * height:
        return False
    a, b = _heights(first), _heights(second)
    if min(a.std(), b.std()) < MIN_MOVEMENT * height:
        return bool(np.nanmedian(distance) < 0.5)
    return bool(np.corrcoef(a, b)[0, 1] >= MIN_CORRELATION)


def _median_pose(recording: Recording) -> NDArray[np.float64]:
    """(2 J,) median place of the lower joints over the frame height; 0 where never seen."""
    frames = recording.keypoints[:: max(1, recording.n_frames // 50), _LOWER, :2]
    seen = np.isfinite(frames)
    # The median of the seen values, by sorting NaN to the end; np.nanmedian is slower by far.
    ordered = np.sort(frames, axis=0)
    middle = np.maximum(seen.sum(axis=0) - 1, 0) // 2
    pose = np.take_along_axis(ordered, middle[None], axis=0)[0]
    return np.asarray(np.nan_to_num(pose / recording.frame_size[0]).ravel(), dtype=np.float64)


def _near_pairs(poses: Sequence[NDArray[np.float64]]) -> Iterator[tuple[int, int]]:
    from scipy.spatial import KDTree

    if len(poses) < 2:
        return
    pairs = KDTree(np.stack(poses)).query_pairs(MAX_SHIFT, p=np.inf)
    yield from sorted(pairs)


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
