"""One leg's movement as signals: the representation for optical flow."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.skeletons import Leg

N_CHANNELS: Final = 3
MAX_RATING: Final = 4.0


@dataclass(frozen=True)
class LegSignal:
    """Optical flow around one foot during a task.

    Attributes:
        trial: Where a person finds it, such as `trial 21 (shake)`.
        leg: Which leg.
        flow: (3, T) total, horizontal and vertical flow in each frame, in head lengths; no NaN.
        fps: Frames a second.
        patient: Whose leg; all trials of a person share it.
        rating: Mean of the raters, 0 to 4, or None if unrated.

    Raises:
        ValueError: If a value cannot be that of a signal.
    """

    trial: str
    leg: Leg
    flow: NDArray[np.float64]
    fps: float
    patient: str
    rating: float | None

    def __post_init__(self) -> None:
        """Check the values once."""
        if self.flow.ndim != 2 or self.flow.shape[0] != N_CHANNELS or self.flow.shape[1] == 0:
            raise ValueError(f"{self.trial}: flow {self.flow.shape}, expected (3, T > 0)")
        if not np.isfinite(self.flow).all():
            raise ValueError(f"{self.trial}: flow with NaN or infinite values")
        if not self.fps > 0:
            raise ValueError(f"{self.trial}: fps={self.fps}, expected more than 0")
        if self.rating is not None and not 0 <= self.rating <= MAX_RATING:
            raise ValueError(f"{self.trial}: rating {self.rating}, expected 0 to 4")

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return float(self.flow.shape[1] / self.fps)
