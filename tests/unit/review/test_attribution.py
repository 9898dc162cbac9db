"""What a model looked at: right where it can be told, finite for every model, and in words."""

import numpy as np
import pandas as pd
import pytest
import torch

from pdla.data.quantities import KINEMATICS
from pdla.data.skeletons import JOINT
from pdla.models.keypoint_features import keypoint_features
from pdla.models.trajectory_networks import TRAJECTORIES, trajectories, trajectories_by_joint
from pdla.review.attribution import attribute
from pdla.review.leg_panels import colour_overlay
from pdla.review.leg_pictures import largest_bars
from pdla.review.legs import choose_legs
from pdla.review.words import channel_words, joint_words, quantity_words
from tests.fixtures.models import EACH, batch_for, make_model


@pytest.mark.parametrize("name", EACH)
def test_every_model_gives_features_and_attribution_for_each_clip(name):
    model = make_model(name).eval()
    model.set_training_counts([3, 3, 3, 3, 0])
    batch = batch_for(model, 2)
    with model.keep_features() as kept, torch.no_grad():
        model(batch)
    assert len(kept) == 1
    assert kept[0].shape[0] == 2
    assert kept[0].shape[1] >= 15
    assert kept[0].isfinite().all()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    found = attribute(model, batch)
    given = [found.pixels, found.joints, found.quantities]
    assert any(values is not None for values in given)
    assert all(values.isfinite().all() for values in given if values is not None)
    assert found.expected.shape == (2,)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert all(value.grad is None for value in model.parameters())
    with model.keep_features() as kept_again, torch.no_grad():
        model(batch)
    assert torch.equal(kept[0], kept_again[0])  # nothing was left behind in the network


@pytest.mark.parametrize("name", ["tcn", "r3d", "kinematic"])
def test_attribution_is_the_change_of_the_expected_score(name):
    """Fading all inputs out a little changes the score by the sum of gradient x input."""
    plain = [] if name == "kinematic" else ["model.dropout=0.0"]
    model = make_model(name, *plain).eval().double()
    if name == "kinematic":
        torch.nn.init.normal_(model.network.weight, std=0.1)
    model.set_training_counts([3, 3, 3, 3, 3])
    batch = {
        key: value.double() if value.is_floating_point() else value
        for key, value in batch_for(model, 1).items()
    }
    found = attribute(model, batch)
    parts = (found.pixels, found.joints, found.certainty, found.quantities)
    total = sum(values.double().sum() for values in parts if values is not None)
    module = {"tcn": model.network, "kinematic": model.network, "r3d": None}[name]
    step = 1e-4

    def expected(factor):
        if module is None:
            faded = {**batch, "clips": batch["clips"] * factor}
            outputs = model(faded)
        else:
            handle = module.register_forward_pre_hook(lambda _, inputs: (inputs[0] * factor,))
            outputs = model(batch)
            handle.remove()
        return (model.head.probabilities(outputs)[0] * torch.arange(5)).sum()

    with torch.no_grad():
        slope = (expected(1 + step) - expected(1 - step)) / (2 * step)
    assert float(total) == pytest.approx(float(slope), rel=0.05, abs=1e-4)


@pytest.mark.parametrize("name", ["stgcn", "posec3d"])
def test_captum_attributes_the_same(name):
    captum = pytest.importorskip("captum.attr")
    model = make_model(name).eval()
    model.set_training_counts([3, 3, 3, 3, 3])
    batch = batch_for(model, 2)

    def expected(clips):
        outputs = model({**batch, "clips": clips} if name == "posec3d" else batch)
        return model.head.probabilities(outputs) @ torch.arange(5.0)

    found = attribute(model, batch)
    if name == "posec3d":
        theirs = captum.InputXGradient(expected).attribute(batch["clips"].requires_grad_())
        torch.testing.assert_close(found.pixels, theirs.detach())
        return
    layer = captum.LayerGradientXActivation(expected, model.joint_network())
    theirs = layer.attribute(batch["keypoints"], attribute_to_layer_input=True)
    by_joint = model.by_joint(theirs.detach()).sum(dim=(1, 2, 3))
    own = found.joints.sum(dim=(1, 2)) + found.certainty.sum(dim=1)
    torch.testing.assert_close(own, by_joint)


