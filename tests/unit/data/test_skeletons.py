"""Mirror images swap the legs; getting this wrong swaps every label."""

import numpy as np
import pytest

from pdla.data.skeletons import (
    BONES,
    JOINT,
    MIRROR,
    N_JOINTS,
    as_leg,
    legs_of,
    mirror_keypoints,
    other_leg,
)
from tests.fixtures.people import seated


def test_mirror_swaps_left_and_right_joints_and_leaves_the_middle():
    assert MIRROR[JOINT["LKnee"]] == JOINT["RKnee"]
    assert MIRROR[JOINT["RBigToe"]] == JOINT["LBigToe"]
    assert MIRROR[JOINT["MidHip"]] == JOINT["MidHip"]
    assert sorted(MIRROR) == list(range(N_JOINTS))


def test_mirrored_left_knee_stands_where_the_right_knee_is_in_the_mirror():
    keypoints = seated(1)
    mirrored = mirror_keypoints(keypoints, width=540)
    x, y, confidence = keypoints[0, JOINT["LKnee"]]
    np.testing.assert_allclose(mirrored[0, JOINT["RKnee"]], (540 - x, y, confidence))


def test_mirroring_twice_gives_the_input_back_with_its_gaps():
    keypoints = seated(2)
    keypoints[1, JOINT["LAnkle"]] = (np.nan, np.nan, 0)
    twice = mirror_keypoints(mirror_keypoints(keypoints, 540), 540)
    np.testing.assert_array_equal(twice, keypoints)


def test_there_are_24_bones_and_each_joint_of_the_legs_is_in_one():
    assert len(set(BONES)) == 24
    joined = {joint for bone in BONES for joint in bone}
    assert set(range(9, 15)) | set(range(19, 25)) <= joined


def test_a_leg_is_l_or_r():
    assert as_leg("L") == "L"
    with pytest.raises(ValueError, match="expected L or R"):
        as_leg("left")


def test_each_leg_has_another_and_both_means_left_and_right():
    assert (other_leg("L"), other_leg("R")) == ("R", "L")
    assert (legs_of("both"), legs_of("R")) == (("L", "R"), ("R",))
    with pytest.raises(ValueError, match="leg=left: choose L, R or both"):
        legs_of("left")
