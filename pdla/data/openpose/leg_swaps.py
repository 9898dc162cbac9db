"""Where the pose estimator took the left leg for the right one, the legs are changed back."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.kinematics.body_length import body_length_px
from pdla.data.kinematics.stretches import bridge_breaks, keep_long
from pdla.data.skeletons import JOINT, LEGS

MAX_SWAP_S: Final = 1.0  # longer than this, nobody can tell which of the two is right
# A change of sides is clear if the legs would else jump at least so far (in trunk lengths, mean of
# joints and both legs), and twice as far as they do when changed back.
MIN_JUMP: Final = 0.1
MIN_RATIO: Final = 2.0
MAX_MEMORY_S: Final = 0.5  # a joint's last place says nothing about where it is after this
# Knees of seated people are at least 0.39 body lengths apart in the simulated clinic.
MIN_APART: Final = 0.1
MAX_BETWEEN_S: Final = 0.3  # two wrong stretches so close together are one
MIN_TELLING: Final = 0.1  # of the frames
_GROUPS: Final = (("Hip",), ("Knee", "Ankle", "Heel", "BigToe", "SmallToe"))


def repair_leg_swaps(
    keypoints: NDArray[np.float32], fps: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Change left and right leg back where continuity makes it clear that they were mistaken.

    At a short mistake both legs jump to the place of the other, and jump back when it ends.
    Stretches between two such jumps of at most `MAX_SWAP_S` are repaired; a single jump is left
    alone. Hips and the rest of the legs are looked at apart, as they are not always mistaken
    together. A longer mistake is known by the side on which knees and ankles are.

    Args:
        keypoints: (T, 25, 3) of one person; unseen is NaN, NaN, 0.
        fps: Frames a second.

    Returns:
        A repaired copy, and (T,) where something was changed back.
    """
    repaired = keypoints.copy()
    changed = np.zeros(len(keypoints), dtype=np.bool_)
    body_px = body_length_px(keypoints)
    if not np.isfinite(body_px):
        return repaired, changed
    for parts in _GROUPS:
        left = [JOINT[f"L{part}"] for part in parts]
        right = [JOINT[f"R{part}"] for part in parts]
        jumps = _find_jumps(keypoints, left, right, body_px, round(MAX_MEMORY_S * fps))
        changed |= _exchange(
            repaired, left, right, _between_pairs(jumps, len(keypoints), round(MAX_SWAP_S * fps))
        )
    return repaired, changed | _repair_long_swaps(repaired, body_px, fps)


def _repair_long_swaps(
    keypoints: NDArray[np.float32], body_px: float, fps: float
) -> NDArray[np.bool_]:
    """Change legs back, in place, where knees and ankles are both on the wrong side for a second.

    Nobody taps with both knees and both ankles crossed. Which side is right is told by the
    shoulders, or by the feet where they are not seen; if neither is clear, nothing is changed.

    Returns:
        (T,), true where legs were changed.
    """
    order = _side_order(keypoints, "Knee") / body_px, _side_order(keypoints, "Ankle") / body_px
    right_way = _right_way(keypoints, body_px)
    with np.errstate(invalid="ignore"):
        is_wrong = np.all([~(each * right_way > -MIN_APART) for each in order], axis=0)
        is_wrong &= np.isfinite(order).any(axis=0) & (right_way != 0)
    between = max(1, round(MAX_BETWEEN_S * fps)) - 1
    is_swapped = keep_long(bridge_breaks(is_wrong, between), MAX_SWAP_S * fps)
    hips = _side_order(keypoints, "Hip") * right_way
    legs = _GROUPS[1]
    left, right = ([JOINT[f"{leg}{part}"] for part in legs] for leg in LEGS)
    _exchange(keypoints, left, right, is_swapped)
    with np.errstate(invalid="ignore"):
        _exchange(keypoints, [JOINT["LHip"]], [JOINT["RHip"]], is_swapped & (hips < 0))
    return is_swapped


