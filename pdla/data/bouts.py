"""When does the scored leg move? A video shows both legs' bouts; only one of them is scored."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, label, uniform_filter1d

from pdla.data.recordings import Recording
from pdla.data.skeletons import JOINT, Leg

WINDOW_S = 1.0  # one tap at the slowest seen rate, 1.0 a second (DATA.md section 4)
MIN_MOVEMENT = 0.010  # trunk lengths, SD in a window; half of the smallest amplitude seen, 0.03
SHARE_OF_PEAK = 0.25
MAX_HALT_S = 2.5  # an arrest inside a bout must not cut it in two
MIN_BOUT_S = 1.0


@dataclass(frozen=True)
class Bout:
    """Seconds in which a leg does the task, from the start of the recording."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


def find_bout(recording: Recording, leg: Leg) -> Bout | None:
    """Find the stretch of a recording in which one leg is raised and stamped.

    The leg's movement is the SD of its height over a second, in trunk lengths. Where it passes a
    quarter of its own peak the leg moves; halts up to 2.5 s are bridged, and of several stretches
    the one with the most movement is the bout. The other leg's movement is subtracted first, so
    that sway of the body or the camera, which both legs share, is no bout.

    Returns:
        The bout, or None for a leg that never moves or was never seen.
    """
    own = leg_movement(recording, leg)
    other = leg_movement(recording, "L" if leg == "R" else "R")
    movement = np.clip(own - other, 0.0, None)
    threshold = max(MIN_MOVEMENT, SHARE_OF_PEAK * float(np.percentile(movement, 98)))
    is_moving = movement > threshold
    bridge = np.ones(max(1, round(MAX_HALT_S * recording.fps)), dtype=bool)
    padded = np.pad(is_moving, len(bridge))
    is_moving = binary_closing(padded, bridge)[len(bridge) : -len(bridge)]
    stretches, n_stretches = label(is_moving)
    if n_stretches == 0:
        return None
    totals = np.bincount(stretches, weights=movement)[1:]
    frames = np.flatnonzero(stretches == int(np.argmax(totals)) + 1)
    bout = Bout(float(frames[0] / recording.fps), float((frames[-1] + 1) / recording.fps))
    return bout if bout.duration_s >= MIN_BOUT_S else None


def leg_movement(recording: Recording, leg: Leg) -> NDArray[np.float64]:
    """SD of the leg's height in a window of one second, in trunk lengths.

    Args:
        recording: Keypoints; NaN where a joint was not seen.
        leg: Which leg.

    Returns:
        (T,) of the mean over knee, ankle and heel; a joint counts where it was seen in at least
        half of the window, and 0 stands where none was.
    """
    y = recording.keypoints[:, [JOINT[f"{leg}{part}"] for part in ("Knee", "Ankle", "Heel")], 1]
    heights = -y.astype(np.float64) / trunk_length_px(recording)
    seen = np.isfinite(heights)
    window = max(3, round(WINDOW_S * recording.fps))
    filled = np.where(seen, heights, 0.0)
    share = uniform_filter1d(seen.astype(np.float64), window, axis=0, mode="nearest")
    weight = np.maximum(share, 1e-9)
    mean = uniform_filter1d(filled, window, axis=0, mode="nearest") / weight
    square = uniform_filter1d(filled**2, window, axis=0, mode="nearest") / weight
    spread = np.sqrt(np.clip(square - mean**2, 0.0, None))
    counts = share >= 0.5
    return np.asarray((spread * counts).sum(axis=1) / np.maximum(counts.sum(axis=1), 1))


def trunk_length_px(recording: Recording) -> float:
    """Median distance from neck to mid-hip, the unit of every height (DATA.md section 4).

    Raises:
        ValueError: If neck and mid-hip were never seen together.
    """
    neck = recording.keypoints[:, JOINT["Neck"], :2]
    hips = recording.keypoints[:, JOINT["MidHip"], :2]
    lengths = np.linalg.norm(neck - hips, axis=1)
    if not np.isfinite(lengths).any():
        raise ValueError(
            f"{recording.video}: neck and mid-hip never seen together, no trunk length"
        )
    return max(float(np.nanmedian(lengths)), 1.0)