def test_a_quantity_that_the_model_does_not_use_counts_nothing():
    model = make_model("kinematic", "leg=R").eval()
    model.set_training_counts([3, 3, 3, 3, 0])
    with torch.no_grad():
        model.network.weight.zero_()
        model.network.weight[0, KINEMATICS.index("n_arrests")] = 1.0
    batch = batch_for(model, 2)
    found = attribute(model, batch)
    used = found.quantities.abs() > 0
    assert used[:, 0, KINEMATICS.index("n_arrests")].all()
    assert used.sum() == 2
    assert (found.slopes[:, 0, KINEMATICS.index("n_arrests")] > 0).all()  # more arrests, more score


def test_trajectories_find_their_way_back_to_their_joints():
    keypoints = batch_for(make_model("tcn"), 2)["keypoints"]
    streams = ("lift", "motion")
    back = trajectories_by_joint(trajectories(keypoints, streams))
    features = keypoint_features(keypoints, streams)
    used = list(TRAJECTORIES)
    assert torch.equal(back[..., used], features[..., used])
    assert (back[..., JOINT["Nose"]] == 0).all()


def test_a_moving_scored_leg_is_what_a_skeleton_network_looks_at():
    model = make_model("tcn", "model.streams=[motion]").eval()
    model.set_training_counts([3, 3, 3, 3, 3])
    batch = batch_for(model, 1)
    strength = attribute(model, batch).joints.abs().sum(dim=(0, 1))
    assert strength[JOINT["RAnkle"]] > 10 * strength[JOINT["LAnkle"]]
    assert attribute(model, batch).certainty.abs().sum() > 0


def rows(scores, expected):
    expected = np.array(expected, dtype=float)
    table = pd.DataFrame(
        {
            "video_id": [f"V-{n}" for n in range(len(scores))], "leg": "R", "score": scores,
            "expected_score": expected, "predicted": np.floor(expected + 0.5).astype(int),
        }
    )  # fmt: skip
    distance = np.abs(np.arange(5) - expected[:, None])
    table[[f"p{score}" for score in range(5)]] = np.clip(1 - distance, 0, None)
    return table


def test_the_worst_come_first_and_the_typical_are_right_and_of_every_score():
    table = rows([0, 0, 0, 0, 1, 1, 2, 3], [0.0, 0.1, 0.2, 2.9, 1.0, 1.1, 2.0, 1.0])
    chosen = choose_legs(table, 3)
    assert [leg.key[0] for leg in chosen if leg.kind == "worst"] == ["V-3", "V-7", "V-2"]
    assert [leg.key[0] for leg in chosen if leg.kind == "typical"] == ["V-0", "V-4", "V-6"]
    assert [leg.place for leg in chosen] == [1, 2, 3, 1, 2, 3]


def test_no_leg_is_both_worst_and_typical_even_if_there_are_few():
    chosen = choose_legs(rows([0, 1, 1], [0.0, 1.0, 1.0]), 10)
    assert [leg.kind for leg in chosen] == ["worst", "worst", "typical"]
    assert len({leg.key for leg in chosen}) == 3
    assert choose_legs(rows([0, 1], [2.0, 2.0]), 0) == []


def test_red_is_what_raised_the_score_and_blue_what_lowered_it():
    frames = np.zeros((3, 40, 40, 3), dtype=np.uint8)
    overlay = np.zeros((3, 40, 40), dtype=np.float32)
    overlay[:, 10, 10], overlay[:, 30, 30] = 1.0, -1.0
    lit = colour_overlay(frames, overlay).astype(int)
    assert lit[1, 10, 10, 0] > 200 > lit[1, 10, 10, 2]
    assert lit[1, 30, 30, 2] > 200 > lit[1, 30, 30, 0]
    assert lit[1, 20, 5].max() == 0


def test_words_are_those_of_the_clinic():
    assert joint_words("RKnee") == "knee, scored"
    assert joint_words("LBigToe") == "big toe, other"
    assert len(channel_words("heatmaps")) == 19
    values = [0.0] * len(KINEMATICS)
    values[KINEMATICS.index("longest_arrest_s")] = 8.9e-16
    values[KINEMATICS.index("amplitude_slope")] = -0.312
    values[KINEMATICS.index("amplitude")] = float("nan")
    words = quantity_words(values, n_legs=1)
    assert "longest arrest: 0.00 s" in words
    assert "change of height, first to last tap: -31%" in words
    assert "height of the lifts: not measured" in words
    assert quantity_words()[len(KINEMATICS)] == "other leg: number of taps"


def test_bars_are_the_largest_whatever_their_sign():
    bars = largest_bars(["a", "b", "c", "d"], np.array([0.1, -0.5, 0.0, 0.3]))
    assert bars == [("b", -0.5), ("d", 0.3), ("a", 0.1)]
