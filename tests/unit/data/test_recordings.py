"""A Recording that exists is a valid one."""

import numpy as np
import pytest

from pdla.data.recordings import LegSample, Recording
from tests.fixtures.people import FRAME_SIZE, seated


@pytest.mark.parametrize(
    ("keypoints", "fps", "size", "message"),
    [
        (seated(0), 30, FRAME_SIZE, "expected \\(T > 0, 25, 3\\)"),
        (seated(2)[:, :18], 30, FRAME_SIZE, "\\(2, 18, 3\\)"),
        (seated(2).astype(np.float64), 30, FRAME_SIZE, "float64"),
        (seated(2), 0, FRAME_SIZE, "fps=0"),
        (seated(2), 30, (0, 540), "frame size"),
    ],
)
def test_impossible_recordings_are_refused_with_the_value(keypoints, fps, size, message):
    with pytest.raises(ValueError, match=message):
        Recording("V-1", keypoints, fps, size)


def test_duration_is_frames_over_fps():
    assert Recording("V-1", seated(45), 30.0, FRAME_SIZE).duration_s == 1.5


def test_a_score_off_the_scale_is_refused_and_none_means_unrated():
    recording = Recording("V-1", seated(3), 30.0, FRAME_SIZE)
    with pytest.raises(ValueError, match="score 5"):
        LegSample(recording, "L", 5, "P-1", "TG")
    assert not LegSample(recording, "L", None, "P-1", "TG").is_rated
