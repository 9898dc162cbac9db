"""Features of published scorers of leg agility, from a bout of the scored leg.

Each set is written anew from the formulas of its source; its columns begin with the name of the
set. What a source leaves open is said here. A set that its joints do not allow is NaN.

- `morinan_2023` (KELVIN): Morinan et al. 2023, npj Parkinson's Disease 9:10, tables 6 and 8. The
  distance of knee and neck over the estimated standing height, and 11 features of it. The tables do
  not say how height is estimated: here the trunk is 0.288 of it (Winter 2009, Biomechanics and
  Motor Control of Human Movement, figure 4.1).
- `visionmd`: the open tool VisionMD (github.com/mea-lab). The vertical distance of knee and
  mid-shoulder over the trunk, and the 23 features that the tool writes for every cyclic task.
- `li_2018`: Li et al. 2018, J NeuroEng Rehabil 15:97. Kinematic and frequency features and the area
  of the trajectories of knee and ankle; the statistics of each are chosen here.
"""

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import detrend, find_peaks, periodogram
from scipy.spatial import ConvexHull, QhullError

from pdla.data.kinematics.body_length import body_length_px
from pdla.data.kinematics.bouts import Bout, find_bout
from pdla.data.kinematics.remembering import OncePerLeg
from pdla.data.quantities import LI_PARTS, LI_SERIES, LI_STATISTICS, PUBLISHED
from pdla.data.recordings import Recording
from pdla.data.skeletons import JOINT, Leg

TRUNK_OF_HEIGHT: Final = 0.288
MIN_SEEN: Final = 0.5  # of the frames of a bout; fewer do not show the movement
MIN_CYCLE_S: Final = 0.15
MIN_PROMINENCE: Final = 0.2  # of the range from the 5th to the 95th percentile
BAND_HZ: Final = (0.3, 8.0)

Values = NDArray[np.float64]


@OncePerLeg
def published_features(recording: Recording, leg: Leg) -> dict[str, float]:
    """All features of PUBLISHED for one leg; NaN where its bout does not give them."""
    bout = find_bout(recording, leg)
    found = dict.fromkeys((name for names in PUBLISHED.values() for name in names), np.nan)
    if bout is None:
        return found
    places = _places(recording, bout)
    trunk = body_length_px(recording.keypoints)
    fps = recording.fps
    sets = {
        "morinan_2023": _morinan(-_distance(places, f"{leg}Knee", "Neck") / trunk, fps),
        "visionmd": _visionmd(_knee_below_shoulders(places, leg) / trunk, fps),
        "li_2018": {
            f"{part.lower()}_{name}": value
            for part in LI_PARTS
            for name, value in _li(places[:, JOINT[f"{leg}{part}"]] / trunk, fps).items()
        },
    }
    for name, features in sets.items():
        found |= {f"{name}_{feature}": value for feature, value in features.items()}
    return found


def _places(recording: Recording, bout: Bout) -> Values:
    """(T, 25, 2) px of the frames of a bout."""
    first, last = (round(second * recording.fps) for second in (bout.start_s, bout.end_s))
    return recording.keypoints[first : last + 1, :, :2].astype(np.float64)


def _distance(places: Values, one: str, other: str) -> Values:
    return np.asarray(np.linalg.norm(places[:, JOINT[one]] - places[:, JOINT[other]], axis=1))


def _knee_below_shoulders(places: Values, leg: Leg) -> Values:
    """Vertical distance with its sign changed, so that a lift is a peak; y goes down."""
    shoulders = (places[:, JOINT["RShoulder"], 1] + places[:, JOINT["LShoulder"], 1]) / 2
    return np.asarray(shoulders - places[:, JOINT[f"{leg}Knee"], 1])


def _filled(series: Values) -> Values | None:
    """Gaps closed by interpolation; None if too little was seen."""
    is_seen = np.isfinite(series)
    if len(series) < 8 or is_seen.mean() < MIN_SEEN:
        return None
    frames = np.arange(len(series))
    return np.asarray(np.interp(frames, frames[is_seen], series[is_seen]))


