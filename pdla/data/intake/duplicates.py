"""Recordings that are there twice, under two names.

A copy is known when it was cut, mirrored, scaled, written at another frame rate, or has a little
noise; any of these together, too. One that was cropped, or played at another speed and cut, is not.

What was compared once is kept beside the store: opening it again looks at no keypoints.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Concatenate, Final, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from pdla.data.intake.entries import VideoEntry
from pdla.data.intake.known_copies import KnownCopies, recording_key
from pdla.data.intake.store import unload
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

_Float = TypeVar("_Float", np.float32, np.float64)
_Options = ParamSpec("_Options")


def find_duplicates(
    entries: Sequence[VideoEntry], known: KnownCopies
) -> tuple[list[tuple[VideoEntry, VideoEntry]], KnownCopies]:
    """Find pairs of recordings of different patients that are one recording.

    Args:
        entries: Videos of a cohort; those without keypoints do not count.
        known: What was found among recordings before; only new ones are looked at.

    Returns:
        The pairs in the order of the entries, and what is known now of the recordings of all
        entries.
    """
    opened: dict[str, list[int]] = {}
    recordings: dict[str, Recording] = {}
    for place, entry in enumerate(entries):
        if entry.stored:
            key = recording_key(entry.stored.recording)
            opened.setdefault(key, []).append(place)
            recordings.setdefault(key, entry.stored.recording)
    now = compare_recordings(recordings, known)
    pairs = {
        (min(one, other), max(one, other))
        for first, second in (*((key, key) for key in opened), *now.copies)
        for one in opened[first]
        for other in opened[second]
        if entries[one].person != entries[other].person
    }
    return [(entries[first], entries[second]) for first, second in sorted(pairs)], now


def compare_recordings(recordings: Mapping[str, Recording], known: KnownCopies) -> KnownCopies:
    """Compare the recordings that are not known with all others; those that are gone are dropped.

    Args:
        recordings: By `recording_key`.
        known: What was found before.
    """
    keys = list(recordings)
    poses = {
        key: known.poses.get(key) or tuple(_unloading(_median_pose, one).ravel().tolist())
        for key, one in recordings.items()
    }
    copies = {pair for pair in known.copies if recordings.keys() >= set(pair)}
    heights: dict[int, NDArray[np.float64]] = {}
    for first, second, is_mirrored in _near_pairs(
        np.asarray(list(poses.values())).reshape(-1, len(_LOWER), 2),
        [one.frame_size[1] / one.frame_size[0] for one in recordings.values()],
        np.asarray([key not in known.poses for key in keys]),
    ):
        one, other = recordings[keys[first]], recordings[keys[second]]
        for place, recording in ((first, one), (second, other)):
            if place not in heights:
                heights[place] = _unloading(_heights, recording)
        is_same = one.sha256 == other.sha256
        if is_same or _is_copy(one, other, heights[first], heights[second], is_mirrored):
            copies.add((keys[first], keys[second]))
    return KnownCopies(poses, frozenset(copies))


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
    return _is_copy(one, other, _heights(one), _heights(other), is_mirrored)


def _is_copy(
    one: Recording,
    other: Recording,
    one_heights: NDArray[np.float64],
    other_heights: NDArray[np.float64],
    is_mirrored: bool,
) -> bool:
    """See `is_copy`; with `_heights` of both."""
    shapes = [recording.frame_size[1] / recording.frame_size[0] for recording in (one, other)]
    if abs(shapes[0] / shapes[1] - 1) > MAX_SHAPE_DIFFERENCE:
        return False
    by_length = other.n_frames / one.n_frames
    is_usual = np.abs(_USUAL_RATIOS / by_length - 1).min() < MAX_LENGTH_DIFFERENCE
    for rate in {round(other.fps / one.fps, 3), round(by_length, 3) if is_usual else 1.0}:
        if not 1 / MAX_RATE_RATIO <= rate <= MAX_RATE_RATIO:
            continue
        a, b = _at_one_rate(one_heights, other_heights, rate)
        lag = _best_lag(a, b)
        start, end = max(lag, 0), min(len(a), len(b) + lag)
        if end - start < MIN_OVERLAP * min(len(a), len(b)):
            continue
        deviations = [np.std(a[start:end]), np.std(b[start - lag : end - lag])]
        moves = min(deviations) >= MIN_MOVEMENT
        if moves and _correlation(a[start:end], b[start - lag : end - lag]) < MIN_CORRELATION:
            continue  # nearly all pairs end here, before every joint is looked at
        joints = _unloading(_lower_joints, one), _unloading(_lower_joints, other, is_mirrored)
        first, second = _at_one_rate(*joints, rate)
        apart = np.linalg.norm(first[start:end] - second[start - lag : end - lag], axis=-1)
        if not np.isfinite(apart).any() or np.nanpercentile(apart, 90) > MAX_DISTANCE:
            continue
        # Of people who do not move, joints must be at the same pixel.
        if moves or np.nanmedian(apart) < 0.5 / one.frame_size[0]:
            return True
    return False


def _lower_joints(recording: Recording, is_mirrored: bool = False) -> NDArray[np.float32]:
    """(T, J, 2) places of hips and legs over the frame height; NaN where unseen."""
    height, width = recording.frame_size
    if not is_mirrored:
        return np.asarray(recording.keypoints[:, _LOWER, :2] / np.float32(height))
    mirrored = recording.keypoints[:, _LOWER_MIRRORED, :2].copy()
    mirrored[..., 0] = width - mirrored[..., 0]
    return np.asarray(mirrored / np.float32(height))


def _at_one_rate(
    first: NDArray[_Float], second: NDArray[_Float], rate: float
) -> tuple[NDArray[_Float], NDArray[_Float]]:
    """Both at the lower rate; the second has `rate` frames for each frame of the first."""
    if abs(rate - 1) * max(len(first), len(second)) < 1:
        return first, second
    if rate < 1:
        return _thin_out(first, 1 / rate), second
    return first, _thin_out(second, rate)


def _thin_out(values: NDArray[_Float], step: float) -> NDArray[_Float]:
    """Every `step`-th frame of (T, ...), between two frames in a straight line."""
    at = np.arange(0, len(values) - 1, step)
    before = at.astype(np.int64)
    share = (at - before).astype(values.dtype).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray(values[before] * (1 - share) + values[before + 1] * share)


def _unloading(
    measure: Callable[Concatenate[Recording, _Options], NDArray[_Float]],
    recording: Recording,
    *options: _Options.args,
    **named: _Options.kwargs,
) -> NDArray[_Float]:
    """A measure of a recording; its keypoints take no memory after that."""
    measured = measure(recording, *options, **named)
    unload(recording.keypoints)
    return measured


def _median_pose(recording: Recording) -> NDArray[np.float64]:
    """(J, 2) median place of hips and legs over the frame height; 0 where never seen."""
    frames = recording.keypoints[:: max(1, recording.n_frames // 50), _LOWER, :2]
    seen = np.isfinite(frames)
    # The median of the seen values, by sorting NaN to the end; np.nanmedian is slower by far.
    ordered = np.sort(frames, axis=0)
    middle = np.maximum(seen.sum(axis=0) - 1, 0) // 2
    pose = np.take_along_axis(ordered, middle[None], axis=0)[0]
    return np.asarray(np.nan_to_num(pose / recording.frame_size[0]), dtype=np.float64)


def _mirror(poses: NDArray[np.float64], shapes: Sequence[float]) -> NDArray[np.float64]:
    """Median poses (N, J, 2) of the mirrored pictures, whose width over height is `shapes`."""
    mirrored = poses[:, [_LOWER.index(joint) for joint in _LOWER_MIRRORED]]
    is_seen = mirrored.any(axis=2)
    mirrored[..., 0] = np.where(
        is_seen, np.asarray(shapes)[:, None] - mirrored[..., 0], mirrored[..., 0]
    )
    return mirrored


def _near_pairs(
    poses: NDArray[np.float64], shapes: Sequence[float], is_new: NDArray[np.bool_]
) -> Iterator[tuple[int, int, bool]]:
    """Pairs of which one is new, and whether the second is mirrored.

    Their median poses (N, J, 2), one of them mirrored or not, are nearly the same.
    """
    if len(poses) < 2 or not is_new.any():
        return
    from scipy.spatial import KDTree

    (new,) = is_new.nonzero()
    tree = KDTree(poses.reshape(len(poses), -1))
    for is_mirrored, asked in ((False, poses), (True, _mirror(poses, shapes))):
        near = tree.query_ball_point(asked[new].reshape(len(new), -1), MAX_SHIFT, p=np.inf)
        pairs = {
            (min(one, int(other)), max(one, int(other)))
            for one, others in zip(new.tolist(), near, strict=True)
            for other in others
            if one != other
        }
        yield from ((*pair, is_mirrored) for pair in sorted(pairs))


def _heights(recording: Recording) -> NDArray[np.float64]:
    """(T,) mean height of the lower joints over the frame height.

    Joints that are not seen do not count; frames without any have the mean of all frames.
    """
    heights = recording.keypoints[:, _LOWER, 1] / np.float32(recording.frame_size[0])
    seen = np.isfinite(heights)
    total = np.where(seen, heights, 0).sum(axis=1, dtype=np.float64)
    count = seen.sum(axis=1)
    mean = total.sum() / max(count.sum(), 1)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), mean))


def _best_lag(first: NDArray[np.float64], second: NDArray[np.float64]) -> int:
    """Frames by which the second begins after the first, by cross-correlation."""
    size = 1 << (len(first) + len(second) - 2).bit_length()
    spectra = [np.fft.rfft(values - values.mean(), size) for values in (first, second)]
    lag = int(np.fft.irfft(spectra[0] * spectra[1].conj(), size).argmax())
    return lag if lag < len(first) else lag - size


def _correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Pearson correlation of two series that move."""
    a, b = first - first.mean(), second - second.mean()
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))
