"""The result counts videos, not clips."""

import numpy as np
import pytest

from pdla.evaluation.video_scores import (
    VideoScores,
    combine_clips,
    predictions_table,
    table_metrics,
)


def test_clips_of_a_leg_are_averaged_into_one_row(cohort_of):
    samples = cohort_of(2).rated("R")
    clips = {0: np.eye(5)[:2], 3: np.eye(5)[2:3]}
    table = predictions_table(samples, clips, "test", fold=2)
    assert table["n_clips"].tolist() == [2, 1]
    assert table.loc[0, ["p0", "p1"]].tolist() == [0.5, 0.5]
    assert table["video_id"].tolist() == ["V-0-0", "V-1-1"]
    assert table["fold"].tolist() == [2, 2]


def test_a_video_with_many_wrong_clips_counts_once(cohort_of):
    samples = cohort_of(2, visits=1, scores=(0, 1)).rated("R")
    clips = {0: np.eye(5)[[4] * 9], 1: np.eye(5)[1:2]}
    table = predictions_table(samples, clips, "test", fold=0)
    assert table_metrics(table)["accuracy"] == pytest.approx(0.5)


def test_the_median_ignores_a_clip_that_went_wrong_and_max_takes_the_worst_clip():
    clips = np.array([[0.8, 0.2, 0, 0, 0], [0.8, 0.2, 0, 0, 0], [0, 0, 0, 0, 1.0]])
    np.testing.assert_allclose(combine_clips(clips, "median"), [0.8, 0.2, 0, 0, 0])
    np.testing.assert_allclose(combine_clips(clips, "max"), [0, 0, 0, 0, 1])
    np.testing.assert_allclose(combine_clips(clips, "mean"), clips.mean(axis=0))


def test_the_median_of_clips_that_contradict_each_other_is_their_mean():
    np.testing.assert_allclose(combine_clips(np.eye(5), "median"), np.full(5, 0.2))


def test_another_way_to_combine_clips_is_refused():
    with pytest.raises(ValueError, match="choose mean, median or max"):
        VideoScores([], 0, "best")
