"""What was measured of a recording is not measured again as long as the recording is in use."""

import weakref
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from pdla.data.recordings import Recording
from pdla.data.skeletons import Leg

Found = TypeVar("Found")


def once_per_leg(measure: Callable[[Recording, Leg], Found]) -> Callable[[Recording, Leg], Found]:
    """Remember a small value of each leg of a recording, until the recording is gone.

    The folds of a sweep, and the parts of a run, ask for the same bouts again and again. No
    recording ever changes: one with other keypoints is another object.
    """
    known: dict[int, dict[Leg, Found]] = {}

    @wraps(measure)
    def remembered(recording: Recording, leg: Leg) -> Found:
        legs = known.get(id(recording))
        if legs is None:
            legs = known[id(recording)] = {}
            weakref.finalize(recording, known.pop, id(recording), None)
        if leg not in legs:
            legs[leg] = measure(recording, leg)
        return legs[leg]

    return remembered