def _cycles(series: Values, fps: float) -> NDArray[np.int64]:
    """(cycles, 3) frames of the trough before a peak, the peak, and the trough after it."""
    spread = float(np.ptp(np.percentile(series, (5, 95))))
    peaks, _ = find_peaks(
        series, prominence=max(MIN_PROMINENCE * spread, 1e-9), distance=max(1, MIN_CYCLE_S * fps)
    )
    edges = [0, *peaks.tolist(), len(series) - 1]
    troughs = [first + int(np.argmin(series[first : last + 1])) for first, last in pairwise(edges)]
    rows = [
        (before, peak, after)
        for before, peak, after in zip(troughs[:-1], peaks.tolist(), troughs[1:], strict=True)
        if before < peak < after
    ]
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def _morinan(distance: Values, fps: float) -> dict[str, float]:
    """The 11 features of table 8; actions are lifts of the knee towards the neck."""
    series = _filled(distance * TRUNK_OF_HEIGHT)
    cycles = np.empty((0, 3), dtype=np.int64) if series is None else _cycles(series, fps)
    if series is None or len(cycles) < 3:
        return {}
    period = np.diff(cycles[:, 1]) / fps
    amplitude = series[cycles[:, 1]] - series[cycles[:, 0]]
    # Of the way up and the way down of each action, between its peak and its troughs.
    ways = [(row[0], row[1]) for row in cycles] + [(row[1], row[2]) for row in cycles]
    velocity = np.array([abs(series[b] - series[a]) / (b - a) * fps for a, b in ways])
    by_action = velocity.reshape(2, -1).mean(axis=0)
    steps = [np.diff(series[a : b + 1]) for a, b in ways]
    inversions = [float((one[1:] * one[:-1] < 0).mean()) if len(one) > 1 else 0.0 for one in steps]
    acceleration, jerk = (
        np.abs(np.diff(series, 2)[1:]) * fps**2,
        np.abs(np.diff(series, 3)) * fps**3,
    )
    frequency = 1 / period
    return {
        "mean_freq": float(frequency.mean()),
        "covar_freq": _cv(frequency),
        "mean_vel": float(velocity.mean()),
        "covar_vel": _cv(velocity),
        "mean_amp": float(amplitude.mean()),
        "covar_amp": _cv(amplitude),
        "period_range": float(np.ptp(period)),
        "prc_inv": float(np.mean(inversions)),
        "roughness": float(np.median(jerk / np.maximum(acceleration, 1e-9))),
        "diff_amp": _last_over_first(amplitude) - 1,
        "diff_vel": _last_over_first(by_action) - 1,
    }


def _visionmd(height: Values, fps: float) -> dict[str, float]:
    """Mean, SD and CV of six quantities of each cycle, and five of all cycles."""
    series = _filled(height)
    cycles = np.empty((0, 3), dtype=np.int64) if series is None else _cycles(series, fps)
    if series is None or len(cycles) < 3:
        return {}
    before, peak, after = cycles.T
    share = (peak - before) / (after - before)
    base = series[before] + share * (series[after] - series[before])
    amplitude = series[peak] - base
    velocity = np.gradient(series) * fps
    duration = (after - before) / fps
    each = {
        "amplitude": amplitude,
        "speed": amplitude / duration,
        "rms_velocity": np.array([np.sqrt(np.mean(velocity[a:b] ** 2)) for a, _, b in cycles]),
        "opening_speed": amplitude / (peak - before) * fps,
        "closing_speed": amplitude / (after - peak) * fps,
        "cycle_duration": duration,
    }
    found: dict[str, float] = {}
    for name, values in each.items():
        found |= {f"mean_{name}": float(values.mean()), f"std_{name}": float(values.std()),
                  f"cv_{name}": _cv(values)}  # fmt: skip
    third = max(1, len(cycles) // 3)
    early, late = (
        third / (part[-1, 2] - part[0, 0]) * fps for part in (cycles[:third], cycles[-third:])
    )
    return found | {
        "range_cycle_duration": float(np.ptp(np.diff(peak) / fps)),
        "rate": len(cycles) / (after[-1] - before[0]) * fps,
        "amplitude_decay": 1 / _last_over_first(amplitude),
        "velocity_decay": 1 / _last_over_first(each["speed"]),
        "rate_decay": float(early / late),
    }


def _li(path: Values, fps: float) -> dict[str, float]:
    """Features of the trajectory (T, 2) of a joint in trunk lengths."""
    filled = [_filled(column) for column in path.T]
    if any(column is None for column in filled):
        return {}
    places = np.stack([column for column in filled if column is not None], axis=1)
    found: dict[str, float] = {}
    for order, name in enumerate(LI_SERIES, start=1):
        size = np.linalg.norm(np.diff(places, order, axis=0), axis=1) * fps**order
        low, high = np.percentile(size, (25, 75))
        values = (size.max(), np.median(size), size.mean(), size.std(), high - low)
        found |= {f"{name}_{key}": float(value)
                  for key, value in zip(LI_STATISTICS, values, strict=True)}  # fmt: skip
    frequency, power = periodogram(detrend(places[:, 1]), fps, window="hann", nfft=1024)
    is_in_band = (frequency >= BAND_HZ[0]) & (frequency <= BAND_HZ[1])
    frequency, power = frequency[is_in_band], power[is_in_band] + 1e-15
    shares = power / power.sum()
    return found | {
        "peak_hz": float(frequency[power.argmax()]),
        "peak_power": float(power.max()),
        "total_power": float(power.sum()),
        "spectral_entropy": float(-(shares * np.log(shares)).sum() / np.log(len(shares))),
        "hull_area": _hull_area(places),
    }


def _hull_area(places: Values) -> float:
    """Area of the convex hull of (T, 2); 0 for a line."""
    try:
        return float(ConvexHull(places).volume)
    except QhullError:
        return 0.0


def _cv(values: Values) -> float:
    mean = float(values.mean())
    return float(values.std()) / mean if abs(mean) > 1e-9 else np.nan


def _last_over_first(values: Values) -> float:
    """Mean of the last third over that of the first."""
    third = max(1, len(values) // 3)
    first = float(values[:third].mean())
    return float(values[-third:].mean()) / first if abs(first) > 1e-9 else np.nan
