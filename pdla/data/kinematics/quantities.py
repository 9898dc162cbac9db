"""What a neurologist looks at, in numbers: height, tempo, decrement, hesitations, halts."""

import numpy as np

from pdla.data.kinematics.bouts import Bout, bout_taps, find_bout
from pdla.data.kinematics.remembering import OncePerLeg
from pdla.data.kinematics.taps import Tap
from pdla.data.quantities import LegKinematics
from pdla.data.recordings import Recording
from pdla.data.skeletons import Leg

# A cycle longer than the median by so much holds a hesitation: 2.4 frames at 30 fps.
HESITATION_S = 0.08
ARREST_S = 0.6  # by so much, an arrest: more than a whole cycle at the median rate of 2.05 a second


@OncePerLeg
def leg_kinematics(recording: Recording, leg: Leg) -> LegKinematics:
    """Measure one leg of a recording: find its bout and taps, then their quantities.

    A leg that never moved or was never seen has 0 taps, amplitude 0 and NaN elsewhere.
    """
    return measure_bout(recording, leg, find_bout(recording, leg))


def measure_bout(recording: Recording, leg: Leg, bout: Bout | None) -> LegKinematics:
    """Clinical quantities of a leg in a bout; None for a leg that never moved."""
    if bout is None:
        return measure_taps([], Bout(0.0, 0.0))
    return measure_taps(bout_taps(recording, leg, bout), bout)


def measure_taps(taps: list[Tap], bout: Bout) -> LegKinematics:
    """Clinical quantities of a series of taps.

    Args:
        taps: Taps in time order; may be empty.
        bout: When the leg did the task.
    """
    height = np.array([tap.amplitude for tap in taps])
    cycle = np.diff([tap.lift_s for tap in taps])
    excess = cycle - np.median(cycle) if len(cycle) else cycle
    is_arrest = excess >= ARREST_S
    usual = cycle[~is_arrest]
    up = [tap.amplitude / max(tap.peak_s - tap.lift_s, 1e-3) for tap in taps]
    down = [tap.amplitude / max(tap.floor_s - tap.peak_s, 1e-3) for tap in taps]
    third = max(1, len(height) // 3)
    moving = sum(tap.floor_s - tap.lift_s for tap in taps)
    enough, several = len(taps) >= 2, len(taps) >= 3
    return LegKinematics(
        n_taps=len(taps),
        bout_s=bout.duration_s,
        taps_per_s=float(1 / usual.mean()) if len(usual) else np.nan,
        amplitude=float(height.mean()) if len(taps) else 0.0,
        amplitude_cv=float(height.std() / height.mean()) if enough else np.nan,
        amplitude_slope=_relative_slope(height) if several else np.nan,
        amplitude_first_over_last=(
            float(height[:third].mean() / height[-third:].mean()) if several else np.nan
        ),
        opening_speed=float(np.mean(up)) if taps else np.nan,
        closing_speed=float(np.mean(down)) if taps else np.nan,
        cycle_cv=float(usual.std() / usual.mean()) if len(usual) > 1 else np.nan,
        cycle_range_s=float(np.ptp(usual)) if len(usual) > 1 else np.nan,
        n_hesitations=int(((excess >= HESITATION_S) & ~is_arrest).sum()),
        n_arrests=int(is_arrest.sum()),
        longest_arrest_s=float(excess.max(initial=0.0)) if enough else np.nan,
        share_moving=min(1.0, moving / bout.duration_s) if bout.duration_s > 0 else 0.0,
    )


def _relative_slope(height: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    place = np.linspace(-0.5, 0.5, len(height))
    return float((place @ (height - height.mean())) / (place @ place) / height.mean())
