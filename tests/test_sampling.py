"""Which seconds make a clip."""

import random

import numpy as np
import pytest

from pdla.data.bouts import Bout
from pdla.data.sampling import Sampling, take_clip
from tests.conftest import seated


def test_evaluation_clips_cover_every_second_and_end_with_the_span():
    starts = Sampling(seconds=3, stride_s=2).covering_starts(Bout(1.0, 9.0))
    assert starts == [1.0, 3.0, 5.0, 6.0]


def test_evaluation_clips_are_the_same_every_time():
    sampling = Sampling(seconds=2.0, stride_s=1.0)
    assert sampling.covering_starts(Bout(0, 7.3)) == sampling.covering_starts(Bout(0, 7.3))


def test_random_training_clips_stay_inside_the_span_and_follow_the_seed():
    sampling = Sampling(seconds=3, clips_per_video=50)
    random.seed(1)
    starts = sampling.training_starts(Bout(2.0, 8.0))
    random.seed(1)
    assert starts == sampling.training_starts(Bout(2.0, 8.0))
    assert min(starts) >= 2.0
    assert max(starts) <= 5.0
    assert len(set(starts)) == 50


def test_uniform_training_clips_are_evenly_spaced():
    starts = Sampling(train="uniform", seconds=2, clips_per_video=3).training_starts(Bout(0, 8))
    np.testing.assert_allclose(starts, [0, 2, 4])


@pytest.mark.parametrize("train", ["random", "uniform"])
def test_a_span_shorter_than_a_clip_gives_one_clip_with_the_span_in_its_middle(train):
    sampling = Sampling(train=train, seconds=3)
    assert sampling.covering_starts(Bout(4.0, 5.0)) == [3.0]
    assert sampling.training_starts(Bout(4.0, 5.0)) == [3.0]


def test_a_clip_at_the_recordings_own_rate_is_a_slice_of_it():
    keypoints = np.random.default_rng(0).random((60, 25, 3), dtype=np.float32)
    clip = take_clip(keypoints, 30.0, 0.5, 30.0, 20)
    np.testing.assert_array_equal(clip, keypoints[15:35])


def test_frames_between_frames_are_interpolated():
    keypoints = seated(10)
    keypoints[:, 0, 0] = np.arange(10)
    clip = take_clip(keypoints, 30.0, 0.0, 20.0, 5)
    np.testing.assert_allclose(clip[:, 0, 0], [0, 1.5, 3, 4.5, 6], atol=1e-5)


def test_an_unseen_joint_stays_unseen_between_frames_and_never_becomes_zero():
    keypoints = seated(10)
    keypoints[2, 5] = (np.nan, np.nan, 0)
    clip = take_clip(keypoints, 30.0, 0.0, 20.0, 5)
    assert np.isnan(clip[1, 5, :2]).all()
    assert clip[1, 5, 2] == 0
    assert np.isfinite(clip[2, 5]).all()


def test_time_outside_the_recording_is_unseen():
    clip = take_clip(seated(10), 10.0, -0.2, 10.0, 14)
    is_seen = np.isfinite(clip[:, 0, 0])
    np.testing.assert_array_equal(is_seen, [False] * 2 + [True] * 10 + [False] * 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fps": 3.2}, "alias"),
        ({"seconds": 0}, "positive"),
        ({"seconds": 2, "stride_s": 3}, "skip parts"),
        ({"within": "video"}, "leg_bout or recording"),
        ({"train": "some"}, "random or uniform"),
    ],
)
def test_sampling_that_would_lose_the_movement_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Sampling(**options)
