"""How much a leg moves at each moment. In plain NumPy for the same reason as `stretches`."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.kinematics.body_length import body_length_px
from pdla.data.recordings import Recording
from pdla.data.skeletons import JOINT, Leg

WINDOW_S: Final = 1.0  # one tap at the slowest seen rate, 1.0 a second (simulation/reference.py)


def leg_movement(
    recording: Recording, leg: Leg, body_px: float | None = None
) -> NDArray[np.float64]:
    """SD of the leg's height in a window of one second, in trunk lengths.

    Args:
        recording: Keypoints; NaN where a joint was not seen.
        leg: Which leg.
        body_px: Body length if it is known, else it is measured (see `body_length_px`).

    Returns:
        (T,) of the mean over knee, ankle and heel; a joint counts where it was seen in at least
        half of the window. 0 where none was, and everywhere without a body length.
    """
    body_px = body_length_px(recording.keypoints) if body_px is None else body_px
    y = recording.keypoints[:, [JOINT[f"{leg}{part}"] for part in ("Knee", "Ankle", "Heel")], 1]
    heights = -y.astype(np.float64) / body_px
    seen = np.isfinite(heights)
    window = max(3, round(WINDOW_S * recording.fps))
    middle = np.where(seen, heights, 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    filled = np.where(seen, heights - middle, 0.0)  # small numbers, whose sums stay exact
    share = _running_mean(seen.astype(np.float64), window)
    weight = np.maximum(share, 1e-9)
    mean = _running_mean(filled, window) / weight
    square = _running_mean(filled**2, window) / weight
    spread = np.sqrt(np.clip(square - mean**2, 0.0, None))
    counts = share >= 0.5
    return np.asarray((spread * counts).sum(axis=1) / np.maximum(counts.sum(axis=1), 1))


def _running_mean(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """(T, joints) mean over `window` frames around each; the ends are repeated beyond the video."""
    around = np.pad(values, ((window // 2 + 1, window - 1 - window // 2), (0, 0)), mode="edge")
    sums = np.cumsum(around, axis=0)
    return np.asarray((sums[window:] - sums[:-window]) / window)
