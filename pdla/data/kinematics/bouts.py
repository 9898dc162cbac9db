"""When does the scored leg move? A video shows both legs' bouts; only one of them is scored."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pdla.data.kinematics.heights import leg_height
from pdla.data.kinematics.movement import WINDOW_S, leg_movement
from pdla.data.kinematics.remembering import OncePerLeg
from pdla.data.kinematics.stretches import bridge_breaks, find_stretches
from pdla.data.kinematics.taps import Tap, find_taps
from pdla.data.recordings import Recording
from pdla.data.skeletons import Leg, other_leg

MIN_MOVEMENT = 0.008  # trunk lengths, SD in a window; the smallest amplitude seen is 0.03
SHARE_OF_PEAK = 0.25
MAX_HALT_S = 2.5  # an arrest inside a bout must not cut it in two
MIN_BOUT_S = 1.0
MIN_RISE = 0.02  # trunk lengths; the smallest mean amplitude seen is 0.03 (simulation/reference.py)


@dataclass(frozen=True)
class Bout:
    """Seconds in which a leg does the task, from the start of the recording."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


@OncePerLeg
def find_bout(recording: Recording, leg: Leg) -> Bout | None:
    """Find the stretch of a recording in which one leg is raised and stamped.

    First roughly: the leg's movement is the SD of its height over a second, in trunk lengths. Where
    it passes a quarter of its own peak the leg moves; halts up to 2.5 s are bridged, and of several
    stretches the one with the most movement is taken. The other leg's movement is subtracted first,
    so that sway of the body or the camera, which both legs share, is no bout. Then exactly: from
    the first lift of the foot in that stretch to its last landing. Where the data set says when the
    leg did the task (`recording.bouts`), that is the stretch.

    Returns:
        The bout, or None for a leg that never moves or was never seen.
    """
    known = recording.bouts.get(leg)
    rough = Bout(*known) if known else _rough_bout(recording, leg)
    if rough is None:
        return None
    taps = bout_taps(recording, leg, rough)
    if not taps:
        return rough
    return Bout(taps[0].lift_s, max(taps[-1].floor_s, taps[0].lift_s + MIN_BOUT_S))


def _rough_bout(recording: Recording, leg: Leg) -> Bout | None:
    """Where the leg moves, half a second too long at either end at the most."""
    own = leg_movement(recording, leg)
    other = leg_movement(recording, other_leg(leg))
    movement = np.clip(own - other, 0.0, None)
    threshold = max(MIN_MOVEMENT, SHARE_OF_PEAK * float(np.percentile(movement, 98)))
    is_moving = movement > threshold
    halt_frames = max(1, round(MAX_HALT_S * recording.fps)) - 1
    stretches = find_stretches(bridge_breaks(is_moving, halt_frames))
    if not len(stretches):
        return None
    first, end = max(stretches, key=lambda span: float(movement[span[0] : span[1]].sum()))
    bout = Bout(float(first / recording.fps), float(end / recording.fps))
    return bout if bout.duration_s >= MIN_BOUT_S else None


def bout_taps(recording: Recording, leg: Leg, bout: Bout) -> list[Tap]:
    """Taps of a leg in a bout, in seconds of the recording; halts split off what is not the task.

    Returns:
        Taps in time order; empty if the foot never left the floor or was seen too seldom.
    """
    first = max(0, round((bout.start_s - WINDOW_S / 2) * recording.fps))
    last = min(recording.n_frames, round((bout.end_s + WINDOW_S / 2) * recording.fps))
    height = leg_height(recording, leg)[first:last]
    if len(height) == 0 or np.isfinite(height).mean() < 0.5:
        return []
    start_s = first / recording.fps
    taps = [
        Tap(tap.lift_s + start_s, tap.peak_s + start_s, tap.floor_s + start_s, tap.amplitude)
        for tap in find_taps(height, recording.fps, MIN_RISE)
    ]
    return _longest_series(taps)


def _longest_series(taps: list[Tap]) -> list[Tap]:
    """Of taps with long pauses between them, those that belong together."""
    series: list[list[Tap]] = [[tap] for tap in taps[:1]]
    for before, tap in pairwise(taps):
        if tap.lift_s - before.floor_s > MAX_HALT_S:
            series.append([])
        series[-1].append(tap)
    return max(series, key=len, default=[])
