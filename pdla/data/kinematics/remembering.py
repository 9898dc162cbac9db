"""What was measured of a recording is not measured again as long as the recording is in use."""

import weakref
from collections.abc import Callable
from functools import update_wrapper
from typing import Generic, TypeVar

from pdla.data.recordings import Recording
from pdla.data.skeletons import Leg

Found = TypeVar("Found")


class OncePerLeg(Generic[Found]):
    """A measurement that remembers its value for each leg, until the recording is gone.

    The folds of a sweep, and the parts of a run, ask for the same bouts again and again. No
    recording ever changes: one with other keypoints is another object. Used as a decorator.

    Args:
        measure: Gives a small value of one leg of a recording.
    """

    def __init__(self, measure: Callable[[Recording, Leg], Found]) -> None:
        self._measure = measure
        self._known: dict[int, dict[Leg, Found]] = {}
        update_wrapper(self, measure)

    def __call__(self, recording: Recording, leg: Leg) -> Found:
        """The value of a leg, measured at the first call."""
        legs = self._known.get(id(recording), {})
        if leg not in legs:
            self.remember(recording, leg, self._measure(recording, leg))
        return self._known[id(recording)][leg]

    def remember(self, recording: Recording, leg: Leg, value: Found) -> None:
        """Take a value that another process has measured."""
        if id(recording) not in self._known:
            weakref.finalize(recording, self._known.pop, id(recording), None)
        self._known.setdefault(id(recording), {})[leg] = value

    def __len__(self) -> int:
        """Recordings that are remembered."""
        return len(self._known)
