"""Keypoints as a network sees them: hips, trunk lengths, what was unseen; graphs; speed."""

import time

import pytest
import torch

from pdla.data.skeletons import JOINT, MIRROR
from pdla.models.graph_networks import body_graphs
from pdla.models.keypoint_features import (
    PARENT,
    body_coordinates,
    keypoint_features,
    n_channels,
)
from tests.fixtures.models import make_model
from tests.fixtures.people import seated


def person(n_frames=4):
    return torch.from_numpy(seated(n_frames))[None]


def test_places_are_in_trunk_lengths_from_the_hips():
    points = body_coordinates(person())
    torch.testing.assert_close(points[0, :, JOINT["MidHip"]], torch.zeros(4, 2))
    torch.testing.assert_close(points[0, 0, JOINT["Neck"]], torch.tensor([0.0, -1.0]))


def test_where_and_how_large_a_person_is_in_the_picture_does_not_matter():
    moved = person().clone()
    moved[..., :2] = moved[..., :2] * 0.37 + 111.0
    torch.testing.assert_close(body_coordinates(moved), body_coordinates(person()))


def test_one_wrong_frame_of_the_hips_does_not_move_the_others():
    wrong = person(9).clone()
    wrong[0, 4, JOINT["MidHip"], :2] = torch.tensor([0.0, 900.0])
    torch.testing.assert_close(body_coordinates(wrong)[:, :4], body_coordinates(person(9))[:, :4])


def test_an_unseen_joint_is_0_and_marked_never_a_place():
    keypoints = person()
    keypoints[:, 2, JOINT["RHeel"]] = torch.tensor([torch.nan, torch.nan, 0.0])
    streams = ("joint", "bone", "motion", "bone_motion", "lift")
    features = keypoint_features(keypoints, streams)
    assert features.shape == (1, n_channels(streams), 4, 25)
    assert features.isfinite().all()
    assert (features[0, :, 2, JOINT["RHeel"]] == 0).all()
    assert features[0, -1, 1, JOINT["RHeel"]] == 1
    assert (features[0, 4:8, 3, JOINT["RHeel"]] == 0).all()  # no motion out of the unknown


@pytest.mark.parametrize("unseen", [("MidHip", "LHip", "RHip"), ("Neck",), tuple(JOINT)])
def test_without_hips_trunk_or_anybody_features_stay_finite_and_of_unit_size(unseen):
    keypoints = person()
    for name in unseen:
        keypoints[:, :, JOINT[name]] = torch.tensor([torch.nan, torch.nan, 0.0])
    features = keypoint_features(keypoints, ("joint", "motion"))
    assert features.isfinite().all()
    assert features.abs().max() < 5


def test_every_bone_leads_to_the_hips_and_the_graph_is_the_same_in_the_mirror():
    for joint in range(25):
        for _ in range(8):
            joint = PARENT[joint]  # noqa: PLW2901
        assert joint == JOINT["MidHip"]
    assert all(MIRROR[PARENT[joint]] == PARENT[MIRROR[joint]] for joint in range(25))
    graphs = body_graphs()
    assert graphs[1].count_nonzero() == graphs[2].count_nonzero() == 24


def test_unknown_streams_and_odd_widths_are_refused():
    with pytest.raises(ValueError, match="choose some of joint"):
        make_model("stgcn", "model.streams=[bones]")
    with pytest.raises(ValueError, match="multiples of 6"):
        make_model("stgcn", "model.channels=[20,40,80]")


@pytest.mark.slow
def test_stgcn_scores_a_clip_of_four_seconds_in_15_ms_on_one_core():
    model, batch = make_model("stgcn").eval(), {"keypoints": person(60)}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        times = []
        with torch.inference_mode():
            for _ in range(30):
                start = time.perf_counter()
                model(batch)
                times.append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    assert sorted(times)[15] < 0.015


def test_lift_says_what_moves_not_how_a_person_is_built():
    still, moved = person(9), person(9).clone()
    assert (keypoint_features(still, ["lift"])[:, :2] == 0).all()
    moved[:, 4, JOINT["RAnkle"], 1] -= 250  # a trunk length up in the picture
    lifted = keypoint_features(moved, ["lift"])[0, 1, :, JOINT["RAnkle"]]
    torch.testing.assert_close(lifted, torch.tensor([0.0] * 4 + [-3.0] + [0.0] * 4))


@pytest.mark.parametrize("shown", [("Hip", "Knee", "Ankle", "Toe"), ("Knee", "Ankle", "Toe")])
def test_places_without_a_trunk_or_hips_are_nearly_those_of_the_whole_body(shown):
    feet = [JOINT[f"{leg}{part}"] for leg in "LR" for part in ("Ankle", "BigToe")]
    unseen = [joint for name, joint in JOINT.items() if not name.endswith(shown)]
    whole = person()
    part = whole.clone()
    part[:, :, unseen, :2], part[:, :, unseen, 2] = torch.nan, 0.0
    shift = body_coordinates(part)[:, :, feet] - body_coordinates(whole)[:, :, feet]
    assert shift.abs().max() < 0.5
