"""Where chance comes from: one generator for each thing, and slow wandering in time."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Array = NDArray[np.float64]

# First number of the key; a new kind of stream gets a new number, so that old streams stay as they
# are.
STREAMS: Final = {
    "patient": 0,
    "video": 1,
    "labels": 2,
    "ids": 3,
    "traps": 4,
    "person": 6,
    "bouts": 5,
    "trap_places": 7,
    "reference": 8,
    "framings": 9,
    "variety": 10,
    "cuts": 11,
    "raters": 12,
}


def stream(seed: int, kind: str, index: int = 0) -> np.random.Generator:
    """Generator of (seed, kind, index) and nothing else, whichever process asks."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(STREAMS[kind], index)))


def wander(
    n_frames: int, fps: float, time_s: float, rng: np.random.Generator, n_series: int = 1
) -> Array:
    """Ornstein-Uhlenbeck walks: mean 0, SD 1, forgetting themselves over `time_s` seconds.

    Returns:
        (T, n_series), the same process at any frame rate.
    """
    keep = float(np.exp(-1.0 / (fps * time_s)))
    steps = rng.standard_normal((n_frames, n_series))
    steps[1:] *= np.sqrt(1.0 - keep * keep)
    return np.asarray(lfilter([1.0], [1.0, -keep], steps, axis=0))
