"""Phone videos whose orientation was lost: the picture is turned back where it is clear."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.kinematics.plausibility import body_directions

# Seated people lean by at most 8 degrees in the simulated clinic; a camera that was held askew
# tilts standing ones by 36 (Pose2Sim demo). Between 30 and 60 degrees nothing is turned.
MAX_FROM_RIGHT_ANGLE: Final = 30.0
MAX_TRUNK_TO_SHANKS: Final = 60.0  # else a person lies or leans far back over hanging legs


def turn_upright(
    keypoints: NDArray[np.float32], frame_size: tuple[int, int]
) -> tuple[NDArray[np.float32], tuple[int, int], int]:
    """Turn the picture by 90, 180 or 270 degrees if the body then stands upright.

    Args:
        keypoints: (T, 25, 3) of the patient; unseen is NaN, NaN, 0.
        frame_size: (H, W) in px. If the joints only fit the other way round, that is taken.

    Returns:
        Keypoints and frame size of the upright picture, and by how many degrees it was turned
        clockwise; the same objects and 0 if it is upright, or unclear.
    """
    trunk, shanks = body_directions(keypoints)
    up = shanks if trunk is None else trunk
    quarters = 0 if up is None else round(-up / 90.0) % 4
    if up is None or quarters == 0 or _between(up, -90.0 * quarters) > MAX_FROM_RIGHT_ANGLE:
        return keypoints, frame_size, 0
    if shanks is not None and _between(up, shanks) > MAX_TRUNK_TO_SHANKS:
        return keypoints, frame_size, 0
    height, width = _fitting_size(keypoints, frame_size)
    turned = keypoints.copy()
    x, y = keypoints[..., 0], keypoints[..., 1]
    if quarters == 2:
        turned[..., 0], turned[..., 1] = width - x, height - y
        return turned, (height, width), 180
    if quarters == 1:  # the head is on the left
        turned[..., 0], turned[..., 1] = height - y, x
    else:
        turned[..., 0], turned[..., 1] = y, width - x
    return turned, (width, height), 90 * quarters


def _between(one: float, other: float) -> float:
    """Angle between two directions, 0 to 180 degrees."""
    return abs((one - other + 180.0) % 360.0 - 180.0)


def _fitting_size(keypoints: NDArray[np.float32], frame_size: tuple[int, int]) -> tuple[int, int]:
    """(H, W), or (W, H) if the joints lie outside of the one and within the other."""
    seen = keypoints[..., :2][np.isfinite(keypoints[..., 0])]
    far = np.percentile(seen, 99, axis=0)
    height, width = frame_size
    is_outside = far[0] > width or far[1] > height
    fits_otherwise = far[0] <= height and far[1] <= width
    return (width, height) if is_outside and fits_otherwise else frame_size
