"""Augmentation changes the picture, never the label, and follows its generator."""

import pytest
import torch

from pdla.data.clips.augment import (
    ChangeSpeed,
    DropFrames,
    DropJoints,
    Jitter,
    Mirror,
    Rotate,
    Scale,
    ShakeConfidence,
    Shift,
    Stretch,
    WarpTime,
    augment,
    person_height,
    person_middle,
    resample,
)
from pdla.data.skeletons import JOINT, MIRROR, mirror_keypoints
from tests.fixtures.people import make_recording

SPACE = [Rotate(10.0), Stretch(0.1), Scale(0.2), Shift(0.1), Mirror(0.5), Jitter(0.01)]
SEEN = [DropJoints(0.2), DropFrames(0.2), ShakeConfidence(0.1)]
TIME = [ChangeSpeed(0.1), WarpTime(0.05)]
ALL = [*SPACE, *SEEN, *TIME]


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


@pytest.mark.parametrize("change", [*SPACE, *SEEN])
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


@pytest.mark.parametrize("change", ALL)
def test_what_is_unseen_has_confidence_0_and_what_is_seen_has_not(clips, change):
    changed = change(clips, generator(1))
    is_unseen = changed[..., 0].isnan()
    assert (changed[..., 2][is_unseen] == 0).all()
    assert (changed[..., 2][~is_unseen] > 0).all()


@pytest.mark.parametrize("change", ALL)
def test_nothing_seen_stays_nothing_seen(change):
    blind = torch.full((2, 6, 25, 3), torch.nan)
    blind[..., 2] = 0
    assert change(blind, generator(0))[..., :2].isnan().all()


def test_mirror_keeps_the_scored_leg_scored_and_puts_it_on_the_other_side(clips):
    mirrored = Mirror(1.0)(clips, generator(0))
    knee = JOINT["RKnee"]
    middle = person_middle(clips)[..., 0]
    torch.testing.assert_close(mirrored[..., knee, 1], clips[..., knee, 1])
    torch.testing.assert_close(mirrored[..., knee, 0] - middle[..., 0],
                               middle[..., 0] - clips[..., knee, 0])  # fmt: skip


def test_mirroring_the_recording_and_scoring_the_other_leg_gives_the_same_clip(recording):
    """What Mirror does is a mirrored picture with left and right, and the scored leg, swapped."""
    keypoints = torch.from_numpy(recording.keypoints[:10].copy())[None]
    middle = float(person_middle(keypoints)[0, 0, 0, 0])
    picture = torch.from_numpy(mirror_keypoints(recording.keypoints[:10], 2 * middle))[None]
    renamed = picture[:, :, list(MIRROR)]  # the scored leg is now L: name its joints R again
    torch.testing.assert_close(Mirror(1.0)(keypoints, generator(0)), renamed)


def test_shift_moves_all_joints_together_and_scale_keeps_the_middle(clips):
    moved = Shift(0.2)(clips, generator(0)) - clips
    torch.testing.assert_close(moved[:, 0, 0, :2], moved[:, 5, 20, :2])
    scaled = Scale(0.2)(clips, generator(0))
    torch.testing.assert_close(person_middle(scaled), person_middle(clips), rtol=1e-4, atol=1e-2)
    assert not torch.allclose(person_height(scaled), person_height(clips))


def test_jitter_is_larger_where_openpose_was_less_sure():
    clip = torch.rand(1, 400, 25, 3, generator=generator(0)) * 100
    clip[..., 2] = 0.95
    clip[:, :, 7, 2] = 0.05
    moved = (Jitter(0.05)(clip, generator(1)) - clip)[..., :2].std(dim=(0, 1, 3))
    assert moved[7] > 2 * moved[8]


def test_speed_change_is_refused_where_it_could_change_the_score():
    with pytest.raises(ValueError, match="label-safe"):
        ChangeSpeed(0.3)


def test_speed_change_plays_the_same_movement_faster_or_slower():
    frames = torch.arange(41.0)
    clip = frames[None, :, None, None].expand(1, -1, 25, 3).clone()
    changed = ChangeSpeed(0.1)(clip, generator(3))[0, :, 0, 0]
    steps = changed[10:31].diff()
    assert 0.9 <= steps.mean() <= 1.1
    torch.testing.assert_close(steps, steps.mean().expand_as(steps))
    assert changed[20] == pytest.approx(20.0)


def test_time_warp_never_runs_backwards():
    frames = torch.arange(60.0)
    clip = frames[None, :, None, None].expand(8, -1, 25, 3).clone()
    assert (WarpTime(0.05)(clip, generator(0))[:, :, 0, 0].diff(dim=1) > 0).all()


def test_reading_between_frames_interpolates_and_keeps_gaps():
    clip = torch.arange(5.0)[None, :, None, None].expand(1, -1, 25, 3).clone()
    clip[0, 3, 2] = torch.tensor([torch.nan, torch.nan, 0.0])
    read = resample(clip, torch.tensor([[0.5, 1.0, 2.5, 4.0, 4.5]]))
    torch.testing.assert_close(read[0, :2, 2, 0], torch.tensor([0.5, 1.0]))
    assert read[0, 2, 2, 0].isnan()
    assert read[0, 3, 2, 0] == 4.0
    assert read[0, 4, 2].isnan().tolist() == [True, True, False]
