"""Augmentation changes the picture, never the label, and follows its generator."""

import pytest
import torch

from pdla.data.augment import DropJoints, Jitter, Rotate, Stretch, augment
from pdla.data.skeletons import JOINT
from tests.conftest import make_recording

ALL = [Rotate(10.0), Stretch(0.1), DropJoints(0.2), Jitter(0.01)]


@pytest.fixture
def clips():
    keypoints = torch.from_numpy(make_recording().keypoints[:20].copy())
    keypoints[3, 4] = torch.tensor([torch.nan, torch.nan, 0.0])
    return keypoints.repeat(3, 1, 1, 1)


def generator(seed):
    return torch.Generator().manual_seed(seed)


def test_the_same_seed_gives_the_same_clips_and_another_seed_others(clips):
    one, same, other = (augment(clips, ALL, generator(seed)) for seed in (1, 1, 2))
    torch.testing.assert_close(one, same, equal_nan=True)
    assert not torch.allclose(one.nan_to_num(), other.nan_to_num())


@pytest.mark.parametrize("change", ALL)
def test_unseen_joints_stay_unseen(clips, change):
    changed = change(clips, generator(0))
    assert changed.shape == clips.shape
    assert changed[:, 3, 4, :2].isnan().all()


def test_rotation_keeps_the_length_of_bones(clips):
    def shin(keypoints):
        return (keypoints[..., JOINT["RKnee"], :2] - keypoints[..., JOINT["RAnkle"], :2]).norm(
            dim=-1
        )

    torch.testing.assert_close(shin(Rotate(20.0)(clips, generator(0))), shin(clips))


def test_a_clip_keeps_one_rotation_from_frame_to_frame(clips):
    still = clips[:, :1].expand(-1, 5, -1, -1)
    turned = Rotate(20.0)(still, generator(0))
    torch.testing.assert_close(turned[:, 0], turned[:, 4], equal_nan=True)
    assert not torch.allclose(turned[0].nan_to_num(), turned[1].nan_to_num())


def test_a_dropped_joint_is_gone_for_the_whole_clip(clips):
    dropped = DropJoints(0.5)(clips, generator(0))
    is_gone = dropped[..., 2] == 0
    assert (is_gone[:, 0] <= is_gone[:, 1]).all()
    assert 0.2 < is_gone[:, 0].float().mean() < 0.8


def test_no_augmentation_gives_the_input_back(clips):
    assert augment(clips, [], generator(0)) is clips
