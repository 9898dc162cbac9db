"""Names, bones and mirror images of the joints that OpenPose BODY_25 finds."""

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Leg = Literal["L", "R"]
LEGS: Final[tuple[Leg, Leg]] = ("L", "R")
LEG_NAMES: Final[dict[Leg, str]] = {"L": "left", "R": "right"}
BOTH_LEGS: Final = "both"  # `leg=both`: one network for both legs

# Order of the OpenPose BODY_25 model (OpenPose documentation, "Output").
JOINTS: Final = (
    "Nose", "Neck",
    "RShoulder", "RElbow", "RWrist",
    "LShoulder", "LElbow", "LWrist",
    "MidHip",
    "RHip", "RKnee", "RAnkle",
    "LHip", "LKnee", "LAnkle",
    "REye", "LEye", "REar", "LEar",
    "LBigToe", "LSmallToe", "LHeel",
    "RBigToe", "RSmallToe", "RHeel",
)  # fmt: skip
N_JOINTS: Final = len(JOINTS)
JOINT: Final = {name: index for index, name in enumerate(JOINTS)}

# The 24 bones that the 2023 system drew, in its order.
BONES: Final = (
    (0, 1), (0, 15), (0, 16), (1, 2), (1, 5), (1, 8), (2, 3), (3, 4), (5, 6), (6, 7), (8, 9),
    (8, 12), (9, 10), (10, 11), (11, 22), (11, 24), (12, 13), (13, 14), (14, 19), (14, 21),
    (15, 17), (16, 18), (19, 20), (22, 23),
)  # fmt: skip

LEG_JOINTS: Final[dict[Leg, tuple[int, ...]]] = {
    leg: tuple(JOINT[f"{leg}{part}"] for part in ("Hip", "Knee", "Ankle", "Heel", "BigToe"))
    for leg in LEGS
}

# Trunk (neck to mid-hip) over hip to knee to ankle, and over knee to ankle, of a seated person in
# a picture from the front: medians of 124 simulated videos (kinematics/body_length.py).
TRUNK_PER_LEG: Final = 0.773
TRUNK_PER_SHANK: Final = 1.084


def _other_side(name: str) -> str:
    swapped = {"L": "R", "R": "L"}.get(name[0], "") + name[1:]
    return swapped if swapped in JOINTS else name


# MIRROR[j] is the joint that stands at j's place in the mirror image: left and right change places.
MIRROR: Final = tuple(JOINT[_other_side(name)] for name in JOINTS)


def mirror_keypoints(keypoints: NDArray[np.float32], width: float) -> NDArray[np.float32]:
    """Mirror a person left to right: x is reflected and left and right joints change places.

    Args:
        keypoints: (..., 25, 3) of x px, y px, confidence; NaN stays NaN.
        width: Width of the frame in px, so that x becomes width - x.

    Returns:
        A new array of the same shape. Mirroring twice gives the input back.
    """
    mirrored = keypoints[..., list(MIRROR), :].copy()
    mirrored[..., 0] = width - mirrored[..., 0]
    return mirrored


def other_leg(leg: Leg) -> Leg:
    """The leg on the other side of the body."""
    return "L" if leg == "R" else "R"


def as_leg(value: str) -> Leg:
    """Read a leg from text.

    Raises:
        ValueError: If it is neither L nor R.
    """
    if value not in LEGS:
        raise ValueError(f"leg={value!r}: expected L or R")
    return value


def legs_of(choice: str) -> tuple[Leg, ...]:
    """Legs that a run's `leg` option stands for: L, R, or both in one network.

    Raises:
        ValueError: If it is none of L, R, both.
    """
    if choice == BOTH_LEGS:
        return LEGS
    if choice not in LEGS:
        raise ValueError(f"leg={choice}: choose L, R or {BOTH_LEGS}")
    return (choice,)
