"""What OpenPose makes of a person in the picture: confidence, jitter, bias and misses."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from pdla.data.simulation.randomness import Array, wander
from pdla.data.skeletons import JOINT, JOINTS

# Usual confidence of each joint of a seated person seen from the front. Face and arms as in the
# real upper-body recording that the data notes describe (0.4-0.9); hips are folded and heels lie
# behind the foot.
CONFIDENCE: Final = {
    "Nose": 0.88, "Neck": 0.76, "Shoulder": 0.72, "Elbow": 0.72, "Wrist": 0.66, "MidHip": 0.60,
    "Hip": 0.58, "Knee": 0.76, "Ankle": 0.70, "Eye": 0.87, "Ear": 0.68, "BigToe": 0.62,
    "SmallToe": 0.56, "Heel": 0.46,
}  # fmt: skip
MISS_BELOW: Final = 0.14
GRID_ROWS: Final = 368  # OpenPose reads the picture at 368 rows; peaks snap to that grid
SNAP: Final = 0.7  # share of the way to the grid point that a peak is drawn


@dataclass(frozen=True)
class Clothing:
    """What OpenPose finds hard about a person in one video.

    Attributes:
        confidence: (25,) usual confidence of each joint.
        bias: (25, 2) lasting shift of each joint, in trunk lengths, as clothes hide where joints
            are.
        noise: Factor on the passing errors.
    """

    confidence: Array
    bias: Array
    noise: float = 1.0


def joint_kind(name: str) -> str:
    """Name of a joint without its side."""
    return name[1:] if name[0] in "LR" and name[1:] in CONFIDENCE else name


def draw_clothing(rng: np.random.Generator) -> Clothing:
    """Draw how well each joint is seen: light, trousers, shoes; alike for both legs."""
    kinds = sorted(CONFIDENCE)
    by_kind = dict(zip(kinds, rng.normal(0.0, 0.06, len(kinds)), strict=True))
    light = float(rng.normal(0.0, 0.04))
    usual = np.array([CONFIDENCE[joint_kind(n)] + by_kind[joint_kind(n)] for n in JOINTS])
    confidence = usual + light + rng.normal(0.0, 0.02, len(JOINTS))
    return Clothing(
        confidence=np.clip(confidence, 0.22, 0.95), bias=rng.normal(0.0, 0.02, (len(JOINTS), 2))
    )


def observe(
    points: Array,
    clothing: Clothing,
    fps: float,
    frame_size: tuple[int, int],
    rng: np.random.Generator,
) -> Array:
    """Find the joints as OpenPose would.

    Confidence wanders, and sinks while a joint is fast (motion blur). As it falls jitter grows,
    positions snap to the grid of the network, and a joint of too little confidence is missed.

    Args:
        points: (T, 25, 2) true px.
        clothing: How well this person's joints are seen.
        fps: Frames a second.
        frame_size: (H, W) px.
        rng: Source of randomness.

    Returns:
        (T, 25, 3) of x px, y px, confidence; 0, 0, 0 where the joint was missed or out of the
        frame.
    """
    n_frames, n_joints, _ = points.shape
    trunk = float(np.median(np.hypot(*(points[:, JOINT["Neck"]] - points[:, JOINT["MidHip"]]).T)))
    speed = np.hypot(*np.moveaxis(np.gradient(points, axis=0), -1, 0)) * fps / trunk
    confidence = clothing.confidence - 0.045 * np.clip(speed - 0.5, 0.0, 4.0)
    confidence += 0.05 * wander(n_frames, fps, 1.0, rng, n_joints)
    confidence += 0.03 * rng.standard_normal((n_frames, n_joints))
    confidence = np.clip(confidence, 0.0, 0.98)
    spread = clothing.noise * trunk * (0.004 + 0.035 * (1.0 - confidence) ** 2)
    slow = wander(n_frames, fps, 0.2, rng, 2 * n_joints).reshape(points.shape)
    noise = 0.8 * slow + 0.6 * rng.standard_normal(points.shape)
    found = points + trunk * clothing.bias + spread[..., None] * noise
    grid = max(frame_size[0] / GRID_ROWS, 1e-6)
    found += SNAP * (np.rint(found / grid) * grid - found)
    observed = np.concatenate([found, confidence[..., None]], axis=-1)
    inside = (found >= 0.0).all(axis=-1) & (found < np.array(frame_size[::-1])).all(axis=-1)
    observed[(confidence < MISS_BELOW) | ~inside] = 0.0
    return np.asarray(observed)
