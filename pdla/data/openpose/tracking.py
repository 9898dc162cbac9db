"""Who is the patient: people are followed over time, then one is chosen for the whole video."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.kinematics.body_length import segment_lengths
from pdla.data.skeletons import BONES, JOINT

MIN_JOINTS: Final = 4  # fewer are a hand or a shadow, not a person
MAX_PATHS: Final = 300  # the longest ones; a clinic video has one to ten
# A body of 0.5 m trunk that moves a quarter of it between frames at 30 fps runs at 4 m/s; a seated
# person never does. Each frame in which nobody was seen adds a little.
MAX_STEP: Final = 0.25
MAX_STEP_PER_MISSED_FRAME: Final = 0.05
MAX_MISSED_FRAMES: Final = 30
# Two paths of one seated person lie within this many trunk lengths of each other.
MAX_DISTANCE_BETWEEN_PATHS: Final = 1.0
_TRUNK: Final = tuple(
    JOINT[name] for name in ("Neck", "RShoulder", "LShoulder", "MidHip", "RHip", "LHip")
)
_SEATED: Final = tuple(JOINT[name] for name in ("RHip", "LHip", "RKnee", "LKnee"))


@dataclass(frozen=True)
class PatientTrack:
    """The patient, frame by frame.

    Attributes:
        keypoints: (T, 25, 3) float32; NaN, NaN, 0 where a joint or the patient was not seen.
        has_others: (T,) whether somebody else was in the frame.
        rival: Weight of the most likely other person over that of the patient, 0 to 1; near 1 the
            choice was a guess.
    """

    keypoints: NDArray[np.float32]
    has_others: NDArray[np.bool_]
    rival: float


def follow_patient(
    people: NDArray[np.float32], frame: NDArray[np.int64], n_frames: int, frame_width: float
) -> PatientTrack:
    """Choose the patient among all people by continuity, size, position, confidence and posture.

    People are first linked into paths by how little they move between frames. The patient is the
    chain of paths at one place with the most weight, see `_weigh`.

    Args:
        people: (N, 25, 3) of x px, y px, confidence; unseen is NaN, NaN, 0.
        frame: (N,) frame of each person, ascending.
        n_frames: T.
        frame_width: In px.
    """
    is_person = np.isfinite(people[..., 0]).sum(axis=1) >= MIN_JOINTS
    people, frame = people[is_person], frame[is_person]
    keypoints = np.full((n_frames, *people.shape[1:]), np.nan, dtype=np.float32)
    keypoints[..., 2] = 0
    has_others = np.zeros(n_frames, dtype=np.bool_)
    if not len(people):
        return PatientTrack(keypoints, has_others, 0.0)
    centre, size = _place(people)
    path = _link(centre, size, frame)
    weights = _weigh(people, centre, size, path, frame_width)
    chains = _best_chains(frame, centre, size, path, weights)
    chosen = np.isin(path, chains[0])
    keypoints[frame[chosen]] = people[chosen]
    has_others[frame[~chosen]] = True
    return PatientTrack(keypoints, has_others, _rival([weights[chain].sum() for chain in chains]))


def _rival(weights: Sequence[float]) -> float:
    """Weight of the second over that of the first; 1 if nobody has any, as outside the picture."""
    if len(weights) < 2:
        return 0.0
    return float(weights[1] / weights[0]) if weights[0] > 0 else 1.0


def _place(people: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centre (N, 2) in px and size (N,) in px, about a trunk length, of each person."""
    trunk = people[:, _TRUNK, :2].astype(np.float64)
    everything = people[..., :2].astype(np.float64)
    centre = _mean_seen(trunk)
    centre = np.where(np.isfinite(centre), centre, _mean_seen(everything))
    ends = np.asarray(BONES)
    bones = np.linalg.norm(everything[:, ends[:, 0]] - everything[:, ends[:, 1]], axis=-1)
    longest = np.nan_to_num(bones, nan=0.0).max(axis=1)
    size = np.fmax(np.nan_to_num(segment_lengths(people, "Neck", "MidHip"), nan=0.0), longest)
    return centre, np.maximum(size, 1.0)


