"""Measurements of a recording are made once, and forgotten with it."""

import gc
from dataclasses import replace

from pdla.data.kinematics.remembering import once_per_leg
from tests.fixtures.people import make_recording


def test_each_leg_of_each_recording_is_measured_once():
    asked = []

    @once_per_leg
    def measure(recording, leg):
        asked.append((id(recording), leg))
        return len(asked)

    first = make_recording()
    second = replace(first, keypoints=first.keypoints + 1)
    assert [measure(first, "L"), measure(first, "R"), measure(second, "L")] == [1, 2, 3]
    assert [measure(first, "L"), measure(first, "R"), measure(second, "L")] == [1, 2, 3]


def test_what_was_measured_goes_with_the_recording():
    @once_per_leg
    def measure(recording, leg):
        return recording.keypoints.sum()

    (known,) = (cell.cell_contents for cell in measure.__closure__
                if isinstance(cell.cell_contents, dict))  # fmt: skip
    recording = make_recording()
    measure(recording, "L")
    assert len(known) == 1
    del recording
    gc.collect()
    assert not known
