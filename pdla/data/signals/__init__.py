"""Movement of a leg as a few signals over time, where no keypoints were published."""

from pdla.data.signals.features import FEATURES, signal_features
from pdla.data.signals.signal import LegSignal

__all__ = ["FEATURES", "LegSignal", "signal_features"]
