"""Measures the legs of many recordings in several processes, before anybody asks for them."""

from collections.abc import Iterable
from typing import Any, Final

from pdla.data.kinematics.bouts import find_bout
from pdla.data.kinematics.published import published_features
from pdla.data.kinematics.quantities import leg_kinematics
from pdla.data.kinematics.remembering import OncePerLeg
from pdla.data.processes import FreshProcesses
from pdla.data.progress import track
from pdla.data.recordings import Recording
from pdla.data.skeletons import LEGS

# In the order in which one needs the other.
MEASUREMENTS: Final[tuple[OncePerLeg[Any], ...]] = (find_bout, leg_kinematics, published_features)
# Starting processes costs a second or two, as much as measuring 40 videos.
MIN_RECORDINGS: Final = 300


def measure_ahead(recordings: Iterable[Recording], workers: int) -> None:
    """Measure both legs of recordings; later calls of MEASUREMENTS find what was measured.

    Nothing is done with one process, or for few recordings: they are measured when needed.

    Args:
        recordings: Each once.
        workers: Number of processes.
    """
    wanted = list(recordings)
    if workers < 2 or len(wanted) < MIN_RECORDINGS:
        return
    with FreshProcesses(workers) as pool:
        found = pool.map(_measure, wanted, chunksize=8)
        shown = track(wanted, "Measuring legs", len(wanted))
        for recording, values in zip(shown, found, strict=True):
            for measurement, by_leg in zip(MEASUREMENTS, values, strict=True):
                for leg, value in zip(LEGS, by_leg, strict=True):
                    measurement.remember(recording, leg, value)


def _measure(recording: Recording) -> list[list[Any]]:
    return [[measurement(recording, leg) for leg in LEGS] for measurement in MEASUREMENTS]
