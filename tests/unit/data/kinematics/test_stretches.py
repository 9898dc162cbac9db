"""Stretches and running means agree with SciPy, whose import the workers cannot afford."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.ndimage import binary_closing, label, uniform_filter1d

from pdla.data.kinematics.movement import _running_mean
from pdla.data.kinematics.stretches import (
    bridge_breaks,
    find_stretches,
    keep_long,
    longest_stretch,
)


def random_masks(n: int) -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    return [rng.random(rng.integers(1, 60)) < rng.random() for _ in range(n)]


def test_stretches_are_those_of_scipy() -> None:
    for mask in random_masks(200):
        numbers, n_stretches = label(mask)
        spans = find_stretches(mask)
        assert len(spans) == n_stretches
        for number, (start, end) in enumerate(spans, start=1):
            assert np.flatnonzero(numbers == number).tolist() == list(range(start, end))


def test_bridged_breaks_are_a_binary_closing() -> None:
    for width, mask in enumerate(random_masks(200)):
        bridge = np.ones(width % 12 + 1, dtype=bool)
        edge = len(bridge)
        closed = binary_closing(np.pad(mask, edge), bridge)[edge:-edge]
        assert (bridge_breaks(mask, edge - 1) == closed).all()


def test_only_long_stretches_are_kept() -> None:
    mask = np.asarray([1, 0, 1, 1, 0, 1, 1, 1], dtype=bool)
    assert keep_long(mask, 2).tolist() == [0, 0, 1, 1, 0, 1, 1, 1]
    assert longest_stretch(mask) == 3
    assert longest_stretch(np.zeros(4, dtype=bool)) == 0


@pytest.mark.parametrize("window", [3, 4, 30, 31, 100])
@pytest.mark.parametrize("n_frames", [1, 5, 500])
def test_running_mean_is_a_uniform_filter(window: int, n_frames: int) -> None:
    values = np.random.default_rng(6).normal(size=(n_frames, 3))
    expected = uniform_filter1d(values, window, axis=0, mode="nearest")
    np.testing.assert_allclose(_running_mean(values, window), expected, atol=1e-12)


def test_a_process_that_parses_imports_no_slow_library() -> None:
    code = "import sys, pdla.data.intake.parsing; print(*{n.split('.')[0] for n in sys.modules})"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert not {"scipy", "pandas", "sklearn", "rich", "torch", "matplotlib"} & set(loaded)
