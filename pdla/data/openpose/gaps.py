"""Short gaps of a joint are interpolated, longer ones stay unseen."""

import numpy as np
from numpy.typing import NDArray


def fill_gaps(
    keypoints: NDArray[np.float32], max_gap_frames: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Interpolate each joint linearly over gaps of at most `max_gap_frames` frames.

    Args:
        keypoints: (T, 25, 3); unseen is NaN, NaN, 0.
        max_gap_frames: Longer gaps, and those at the ends, stay NaN.

    Returns:
        A new array with the gaps filled; a filled joint gets half the smaller confidence of its two
        neighbours. And (T, 25), true where it was filled.
    """
    filled = keypoints.copy()
    is_seen = np.isfinite(keypoints[..., 0])
    was_filled = np.zeros(is_seen.shape, dtype=np.bool_)
    if max_gap_frames < 1:
        return filled, was_filled
    for joint in np.flatnonzero(is_seen.any(axis=0) & ~is_seen.all(axis=0)):
        seen = np.flatnonzero(is_seen[:, joint])
        gaps = np.diff(seen) - 1
        for position in np.flatnonzero((gaps > 0) & (gaps <= max_gap_frames)):
            before, after = seen[position], seen[position + 1]
            share = (np.arange(before + 1, after) - before)[:, None] / (after - before)
            start, end = keypoints[before, joint], keypoints[after, joint]
            filled[before + 1 : after, joint] = start + share * (end - start)
            filled[before + 1 : after, joint, 2] = min(start[2], end[2]) / 2
            was_filled[before + 1 : after, joint] = True
    return filled, was_filled
