"""Why a leg got its score: the joints that a network hangs on, at the time of the most taps."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pdla.data.clips.dataset import ClipDataset, clip_span
from pdla.data.clips.sampling import ClipTime, Sampling
from pdla.data.recordings import LegSample, Recording
from pdla.data.skeletons import JOINT
from pdla.models.trajectory_networks import TRAJECTORIES
from pdla.review.attribution import attribute
from pdla.review.explanation import (
    Explanation,
    average_explanations,
    clip_with_most_taps,
    explain_legs,
)
from pdla.training.config import build_data
from tests.fixtures.configs import compose_config
from tests.fixtures.models import make_model
from tests.fixtures.people import FPS, FRAME_SIZE, lift, make_cohort, seated

CPU = torch.device("cpu")


def data_for(name, *overrides):
    config = compose_config(f"model={name}", "leg=both", "augment=none", *overrides)
    config["split"] = {"_target_": "pdla.data.splits.AllTested"}
    return build_data(config, make_cohort(2, 1))


@pytest.fixture(scope="module")
def tcn():
    """A network that is blind for the other leg."""
    model = make_model("tcn", "model.dropout=0.0").eval()
    model.set_training_counts([3, 3, 3, 3, 3])
    first = model.network[0].first[1].weight  # (48, C x 12, 1)
    blind = [TRAJECTORIES.index(JOINT[f"L{part}"]) for part in ("Hip", "Knee", "Ankle", "Heel")]
    blind.append(TRAJECTORIES.index(JOINT["LBigToe"]))
    by_joint = first.data.view(first.shape[0], -1, len(TRAJECTORIES))
    by_joint[:, :, blind] = 0.0
    return model


def test_a_part_that_the_network_is_blind_for_has_no_row(tcn):
    explained = average_explanations(list(explain_legs(tcn, data_for("tcn"), CPU)))
    assert len(explained) == 4
    for one in explained.values():
        assert "knee, scored" in one.row_names
        assert not [name for name in one.row_names if name.endswith(", other")]
        assert one.rows.shape[0] == len(one.row_names)
        assert one.bars == []


def test_the_points_of_a_leg_are_the_attribution_of_its_clip_with_the_most_taps(tcn):
    data = data_for("tcn")
    explained = dict(explain_legs(tcn, data, CPU))
    for number, sample in enumerate(data.samples):
        one = explained[sample.recording.video_id, sample.leg]
        wanted = clip_with_most_taps(sample, data.sampling)
        clips = ClipDataset(data.samples, [number], data.sampling, "eval")
        assert clips.slots[wanted].clip == one.clip
        batch = {name: value[None] for name, value in clips[wanted].items()}
        found = attribute(tcn, batch)
        np.testing.assert_allclose(one.rows[:-1].sum(axis=0), found.joints[0].sum(1), atol=1e-6)
        np.testing.assert_allclose(one.rows[-1], found.doubt[0], atol=1e-6)


def test_nothing_is_in_doubt_where_all_joints_are_seen_for_certain(tcn):
    keypoints = torch.from_numpy(seated(75)).clone()[None]
    keypoints[..., 2] = 1.0
    found = attribute(tcn, {"keypoints": keypoints})
    assert found.certainty.abs().sum() > 0
    np.testing.assert_allclose(found.doubt, 0.0, atol=1e-6)
    keypoints[:, 30:50, JOINT["RKnee"]] = torch.tensor([torch.nan, torch.nan, 0.0])
    doubted = attribute(tcn, {"keypoints": keypoints}).doubt[0].abs()
    assert doubted[30:50].min() > 0
    np.testing.assert_allclose(doubted[:30], 0.0, atol=1e-6)


def test_the_clip_with_the_most_taps_is_taken():
    person = seated(600)  # 20 s
    lift(person, "R", 0.0, 10.0, amplitude_px=100, rate=0.7)
    lift(person, "R", 10.0, 20.0, amplitude_px=100, rate=2.5)
    sample = LegSample(Recording("V", person, FPS, FRAME_SIZE), "R", 1, "P", "TG")
    sampling = Sampling(seconds=4.0, fps=15.0, stride_s=2.0)
    clip = sampling.covering_clips(clip_span(sample, "leg_bout"))[
        clip_with_most_taps(sample, sampling)
    ]
    assert clip.start_s >= 9.0


def test_the_half_second_that_moved_most_is_found_whatever_its_sign():
    rows = np.zeros((2, 60), dtype=np.float32)
    rows[0, 10], rows[1, 40:45] = 0.2, -0.1  # 15 frames a second
    one = Explanation("tcn", ClipTime(2.0, 6.0), 1, rows, ("knee", "heel"), [])
    assert 2.0 + 39 / 15 <= one.strongest_s <= 2.0 + 46 / 15
    assert np.isnan(replace(one, rows=None).strongest_s)


def test_runs_are_averaged_and_quantities_are_in_order_of_their_points():
    model = make_model("kinematic").eval()
    model.set_training_counts([3, 3, 3, 3, 3])
    data = data_for("kinematic")
    model.features.learn(data.kinematics)
    found = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        torch.nn.init.normal_(model.network.weight, std=0.1)
        found.append(dict(explain_legs(model, data, CPU)))
    key = next(iter(found[0]))
    mean = average_explanations([item for run in found for item in run.items()])[key]
    one, two = (dict(run[key].bars) for run in found)
    assert mean.n_runs == 2
    assert mean.rows is None
    assert dict(mean.bars) == pytest.approx(
        {name: (one[name] + two[name]) / 2 for name, _ in mean.bars}
    )
    sizes = [abs(points) for _, points in mean.bars]
    assert sizes == sorted(sizes, reverse=True)


def test_a_video_network_is_explained_by_the_channels_that_are_drawn():
    model = make_model("r3d").eval()
    model.set_training_counts([3, 3, 3, 3, 3])
    data = data_for("r3d", "sampling.seconds=2")
    one = average_explanations(list(explain_legs(model, data, CPU)))
    assert {name for found in one.values() for name in found.row_names} == {
        "scored leg", "other leg", "rest of the body",
    }  # fmt: skip