def _mean_seen(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 2) mean over the joints that were seen; NaN if none was."""
    n_seen = np.isfinite(points[..., :1]).sum(axis=1)
    mean: NDArray[np.float64] = np.nansum(points, axis=1) / np.where(n_seen > 0, n_seen, np.nan)
    return mean


def link_people(people: NDArray[np.float32], frame: NDArray[np.int64]) -> NDArray[np.int64]:
    """Follow every person from frame to frame by how little each moves.

    Args:
        people: (N, 25, 3) of x px, y px, confidence; unseen is NaN, NaN, 0.
        frame: (N,) frame of each person, ascending.

    Returns:
        (N,) number of the person, counted from 0 in order of appearance.
    """
    centre, size = _place(people)
    return _link(centre, size, frame)


def _link(
    centre: NDArray[np.float64], size: NDArray[np.float64], frame: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Number of the path of each person: nearest first, each path gets one person a frame."""
    path = np.empty(len(frame), dtype=np.int64)
    x, y = centre[:, 0].tolist(), centre[:, 1].tolist()
    sizes, times = size.tolist(), frame.tolist()
    open_paths: dict[int, int] = {}  # path -> its last person
    n_paths = 0
    starts = np.flatnonzero(np.diff(frame, prepend=frame[0] - 1)).tolist()
    for start, end in zip(starts, [*starts[1:], len(times)], strict=True):
        now = times[start]
        pairs = []
        for number, last in list(open_paths.items()):
            missed = now - times[last] - 1
            if missed > MAX_MISSED_FRAMES:
                del open_paths[number]
                continue
            reach = MAX_STEP + MAX_STEP_PER_MISSED_FRAME * missed
            for person in range(start, end):
                step = ((x[person] - x[last]) ** 2 + (y[person] - y[last]) ** 2) ** 0.5
                step /= max(sizes[last], sizes[person])
                if step <= reach:
                    pairs.append((step, number, person))
        taken: set[int] = set()
        given: set[int] = set()
        for _, number, person in sorted(pairs):
            if number not in given and person not in taken:
                given.add(number)
                taken.add(person)
                path[person] = number
                open_paths[number] = person
        for person in range(start, end):
            if person not in taken:
                path[person] = n_paths
                open_paths[n_paths] = person
                n_paths += 1
    return path


def _weigh(
    people: NDArray[np.float32],
    centre: NDArray[np.float64],
    size: NDArray[np.float64],
    path: NDArray[np.int64],
    frame_width: float,
) -> NDArray[np.float64]:
    """(number of paths,) how much speaks for each path being the patient.

    Each frame counts with its mean confidence in the picture, times: size over the largest
    person's (the camera is on the patient), place (1 in the middle, half at the edges), and half
    if the person stands (seated, seen from the front, the thigh is foreshortened).
    """
    x, y = people[..., 0], people[..., 1]
    # Real joints lie in the picture; a frame size that was set too small must not count them out.
    width = max(frame_width, float(np.percentile(x[np.isfinite(x)], 99)))
    confidence = np.where((x >= 0) & (y >= 0), people[..., 2], 0).mean(axis=1).astype(np.float64)
    relative_size = np.minimum(size / np.percentile(size, 95), 1)
    off_centre = np.abs(centre[:, 0] / width - 0.5) * 2
    place = 1 - 0.5 * np.clip(off_centre, 0, 1)
    hips_y, knees_y = _mean_y(people, _SEATED[:2]), _mean_y(people, _SEATED[2:])
    with np.errstate(invalid="ignore"):
        stands = (knees_y - hips_y) / size > 0.7
    each = confidence * relative_size * place * np.where(stands, 0.5, 1)
    weights: NDArray[np.float64] = np.bincount(path, weights=each).astype(np.float64)
    return weights


def _mean_y(people: NDArray[np.float32], joints: Sequence[int]) -> NDArray[np.float64]:
    return _mean_seen(people[:, list(joints), :2].astype(np.float64))[:, 1]


def _best_chains(
    frame: NDArray[np.int64],
    centre: NDArray[np.float64],
    size: NDArray[np.float64],
    path: NDArray[np.int64],
    weights: NDArray[np.float64],
) -> list[list[int]]:
    """The heaviest chain of paths, then the heaviest of what is left.

    A chain is a sequence of paths that follow each other in time at one place: a person that was
    hidden for a while.
    """
    ends = {
        int(number): (members[0], members[-1])
        for number in np.argsort(-weights)[:MAX_PATHS]
        if len(members := np.flatnonzero(path == number))
    }
    chains = []
    for _ in range(2):
        if not ends:
            break
        chain = _heaviest_chain(ends, frame, centre, size, weights)
        chains.append(chain)
        ends = {number: span for number, span in ends.items() if number not in chain}
    return chains


def _heaviest_chain(
    ends: dict[int, tuple[np.intp, np.intp]],
    frame: NDArray[np.int64],
    centre: NDArray[np.float64],
    size: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> list[int]:
    order = sorted(ends, key=lambda number: frame[ends[number][0]])
    best: dict[int, tuple[float, list[int]]] = {}
    for number in order:
        first = ends[number][0]
        before: tuple[float, list[int]] = (0.0, [])
        for earlier, (total, chain) in best.items():
            last = ends[earlier][1]
            distance = np.linalg.norm(centre[first] - centre[last]) / max(size[first], size[last])
            is_near = distance <= MAX_DISTANCE_BETWEEN_PATHS
            if frame[last] < frame[first] and is_near and total > before[0]:
                before = (total, chain)
        best[number] = (before[0] + float(weights[number]), [*before[1], number])
    return max(best.values())[1]
