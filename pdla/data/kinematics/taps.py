"""Each lift of the foot, from floor to floor."""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, find_peaks, sosfiltfilt

LOW_PASS_HZ = 8.0  # twice the fastest tapping seen, 3.8 a second (simulation/reference.py)
MIN_CYCLE_S = 0.20  # between two tops; 3.8 taps a second are 0.26 s apart
SHARE_OF_TYPICAL = 0.30  # a lift below this share of the bout's typical one is noise, not a tap
FLOOR_SHARE = 0.10  # the foot has left the floor at this share of a tap's height


@dataclass(frozen=True)
class Tap:
    """One lift of the foot.

    Attributes:
        lift_s: Seconds at which the foot leaves the floor.
        peak_s: Seconds of the highest point.
        floor_s: Seconds at which the foot is down again.
        amplitude: Height of the top over the floor, in trunk lengths.
    """

    lift_s: float
    peak_s: float
    floor_s: float
    amplitude: float


def find_taps(height: NDArray[np.float64], fps: float, min_rise: float = 0.05) -> list[Tap]:
    """Find each lift of the foot, from floor to floor.

    Args:
        height: (T,) height over the floor in trunk lengths; NaN where the leg was not seen.
        fps: Frames a second.
        min_rise: Smaller lifts are ignored, in trunk lengths.

    Returns:
        Taps in time order, never overlapping; empty if the foot never left the floor.

    Raises:
        ValueError: If `fps` is not positive, or more than half of `height` is NaN.
    """
    if not fps > 0:
        raise ValueError(f"fps={fps}, expected more than 0")
    is_seen = np.isfinite(height)
    if is_seen.mean() < 0.5:
        raise ValueError(
            f"height seen in {is_seen.mean():.0%} of the frames, expected at least 50%"
        )
    smooth = smooth_height(height, fps)
    distance = max(1, round(MIN_CYCLE_S * fps))
    peaks, facts = find_peaks(smooth, prominence=min_rise, distance=distance)
    if len(peaks) == 0:
        return []
    prominences = facts["prominences"]
    # Few tall lifts among many small ones are typical of a tremor; the tall ones set the scale.
    typical = np.median(prominences[prominences >= 0.5 * np.quantile(prominences, 0.9)])
    peaks = peaks[prominences >= SHARE_OF_TYPICAL * typical]
    return _bounded_taps(smooth, peaks, fps)


def smooth_height(height: NDArray[np.float64], fps: float) -> NDArray[np.float64]:
    """Fill gaps linearly, take out jitter: zero-phase Butterworth low-pass, order 2, 8 Hz."""
    frames = np.arange(len(height))
    is_seen = np.isfinite(height)
    filled = np.interp(frames, frames[is_seen], height[is_seen])
    if fps <= 2 * LOW_PASS_HZ or len(height) < 16:
        return filled
    filtered: NDArray[np.float64] = sosfiltfilt(_low_pass(fps), filled)
    return filtered


@cache
def _low_pass(fps: float) -> NDArray[np.float64]:
    sections: NDArray[np.float64] = butter(2, LOW_PASS_HZ, fs=fps, output="sos")
    return sections


def _bounded_taps(height: NDArray[np.float64], peaks: NDArray[np.intp], fps: float) -> list[Tap]:
    """Give each top its lift and its landing: where the height passes a tenth of the tap's own."""
    reach = round(1.5 * fps)
    borders = [max(0, int(peaks[0]) - reach)]
    borders += [one + int(np.argmin(height[one:two])) for one, two in pairwise(peaks)]
    borders.append(min(len(height) - 1, int(peaks[-1]) + reach))
    taps = []
    for peak, before, after in zip(peaks, borders[:-1], borders[1:], strict=True):
        rise = height[before : peak + 1]
        fall = height[peak : after + 1]
        low = max(float(rise.min()), float(fall.min()))
        level = low + FLOOR_SHARE * (float(height[peak]) - low)
        lift = before + int(np.flatnonzero(rise <= level)[-1]) if (rise <= level).any() else before
        floor = peak + int(np.flatnonzero(fall <= level)[0]) if (fall <= level).any() else after
        amplitude = float(height[peak] - (rise.min() + fall.min()) / 2)
        taps.append(Tap(lift / fps, float(peak / fps), floor / fps, amplitude))
    return taps
