"""Clips must come from the bout of the scored leg, not from the other leg's."""

import numpy as np
import pytest

from pdla.data.kinematics.bouts import find_bout
from pdla.data.recordings import Recording
from pdla.data.skeletons import JOINT
from tests.fixtures.people import FPS, FRAME_SIZE, lift, make_recording, seated


@pytest.mark.parametrize(("leg", "start_s", "end_s"), [("R", 1.0, 5.0), ("L", 7.0, 11.0)])
def test_each_leg_gets_its_own_bout(recording, leg, start_s, end_s):
    bout = find_bout(recording, leg)
    assert bout.start_s == pytest.approx(start_s, abs=0.6)
    assert bout.end_s == pytest.approx(end_s, abs=0.6)


def test_a_leg_that_never_moves_has_no_bout():
    assert find_bout(make_recording(left_amplitude_px=0.0), "L") is None


def test_a_leg_that_was_never_seen_has_no_bout():
    keypoints = make_recording().keypoints.copy()
    keypoints[:, [JOINT["LKnee"], JOINT["LAnkle"], JOINT["LHeel"]]] = (np.nan, np.nan, 0)
    assert find_bout(Recording("V-1", keypoints, FPS, FRAME_SIZE), "L") is None


def test_a_halt_inside_the_task_does_not_cut_the_bout():
    keypoints = seated(360)
    lift(keypoints, "R", 1.0, 4.0)
    lift(keypoints, "R", 5.5, 9.0)
    bout = find_bout(Recording("V-1", keypoints, FPS, FRAME_SIZE), "R")
    assert bout.duration_s == pytest.approx(8.0, abs=1.0)


def test_sway_of_the_whole_body_is_no_bout():
    keypoints = seated(360)
    keypoints[..., 1] += 10 * np.sin(np.arange(360) / 10)[:, None]
    assert find_bout(Recording("V-1", keypoints, FPS, FRAME_SIZE), "R") is None
