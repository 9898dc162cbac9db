"""Movement of a leg as a few signals over time, where no keypoints were published."""

from typing import TYPE_CHECKING

from pdla.data.signals.signal import LegSignal
from pdla.lazy import lazy_names

if TYPE_CHECKING:
    from pdla.data.signals.features import FEATURES, signal_features

__all__ = ["FEATURES", "LegSignal", "signal_features"]
__getattr__, __dir__ = lazy_names(
    __name__, {"pdla.data.signals.features": ("FEATURES", "signal_features")}
)
