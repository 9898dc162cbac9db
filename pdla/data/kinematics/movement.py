"""How much a leg moves at each moment. In plain NumPy for the same reason as `stretches`."""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pdla.data.kinematics.body_length import body_length_px
from pdla.data.recordings import Recording
from pdla.data.skeletons import JOINT, Leg

WINDOW_S: Final = 1.0  # one tap at the slowest seen rate, 1.0 a second (simulation/reference.py)
RHYTHM_S: Final = 4.0  # four taps at that rate; most idle movement is slower
TAP_RATES_HZ: Final = (1.0, 4.5)  # seen: 1.0 to 3.8


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


def leg_rhythm(recording: Recording, leg: Leg) -> float:
    """How far the leg's height goes up and down at one rate, as taps do and idle legs do not.

    Args:
        recording: Keypoints; NaN where a joint was not seen.
        leg: Which leg.

    Returns:
        The share of the power of the height (mean of knee, ankle and heel, four seconds, Hann
        window) that lies at the strongest rate of 1.0 to 4.5 a second and its neighbours: the 90th
        percentile over time, 0 to 1. NaN for a recording of less than four seconds, or without
        the leg.
    """
    y = recording.keypoints[:, [JOINT[f"{leg}{part}"] for part in ("Knee", "Ankle", "Heel")], 1]
    seen = np.isfinite(y)
    window = round(RHYTHM_S * recording.fps)
    if len(y) < window or not seen.any():
        return float("nan")
    middle = np.where(seen, y, 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    height = np.where(seen, y - middle, 0.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    step = max(1, window // 6)
    stretches = sliding_window_view(height, window)[::step]  # (N, window)
    centred = (stretches - stretches.mean(axis=1, keepdims=True)) * np.hanning(window)
    power = np.abs(np.fft.rfft(centred, axis=1)) ** 2  # (N, rates)
    rates = np.fft.rfftfreq(window, 1.0 / recording.fps)
    is_tap_rate = (rates >= TAP_RATES_HZ[0]) & (rates <= TAP_RATES_HZ[1])
    strongest = np.where(is_tap_rate, power, 0.0).argmax(axis=1)
    around = np.clip(strongest[:, None] + np.arange(-1, 2), 1, power.shape[1] - 1)
    at_rate = np.take_along_axis(power, around, axis=1).sum(axis=1)
    shares = at_rate / np.maximum(power[:, 1:].sum(axis=1), np.finfo(np.float64).tiny)
    return float(np.percentile(shares, 90))


def _running_mean(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """(T, joints) mean over `window` frames around each; the ends are repeated beyond the video."""
    around = np.pad(values, ((window // 2 + 1, window - 1 - window // 2), (0, 0)), mode="edge")
    sums = np.cumsum(around, axis=0)
    return np.asarray((sums[window:] - sums[:-window]) / window)
