"""How high a foot is over the floor, in trunk lengths, whatever joints and camera did meanwhile."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from pdla.data.kinematics.body_length import body_length_px
from pdla.data.kinematics.movement import WINDOW_S
from pdla.data.recordings import Recording
from pdla.data.skeletons import JOINT, Leg, other_leg

LEG_PARTS: Final = ("Heel", "Ankle", "BigToe", "Knee")


def leg_height(recording: Recording, leg: Leg) -> NDArray[np.float64]:
    """Height of a foot over its resting place, in trunk lengths (see `body_length_px`).

    Heel, ankle, toe and knee go up together. Each joint's height is scaled to the foot's excursion
    (the knee moves less or more, as the camera stands) and averaged over the joints that were seen,
    weighted by confidence. What hips and the other leg do together is the camera, and taken out.

    Returns:
        (T,) with 0 near the floor; NaN where no joint of the leg was seen, and everywhere without a
        body length.
    """
    body = body_length_px(recording.keypoints)
    heights = -_joint_y(recording, [f"{leg}{part}" for part in LEG_PARTS]) / body
    heights = _around_median(heights)
    heights += _camera_drift(recording, leg)[:, None] / body
    joints = [JOINT[f"{leg}{part}"] for part in LEG_PARTS]
    confidence = np.where(np.isfinite(heights), recording.keypoints[:, joints, 2], 0.0)
    weight = np.clip(confidence, 1e-3, None) * np.isfinite(heights)
    scaled = np.nan_to_num(heights * _gains(heights))
    total = weight.sum(axis=1)
    height = np.full(recording.n_frames, np.nan)
    np.divide((scaled * weight).sum(axis=1), total, out=height, where=total > 0)
    return height


def _gains(heights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Factor for each joint that makes its spread that of the foot, (4,)."""
    counts = np.isfinite(heights).sum(axis=0)
    gains = np.ones(heights.shape[1])
    foot = int(np.argmax(counts[:3]))
    for joint in range(heights.shape[1]):
        both = np.isfinite(heights[:, joint]) & np.isfinite(heights[:, foot])
        if both.sum() < 30:
            continue
        own, other = heights[both, joint].std(), heights[both, foot].std()
        if own > 1e-6:
            gains[joint] = np.clip(other / own, 0.25, 4.0)
    return gains


def _camera_drift(recording: Recording, leg: Leg) -> NDArray[np.float64]:
    """How far hips and the other leg went down in the picture since the middle, in px, (T,)."""
    other = other_leg(leg)
    still = _joint_y(recording, ["MidHip", "LHip", "RHip", f"{other}Knee", f"{other}Ankle"])
    still = _around_median(still)
    is_seen = np.isfinite(still).any(axis=1)
    if is_seen.sum() < 2:
        return np.zeros(recording.n_frames)
    frames = np.arange(recording.n_frames)
    drift = np.interp(frames, frames[is_seen], _seen_median(still[is_seen], axis=1))
    window = max(3, round(WINDOW_S * recording.fps) | 1)
    smooth: NDArray[np.float64] = median_filter(drift, window, mode="nearest")
    return smooth


def _joint_y(recording: Recording, names: list[str]) -> NDArray[np.float64]:
    return recording.keypoints[:, [JOINT[name] for name in names], 1].astype(np.float64)


def _around_median(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each column less its median over time; a column without a value stays NaN."""
    is_empty = ~np.isfinite(values).any(axis=0)
    return values - _seen_median(np.where(is_empty, 0.0, values), axis=0)


def _seen_median(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """`np.nanmedian` of rows or columns with at least one value, in a fifth of its time."""
    ordered = np.sort(values, axis=axis)  # NaN last
    count = np.isfinite(ordered).sum(axis=axis, keepdims=True)
    low, high = (
        np.take_along_axis(ordered, place, axis) for place in ((count - 1) // 2, count // 2)
    )
    return np.asarray((low + high).squeeze(axis) / 2)
