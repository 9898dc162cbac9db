"""Joint layouts of other pose estimators, and how each becomes BODY_25."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.skeletons import BONES, N_JOINTS

Source = int | tuple[int, int] | None  # one joint, the middle of two joints, or not there

# For each layout, where the 25 joints come from, in the order of BODY_25:
#   Nose Neck | RShoulder RElbow RWrist | LShoulder LElbow LWrist | MidHip | RHip RKnee RAnkle |
#   LHip LKnee LAnkle | REye LEye REar LEar | LBigToe LSmallToe LHeel | RBigToe RSmallToe RHeel
# Sources: OpenPose documentation and poseParameters.cpp; COCO keypoints; MediaPipe pose landmarks.
SOURCES: Final[dict[str, tuple[Source, ...]]] = {
    "body_25": tuple(range(25)),
    "body_25b": (
        0, 17, 6, 8, 10, 5, 7, 9, (11, 12), 12, 14, 16, 11, 13, 15, 2, 1, 4, 3,
        19, 20, 21, 22, 23, 24,
    ),
    "coco_18": (
        0, 1, 2, 3, 4, 5, 6, 7, (8, 11), 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
        None, None, None, None, None, None,
    ),
    "coco_17": (
        0, (5, 6), 6, 8, 10, 5, 7, 9, (11, 12), 12, 14, 16, 11, 13, 15, 2, 1, 4, 3,
        None, None, None, None, None, None,
    ),
    "mediapipe_33": (
        0, (11, 12), 12, 14, 16, 11, 13, 15, (23, 24), 24, 26, 28, 23, 25, 27, 5, 2, 8, 7,
        31, None, 29, 32, None, 30,
    ),
}  # fmt: skip
N_POINTS: Final = {
    "body_25": 25, "body_25b": 25, "coco_18": 18, "coco_17": 17, "mediapipe_33": 33,
}  # fmt: skip
LAYOUTS: Final = tuple(SOURCES)
_DEFAULTS: Final = {18: "coco_18", 17: "coco_17", 33: "mediapipe_33", 25: "body_25"}

# Read in the wrong layout, the bones of a person cross the body and come out longer: in the samples
# 1.9 times (BODY_25B read as BODY_25) and 1.8 times (the other way round).
MAX_BONE_RATIO: Final = 1.25


def layout_of(n_points: int) -> str | None:
    """The layout that so many points usually have, or None."""
    return _DEFAULTS.get(n_points)


def to_body_25(points: NDArray[np.float32], layout: str) -> NDArray[np.float32]:
    """Bring people of another layout into BODY_25.

    Args:
        points: (N, P, 3) of x, y, confidence in the layout's order; unseen is NaN, NaN, 0.
        layout: One of `LAYOUTS`.

    Returns:
        (N, 25, 3). A joint between two is seen if both are, with the smaller confidence. Joints
        that the layout lacks are NaN, NaN, 0.
    """
    if layout == "body_25":
        return points
    mapped = np.full((len(points), N_JOINTS, 3), np.nan, dtype=np.float32)
    mapped[..., 2] = 0
    for joint, source in enumerate(SOURCES[layout]):
        if isinstance(source, tuple):
            first, second = points[:, source[0]], points[:, source[1]]
            mapped[:, joint] = (first + second) / 2
            mapped[:, joint, 2] = np.minimum(first[:, 2], second[:, 2])
        elif source is not None:
            mapped[:, joint] = points[:, source]
    mapped[np.isnan(mapped[..., 0]), 2] = 0
    return mapped


def suspect_layout(points: NDArray[np.float32], layout: str) -> str | None:
    """Tell BODY_25 from BODY_25B, which has as many points with other meanings.

    Args:
        points: (N, 25, 3) of x, y, confidence in the file's own order; unseen is NaN, NaN, 0.
        layout: What they are taken for.

    Returns:
        The layout that they fit instead, or None if nothing speaks against `layout`.
    """
    if N_POINTS[layout] != 25:
        return None
    other = "body_25b" if layout == "body_25" else "body_25"
    ratio = _bone_length(points, layout) / _bone_length(points, other)
    ratio = ratio[np.isfinite(ratio)]
    return other if len(ratio) and np.median(ratio) > MAX_BONE_RATIO else None


def _bone_length(points: NDArray[np.float32], layout: str) -> NDArray[np.float32]:
    """(N,) mean length of the bones of which both ends are seen; NaN if there are none."""
    body = to_body_25(points, layout)[..., :2]
    ends = np.asarray(BONES)
    lengths = np.linalg.norm(body[:, ends[:, 0]] - body[:, ends[:, 1]], axis=-1)
    n_seen = np.isfinite(lengths).sum(axis=1)
    mean: NDArray[np.float32] = np.nansum(lengths, axis=1) / np.where(n_seen > 0, n_seen, np.nan)
    return mean
