"""Frames at the end that belong to another video: a longer one that lay in the folder before."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.kinematics.body_length import body_length_px
from pdla.data.skeletons import JOINT, LEGS

_TRUNK: Final = [
    JOINT[name] for name in ("Neck", "RShoulder", "LShoulder", "MidHip", "RHip", "LHip")
]
# Where no trunk was filmed; one of the two legs always rests.
_LEGS: Final = [JOINT[leg + part] for leg in LEGS for part in ("Hip", "Knee", "Ankle")]
MIN_COMMON: Final = 3  # joints
# A cut shifts every joint of the trunk at once by more than this part of its length. Nobody on a
# chair does that from one frame to the next, and the shift must stay.
MIN_SHIFT: Final = 0.12
MIN_TIMES_USUAL: Final = 8.0
AROUND_S: Final = 0.5
MAX_TAIL: Final = 0.5  # of the frames; if more follows, nobody knows which part is the video


def find_stale_tail(
    keypoints: NDArray[np.float32], has_others: NDArray[np.bool_], fps: float
) -> int:
    """Find where the video ends.

    Args:
        keypoints: (T, 25, 3) of the patient; unseen is NaN, NaN, 0.
        has_others: (T,) whether somebody else was in the frame.
        fps: Frames a second.

    Returns:
        Number of frames before the tail; T if there is none.
    """
    n_frames = len(keypoints)
    present = np.flatnonzero(np.isfinite(keypoints[..., 0]).any(axis=1))
    if not len(present):
        return n_frames
    after = int(present[-1]) + 1
    is_someone_else = after < n_frames and has_others[after:].mean() > 0.5
    end = after if is_someone_else and after > n_frames * MAX_TAIL else n_frames
    return min(end, _find_shift(keypoints, present, fps))


def _find_shift(keypoints: NDArray[np.float32], present: NDArray[np.int64], fps: float) -> int:
    """First frame in the later part at which the body shifts and stays; T if none."""
    n_frames = len(keypoints)
    size_px = body_length_px(keypoints)
    has_trunk = (np.isfinite(keypoints[:, _TRUNK, 0]).sum(axis=1) >= MIN_COMMON).any()
    body = keypoints[:, _TRUNK if has_trunk else _LEGS, :2].astype(np.float64)
    steps = _least_move(body[present[:-1]], body[present[1:]]) / size_px
    if not np.isfinite(steps).any():
        return n_frames
    usual = float(np.nanmedian(steps))
    around = max(round(AROUND_S * fps), 1)
    for position in np.flatnonzero(steps > max(MIN_SHIFT, MIN_TIMES_USUAL * usual)):
        start = int(present[position + 1])
        if start < n_frames * (1 - MAX_TAIL):
            continue
        earlier = _median_seen(body[max(0, start - around) : start])
        later = _median_seen(body[start : start + around])
        if _least_move(earlier[None], later[None])[0] / size_px > MIN_SHIFT:
            return start
    return n_frames


def _least_move(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) distance of the joint that moved least; NaN if fewer than three were seen in both."""
    moves = np.linalg.norm(after - before, axis=-1)
    n_common = np.isfinite(moves).sum(axis=1)
    least: NDArray[np.float64] = np.where(np.isfinite(moves), moves, np.inf).min(axis=1)
    return np.where(n_common >= MIN_COMMON, least, np.nan)


def _median_seen(body: NDArray[np.float64]) -> NDArray[np.float64]:
    """(joints, 2) median place of each joint, NaN if it was never seen."""
    is_seen = np.isfinite(body[..., 0]).any(axis=0)
    median = np.full(body.shape[1:], np.nan)
    median[is_seen] = np.nanmedian(body[:, is_seen], axis=0)
    return median
