"""The splits of 2023 and the honest ones: what stands on both sides is known, never by chance."""

import pytest

from pdla.data.recordings import LegSample
from pdla.original.protocol import (
    pick_videos,
    shared_patients,
    split_2023,
    split_by_patient,
    split_by_video,
)
from tests.fixtures.people import make_recording

SCORES = [0, 1, 2, 1, 0, 1, 3, 2, 1, 0, 1, 2, 1, 3, 0, 1]


@pytest.fixture(scope="module")
def samples():
    """Sixteen videos of eight patients, two of score 3."""
    recording = make_recording()
    return [
        LegSample(recording, "R", score, f"P-{number // 2}", "TG")
        for number, score in enumerate(SCORES)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_the_highest_score_is_on_both_sides_and_nothing_else_is(samples, seed):
    split = split_2023(samples, 5, seed)
    assert set(split.train) & set(split.val) == {6, 13} == set(split.doubled)
    assert len(split.val) == 5 + 2
    assert set(split.train) | set(split.val) == set(range(16))


def test_without_doubling_no_video_is_on_both_sides_and_the_draw_is_the_same(samples):
    doubled, single = split_2023(samples, 5, 1), split_by_video(samples, 5, 1)
    assert not set(single.train) & set(single.val)
    assert set(single.train) | set(single.val) == set(range(16))
    assert set(single.val) - {6, 13} == set(doubled.val) - {6, 13}


def test_by_patient_nobody_is_on_both_sides(samples):
    split = split_by_patient(samples, 0)
    assert shared_patients(samples, split) == 0
    assert set(split.train) | set(split.val) == set(range(16))
    assert shared_patients(samples, split_2023(samples, 5, 0)) > 0


def test_too_few_videos_are_refused_with_how_many_there_are(samples):
    with pytest.raises(ValueError, match="14 videos below the highest score"):
        split_2023(samples, 14, 0)


def test_a_few_videos_still_have_every_score(samples):
    picked = pick_videos(samples, 6)
    assert len(picked) == 6
    assert {sample.score for sample in picked} == {0, 1, 2, 3}
    assert pick_videos(samples, None) == samples
