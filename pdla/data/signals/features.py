"""What a rater looks at, from the flow of a tapping foot: tempo, size, regularity, decrement."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import detrend, find_peaks, periodogram

from pdla.data.signals.signal import LegSignal

# Tempo of toe taps: from one in two seconds to what 30 frames a second still show.
BAND_HZ: Final = (0.5, 6.0)
SMOOTH_S: Final = 0.1
FEATURES: Final = (
    "duration_s", "speed", "speed_peak", "speed_cv", "horizontal_share", "frequency_hz",
    "power", "peak_share", "spectral_entropy", "regularity", "taps_per_s", "cycle_cv",
    "longest_pause_s", "amplitude", "amplitude_cv", "decrement", "speed_slope",
)  # fmt: skip

Values = NDArray[np.float64]


def signal_features(signal: LegSignal) -> Values:
    """Features of one leg in the order of FEATURES.

    duration_s is the length; speed, speed_peak (95th percentile) and speed_cv (SD over mean)
    describe the total flow; horizontal_share is the horizontal part of the directed flow.
    frequency_hz, power, peak_share (within 0.3 Hz of the peak) and spectral_entropy (0 to 1) are of
    the periodogram of the vertical flow between 0.5 and 6 Hz; regularity is its autocorrelation at
    the lag of that frequency. taps_per_s, cycle_cv and longest_pause_s are of the peaks of upward
    flow; amplitude (mean flow summed over half a tap), amplitude_cv and decrement (last third over
    first, as log ratio) of the same taps; speed_slope is the slope of log speed over the trial.

    Returns:
        (17,), finite; 0 where a feature needs more taps than there were.
    """
    total, horizontal, vertical = signal.flow
    fps = signal.fps
    spectrum = _spectrum(vertical, fps)
    taps = _taps(vertical, fps, spectrum[0])
    speed = float(total.mean())
    sides = float(np.abs(horizontal).mean() + np.abs(vertical).mean())
    values = (
        signal.duration_s,
        speed,
        float(np.percentile(total, 95)),
        float(total.std() / speed) if speed > 0 else 0.0,
        float(np.abs(horizontal).mean() / sides) if sides > 0 else 0.0,
        *spectrum,
        _autocorrelation(vertical, round(fps / spectrum[0]) if spectrum[0] > 0 else 0),
        *taps,
        _log_slope(total),
    )
    return np.nan_to_num(np.array(values, dtype=np.float64), posinf=0.0, neginf=0.0)


def _spectrum(series: Values, fps: float) -> tuple[float, float, float, float]:
    """Frequency of the peak, power in the band, share around the peak, entropy."""
    frequency, power = periodogram(detrend(series), fps, window="hann", nfft=1024)
    is_in_band = (frequency >= BAND_HZ[0]) & (frequency <= BAND_HZ[1])
    frequency, power = frequency[is_in_band], power[is_in_band]
    total = float(power.sum())
    if total <= 0:
        return 0.0, 0.0, 0.0, 0.0
    peak = float(frequency[power.argmax()])
    shares = power / total
    entropy = float(-(shares * np.log(shares + 1e-12)).sum() / np.log(len(shares)))
    return peak, total, float(shares[np.abs(frequency - peak) <= 0.3].sum()), entropy


def _autocorrelation(series: Values, lag: int) -> float:
    """Correlation of a series with itself `lag` frames later."""
    if not 0 < lag < len(series) - 2:
        return 0.0
    one, other = detrend(series)[:-lag], detrend(series)[lag:]
    spread = one.std() * other.std()
    return float(((one - one.mean()) * (other - other.mean())).mean() / spread) if spread else 0.0


def _taps(vertical: Values, fps: float, frequency: float) -> tuple[float, ...]:
    """Rate, CV of cycles, longest pause, amplitude, its CV and its decrement, of upward peaks."""
    width = max(1, round(SMOOTH_S * fps))
    smooth = np.convolve(detrend(vertical), np.ones(width) / width, mode="same")
    distance = max(1.0, 0.5 * fps / max(frequency, BAND_HZ[0]))
    peaks, _ = find_peaks(smooth, distance=distance, prominence=0.5 * smooth.std() + 1e-9)
    if len(peaks) < 3:
        return len(peaks) * fps / len(vertical), 0.0, 0.0, 0.0, 0.0, 0.0
    cycle = np.diff(peaks) / fps
    half = max(1, round(0.25 * float(np.median(cycle)) * fps))
    sums = np.array([np.abs(smooth[max(0, p - half) : p + half + 1]).sum() for p in peaks])
    third = max(1, len(sums) // 3)
    decrement = float(np.log((sums[-third:].mean() + 1e-9) / (sums[:third].mean() + 1e-9)))
    return (
        1 / float(cycle.mean()),
        float(cycle.std() / cycle.mean()),
        float(cycle.max() - np.median(cycle)),
        float(sums.mean()),
        float(sums.std() / sums.mean()),
        decrement,
    )


def _log_slope(total: Values) -> float:
    """Change of log speed over the trial, on the fitted line."""
    place = np.linspace(-0.5, 0.5, len(total))
    logs = np.log(total + 1e-6)
    return float((place @ (logs - logs.mean())) / (place @ place)) if len(total) > 2 else 0.0