def _side_order(keypoints: NDArray[np.float32], part: str) -> NDArray[np.float64]:
    """(T,) how far the left joint is to the right of the right one, in px; NaN where unseen."""
    x = keypoints[..., 0].astype(np.float64)
    return np.asarray(x[:, JOINT[f"L{part}"]] - x[:, JOINT[f"R{part}"]])


def _right_way(keypoints: NDArray[np.float32], body_px: float) -> int:
    """1 if left joints belong to the right of the picture, as from the front; -1; 0 if unclear.

    Told by the shoulders or, without them, by toes that lie under the heels in a picture from the
    front (0.23 to 0.45 body lengths in the simulated clinic), over them from behind.
    """
    y = keypoints[..., 1].astype(np.float64)
    feet = [y[:, JOINT[f"{leg}BigToe"]] - y[:, JOINT[f"{leg}Heel"]] for leg in LEGS]
    for values in (_side_order(keypoints, "Shoulder"), np.concatenate(feet)):
        seen = values[np.isfinite(values)] / body_px
        if len(seen) > MIN_TELLING * len(values):
            middle = float(np.median(seen))
            return int(np.sign(middle)) if abs(middle) > MIN_APART else 0
    return 0


def _exchange(
    keypoints: NDArray[np.float32], left: list[int], right: list[int], where: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Let left and right joints change places, in place; returns `where`."""
    frames = np.flatnonzero(where)[:, None]
    keypoints[frames, left + right] = keypoints[frames, right + left]
    return where


def _find_jumps(
    keypoints: NDArray[np.float32],
    left: list[int],
    right: list[int],
    body_px: float,
    memory_frames: int,
) -> NDArray[np.int64]:
    """Frames at which the legs change places."""
    here = keypoints[:, [left, right], :2].astype(np.float64)  # (T, leg, joint, xy)
    before = _last_seen(here, memory_frames)
    stay = np.linalg.norm(here - before, axis=-1)
    cross = np.linalg.norm(here - before[:, ::-1], axis=-1)
    both = np.isfinite(stay + cross)
    n_both = np.where(both.any(axis=(1, 2)), both.sum(axis=(1, 2)), np.nan)
    stay_mean = np.where(both, stay, 0).sum(axis=(1, 2)) / n_both / body_px
    cross_mean = np.where(both, cross, 0).sum(axis=(1, 2)) / n_both / body_px
    is_jump = (stay_mean > MIN_JUMP) & (stay_mean > MIN_RATIO * cross_mean)
    return np.flatnonzero(is_jump)


def _last_seen(places: NDArray[np.float64], memory_frames: int) -> NDArray[np.float64]:
    """(T, leg, joint, 2) where each joint was last seen before each frame, NaN if too long ago."""
    n_frames = len(places)
    is_seen = np.isfinite(places[..., 0])
    frame = np.arange(n_frames)[:, None, None]
    last = np.maximum.accumulate(np.where(is_seen, frame, -1), axis=0)
    last = np.concatenate([np.full((1, *last.shape[1:]), -1), last[:-1]])
    known = (last >= 0) & (frame - last <= memory_frames)
    legs, joints = np.meshgrid(np.arange(2), np.arange(places.shape[2]), indexing="ij")
    found = places[np.maximum(last, 0), legs, joints]
    return np.where(known[..., None], found, np.nan)


def _between_pairs(jumps: NDArray[np.int64], n_frames: int, max_frames: int) -> NDArray[np.bool_]:
    """Frames between two jumps that follow each other closely; each jump ends one stretch only."""
    inside = np.zeros(n_frames, dtype=np.bool_)
    position = 0
    while position + 1 < len(jumps):
        start, end = jumps[position], jumps[position + 1]
        if end - start <= max_frames:
            inside[start:end] = True
            position += 2
        else:
            position += 1
    return inside
