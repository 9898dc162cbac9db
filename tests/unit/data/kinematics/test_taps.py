"""Taps are counted as a person would count them."""

from itertools import pairwise

import numpy as np
import pytest

from pdla.data.kinematics.bouts import Bout, bout_taps, find_bout
from pdla.data.kinematics.quantities import LegKinematics, leg_kinematics, measure_taps
from pdla.data.kinematics.taps import Tap, find_taps
from pdla.data.recordings import Recording
from pdla.data.skeletons import JOINT
from tests.fixtures.people import FPS, FRAME_SIZE, make_recording, seated


def sine_lifts(n_taps, amplitude=0.3, rate=2.0):
    """A second of rest, n lifts, a second of rest."""
    time_s = np.arange(round(n_taps / rate * FPS)) / FPS
    lifts = amplitude * np.sin(np.pi * rate * time_s) ** 2
    return np.concatenate([np.zeros(30), lifts, np.zeros(30)])


def test_a_sine_of_three_lifts_has_three_taps():
    taps = find_taps(sine_lifts(3), FPS)
    assert len(taps) == 3
    np.testing.assert_allclose([tap.peak_s for tap in taps], [1.25, 1.75, 2.25], atol=0.04)
    np.testing.assert_allclose([tap.amplitude for tap in taps], 0.3, rtol=0.06)


def test_taps_are_in_order_and_never_overlap():
    taps = find_taps(sine_lifts(8) + np.random.default_rng(0).normal(0, 0.01, 180), FPS)
    assert len(taps) == 8
    for tap, following in pairwise(taps):
        assert tap.lift_s < tap.peak_s < tap.floor_s <= following.lift_s + 1e-9


def test_a_foot_that_never_leaves_the_floor_has_no_tap():
    still = np.random.default_rng(1).normal(0, 0.004, 200)
    assert find_taps(still, FPS) == []


def test_short_gaps_do_not_lose_or_add_taps():
    height = sine_lifts(6)
    height[60:65] = np.nan
    assert len(find_taps(height, FPS)) == 6


def test_a_leg_that_was_hardly_seen_is_refused_and_so_is_an_fps_of_0():
    height = sine_lifts(3)
    height[: len(height) // 2 + 5] = np.nan
    with pytest.raises(ValueError, match="expected at least 50%"):
        find_taps(height, FPS)
    with pytest.raises(ValueError, match="fps=0"):
        find_taps(sine_lifts(3), 0)


def test_kinematics_of_a_known_movement(recording):
    measured = leg_kinematics(recording, "R")  # 2 taps a second, 60 px at a trunk of 250 px
    assert measured.n_taps == 8
    assert measured.taps_per_s == pytest.approx(2.0, rel=0.02)
    assert measured.amplitude == pytest.approx(60 / 250, rel=0.05)
    assert measured.amplitude_cv < 0.05
    assert measured.n_hesitations == 0
    assert measured.n_arrests == 0


def test_falling_amplitude_shows_as_a_negative_slope_and_a_ratio_over_1():
    taps = [Tap(n / 2, n / 2 + 0.2, n / 2 + 0.4, 0.4 - 0.03 * n) for n in range(10)]
    measured = measure_taps(taps, Bout(0, 5))
    assert measured.amplitude_slope == pytest.approx(-0.27 / 0.265, rel=1e-6)
    assert measured.amplitude_first_over_last == pytest.approx(0.37 / 0.16, rel=1e-6)


def test_a_halt_is_an_arrest_and_does_not_slow_the_tempo():
    starts = [0.0, 0.5, 1.0, 1.5, 3.5, 4.0, 4.5]
    taps = [Tap(start, start + 0.2, start + 0.4, 0.3) for start in starts]
    measured = measure_taps(taps, Bout(0, 5))
    assert measured.n_arrests == 1
    assert measured.longest_arrest_s == pytest.approx(1.5)
    assert measured.taps_per_s == pytest.approx(2.0)


def test_a_leg_that_never_moved_has_quantities_and_no_crash():
    measured = leg_kinematics(make_recording(left_amplitude_px=0.0), "L")
    assert measured.n_taps == 0
    assert measured.amplitude == 0
    assert np.isnan(measured.taps_per_s)
    assert set(measured.as_row()) == set(LegKinematics.__dataclass_fields__)


@pytest.mark.parametrize("lost", [["Ankle"], ["Ankle", "Heel", "BigToe", "SmallToe"], ["Knee"]])
def test_taps_are_found_without_some_joints(recording, lost):
    keypoints = recording.keypoints.copy()
    for part in lost:
        keypoints[:, JOINT[f"R{part}"]] = (np.nan, np.nan, 0)
    partial = Recording("V-1", keypoints, FPS, FRAME_SIZE)
    assert leg_kinematics(partial, "R").n_taps == 8


def test_a_moving_camera_adds_no_taps(recording):
    keypoints = recording.keypoints.copy()
    keypoints[..., 1] += np.linspace(0, 80, len(keypoints), dtype=np.float32)[:, None]
    moved = Recording("V-1", keypoints, FPS, FRAME_SIZE)
    bout = find_bout(moved, "R")
    assert len(bout_taps(moved, "R", bout)) == 8


def test_one_frame_and_no_leg_at_all_give_no_bout():
    assert find_bout(Recording("V-1", seated(1), FPS, FRAME_SIZE), "R") is None
    blind = np.full((90, 25, 3), np.nan, dtype=np.float32)
    blind[:, [JOINT["Neck"], JOINT["MidHip"]]] = [[270, 290, 0.9], [270, 540, 0.9]]
    blind[~np.isfinite(blind[..., 0])] = (np.nan, np.nan, 0)
    assert find_bout(Recording("V-1", blind, FPS, FRAME_SIZE), "L") is None
