"""Which seconds make a clip."""

import numpy as np
import pytest

from pdla.data.clips.sampling import ClipTime, Sampling, Span, take_clip
from tests.fixtures.people import seated


def test_evaluation_clips_cover_every_second_and_end_with_the_span():
    clips = Sampling(seconds=3, stride_s=2).covering_clips(Span(1.0, 9.0))
    assert clips == [(1.0, 4.0), (3.0, 6.0), (5.0, 8.0), (6.0, 9.0)]


def test_evaluation_clips_are_the_same_every_time():
    sampling = Sampling(seconds=2.0, stride_s=1.0)
    assert sampling.covering_clips(Span(0, 7.3)) == sampling.covering_clips(Span(0, 7.3))


def test_random_training_clips_stay_inside_the_span_and_follow_the_draw():
    sampling, span = Sampling(seconds=3), Span(2.0, 8.0)
    clips = [sampling.random_clip(span, chance / 50) for chance in range(50)]
    assert min(clip.start_s for clip in clips) >= 2.0
    assert max(clip.end_s for clip in clips) <= 8.0
    assert len(set(clips)) == 50


def test_constant_clips_are_evenly_spaced():
    sampling = Sampling(train="constant_clips", seconds=2, stride_s=1, clips_per_video=3)
    assert [clip.start_s for clip in sampling.training_clips(Span(0, 8))] == [0, 2, 4]


def test_uniform_training_clips_are_those_of_the_evaluation():
    sampling = Sampling(train="uniform", seconds=2, stride_s=1)
    assert sampling.training_clips(Span(0, 8)) == sampling.covering_clips(Span(0, 8))


def test_tap_clips_show_whole_cycles_from_lift_to_lift():
    span = Span(1.0, 4.0, lifts_s=(1.0, 1.5, 2.1, 2.5, 3.0, 4.0))
    sampling = Sampling(within="taps", n_taps=3, seconds=3)
    assert sampling.covering_clips(span) == [(1.0, 2.5), (1.5, 3.0), (2.1, 4.0)]
    drawn = {sampling.random_clip(span, chance / 30) for chance in range(30)}
    assert drawn == set(sampling.covering_clips(span))


def test_too_few_taps_fall_back_to_the_bout():
    sampling = Sampling(within="taps", n_taps=5, seconds=2, stride_s=2)
    assert sampling.covering_clips(Span(0.0, 4.0, lifts_s=(0.0, 2.0, 4.0))) == [(0, 2), (2, 4)]


def test_frames_after_the_last_cycle_are_unseen():
    clip = take_clip(seated(60), 30.0, ClipTime(0.5, 1.0), 30.0, 30)
    np.testing.assert_array_equal(np.isfinite(clip[:, 0, 0]), [True] * 15 + [False] * 15)


@pytest.mark.parametrize("train", ["random", "uniform", "constant_clips"])
def test_a_span_shorter_than_a_clip_gives_one_clip_with_the_span_in_its_middle(train):
    sampling = Sampling(train=train, seconds=3)
    assert sampling.covering_clips(Span(4.0, 5.0)) == [(3.0, 6.0)]
    assert training_clip(sampling, Span(4.0, 5.0)) == (3.0, 6.0)


def training_clip(sampling, span):
    if sampling.draws_clips(span):
        return sampling.random_clip(span, 0.5)
    return sampling.training_clips(span)[0]


def test_a_clip_at_the_recordings_own_rate_is_a_slice_of_it():
    keypoints = np.random.default_rng(0).random((60, 25, 3), dtype=np.float32)
    clip = take_clip(keypoints, 30.0, ClipTime(0.5, 2.0), 30.0, 20)
    np.testing.assert_array_equal(clip, keypoints[15:35])


def test_frames_between_frames_are_interpolated():
    keypoints = seated(10)
    keypoints[:, 0, 0] = np.arange(10)
    clip = take_clip(keypoints, 30.0, ClipTime(0.0, 1.0), 20.0, 5)
    np.testing.assert_allclose(clip[:, 0, 0], [0, 1.5, 3, 4.5, 6], atol=1e-5)


def test_an_unseen_joint_stays_unseen_between_frames_and_never_becomes_zero():
    keypoints = seated(10)
    keypoints[2, 5] = (np.nan, np.nan, 0)
    clip = take_clip(keypoints, 30.0, ClipTime(0.0, 1.0), 20.0, 5)
    assert np.isnan(clip[1, 5, :2]).all()
    assert clip[1, 5, 2] == 0
    assert np.isfinite(clip[2, 5]).all()


def test_time_outside_the_recording_is_unseen():
    clip = take_clip(seated(10), 10.0, ClipTime(-0.2, 2.0), 10.0, 14)
    is_seen = np.isfinite(clip[:, 0, 0])
    np.testing.assert_array_equal(is_seen, [False] * 2 + [True] * 10 + [False] * 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fps": 3.2}, "alias"),
        ({"fps": float("nan")}, "alias"),
        ({"fps": 1e30}, "at most 10,000 frames"),
        ({"seconds": float("inf")}, "at most 10,000 frames"),
        ({"seconds": float("nan")}, "positive"),
        ({"seconds": 0}, "positive"),
        ({"seconds": 2, "stride_s": 3}, "skip parts"),
        ({"within": "video"}, "leg_bout, taps or recording"),
        ({"train": "some"}, "random, constant_clips or uniform"),
    ],
)
def test_sampling_that_would_lose_the_movement_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Sampling(**options)
