"""Keypoints as the JSON that OpenPose 1.7 writes, one file a frame."""

from collections.abc import Iterable
from typing import Final

import numpy as np
import orjson

from pdla.data.simulation.randomness import Array

_BEFORE: Final = b'{"version":1.3,"people":['
_AFTER: Final = b"]}"
_PERSON: Final = b'{"person_id":[-1],"pose_keypoints_2d":'
_NO_MORE: Final = (
    b',"face_keypoints_2d":[],"hand_left_keypoints_2d":[],"hand_right_keypoints_2d":[],'
    b'"pose_keypoints_3d":[],"face_keypoints_3d":[],"hand_left_keypoints_3d":[],'
    b'"hand_right_keypoints_3d":[]}'
)


def pose_lists(keypoints: Array, decimals: int = 3) -> list[bytes]:
    """Keypoints of one person as the JSON lists of each frame.

    Args:
        keypoints: (T, J, 3).
        decimals: Rounding; it also hides differences in the last bit between machines.
    """
    numbers = np.round(keypoints.reshape(len(keypoints), -1), decimals) + 0.0  # no -0.0
    return [orjson.dumps(frame) for frame in numbers.tolist()]


def frame_json(poses: Iterable[bytes]) -> bytes:
    """One frame's file, with the people in this order; each pose is a JSON list."""
    return _BEFORE + b",".join(_PERSON + pose + _NO_MORE for pose in poses) + _AFTER
