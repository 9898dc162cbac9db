"""Every height is in one unit, also where the trunk is not in the picture."""

import numpy as np
import pytest

from pdla.data.kinematics.body_length import body_length_px
from pdla.data.kinematics.bouts import find_bout
from pdla.data.kinematics.heights import leg_height
from pdla.data.kinematics.quantities import leg_kinematics
from pdla.data.recordings import Recording
from pdla.data.simulation.cohort import plan_videos
from pdla.data.simulation.options import SimulationOptions
from pdla.data.simulation.video import film
from pdla.data.skeletons import JOINT, JOINTS, TRUNK_PER_LEG, TRUNK_PER_SHANK
from tests.fixtures.people import FPS, FRAME_SIZE, make_recording, seated

LOWER = [name for name in JOINTS if name[1:] in ("Knee", "Ankle", "Heel", "BigToe", "SmallToe")]
HIPS = ["LHip", "RHip", "MidHip"]


def only(keypoints, names):
    """A copy in which no other joint was seen."""
    kept = np.full_like(keypoints, np.nan)
    kept[..., 2] = 0
    joints = [JOINT[name] for name in names]
    kept[:, joints] = keypoints[:, joints]
    return kept


def test_the_trunk_is_from_neck_to_mid_hip(recording):
    assert body_length_px(recording.keypoints) == 250


@pytest.mark.parametrize("names", [[*HIPS, *LOWER], ["LHip", *LOWER], LOWER])
def test_legs_stand_for_a_trunk_that_was_not_filmed(recording, names):
    legs_only = Recording("V-1", only(recording.keypoints, names), FPS, FRAME_SIZE)
    assert body_length_px(legs_only.keypoints) == pytest.approx(250, rel=0.35)
    for leg in ("L", "R"):
        assert leg_kinematics(legs_only, leg).n_taps == 8
        whole, part = find_bout(recording, leg), find_bout(legs_only, leg)
        assert (part.start_s, part.end_s) == pytest.approx((whole.start_s, whole.end_s), abs=0.05)


def test_a_trunk_that_flashes_up_in_a_few_frames_is_not_the_unit(recording):
    legs_only = only(recording.keypoints, LOWER)
    length = body_length_px(legs_only)
    legs_only[5:8, [JOINT["Neck"], JOINT["MidHip"]]] = [[10, 10, 0.2], [12, 15, 0.2]]
    assert body_length_px(legs_only) == length


def test_without_any_body_length_there_is_no_height_no_bout_and_no_stop():
    feet = only(make_recording().keypoints, ["LHeel", "RHeel", "LAnkle", "RAnkle"])
    recording = Recording("V-1", feet, FPS, FRAME_SIZE)
    assert np.isnan(body_length_px(feet))
    assert np.isnan(leg_height(recording, "R")).all()
    assert leg_kinematics(recording, "R").n_taps == 0


def test_a_person_of_no_size_has_length_1():
    keypoints = seated(10)
    keypoints[..., :2] = 7
    assert body_length_px(keypoints) == 1


@pytest.mark.slow
def test_lengths_from_legs_agree_with_the_trunk_of_whole_bodies():
    """The figures of `body_length_px`; run with -s to see them."""
    trunk, leg, shank = [], [], []
    for seed, scores in ((0, "clinic"), (1, "balanced")):
        options = SimulationOptions(videos=124, seed=seed, scores=scores)
        for plan in plan_videos(options)[::2]:
            keypoints = film(plan, options).keypoints.astype(np.float32)
            keypoints[keypoints[..., 2] == 0] = (np.nan, np.nan, 0)
            trunk.append(body_length_px(keypoints))
            leg.append(body_length_px(only(keypoints, [*HIPS, *LOWER])))
            shank.append(body_length_px(only(keypoints, LOWER)))
    for estimate, factor, median, most in (
        (leg, TRUNK_PER_LEG, 0.048, 0.15),
        (shank, TRUNK_PER_SHANK, 0.071, 0.18),
    ):
        difference = np.abs(np.log(np.array(estimate) / np.array(trunk)))
        print(factor, np.median(difference), np.percentile(difference, 95))
        assert np.median(np.array(estimate) / np.array(trunk)) == pytest.approx(1.0, abs=0.005)
        assert np.median(difference) == pytest.approx(median, abs=0.005)
        assert np.percentile(difference, 95) == pytest.approx(most, abs=0.01)
