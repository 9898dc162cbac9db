"""Stretches of time in which something is so, as spans of frames.

In plain NumPy, because every process that parses videos imports this module, and scipy.ndimage
takes as long to import as twenty videos take to parse.
"""

import numpy as np
from numpy.typing import NDArray


def find_stretches(is_so: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Spans of frames without a break.

    Args:
        is_so: (T,) for each frame.

    Returns:
        (N, 2) first frame and the one after the last of each stretch, in time order.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_so, [False]]).astype(np.int8)))
    return edges.reshape(-1, 2).astype(np.int64)


def longest_stretch(is_so: NDArray[np.bool_]) -> int:
    """Frames of the longest stretch, 0 if there is none."""
    return int(np.diff(find_stretches(is_so), axis=1).max(initial=0))


def bridge_breaks(is_so: NDArray[np.bool_], max_frames: int) -> NDArray[np.bool_]:
    """Fill breaks of at most `max_frames` frames between two stretches.

    Args:
        is_so: (T,) for each frame.
        max_frames: Longer breaks, and what lies before the first and after the last stretch, stay.

    Returns:
        (T,), a new array.
    """
    bridged = is_so.copy()
    spans = find_stretches(is_so)
    for end, start in zip(spans[:-1, 1], spans[1:, 0], strict=True):
        if start - end <= max_frames:
            bridged[end:start] = True
    return bridged


def keep_long(is_so: NDArray[np.bool_], min_frames: float) -> NDArray[np.bool_]:
    """(T,) true only in stretches of at least `min_frames` frames."""
    kept = np.zeros_like(is_so)
    for start, end in find_stretches(is_so):
        kept[start:end] = end - start >= min_frames
    return kept
