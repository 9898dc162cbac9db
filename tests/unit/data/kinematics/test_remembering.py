"""Measurements of a recording are made once, and forgotten with it."""

import gc
from dataclasses import replace

from pdla.data.kinematics.remembering import OncePerLeg
from tests.fixtures.people import make_recording


def test_each_leg_of_each_recording_is_measured_once():
    asked = []

    @OncePerLeg
    def measure(recording, leg):
        asked.append((id(recording), leg))
        return len(asked)

    first = make_recording()
    second = replace(first, keypoints=first.keypoints + 1)
    assert [measure(first, "L"), measure(first, "R"), measure(second, "L")] == [1, 2, 3]
    assert [measure(first, "L"), measure(first, "R"), measure(second, "L")] == [1, 2, 3]


def test_what_was_measured_goes_with_the_recording():
    @OncePerLeg
    def measure(recording, leg):
        return recording.keypoints.sum()

    recording = make_recording()
    measure(recording, "L")
    assert len(measure) == 1
    del recording
    gc.collect()
    assert len(measure) == 0


def test_what_another_process_measured_is_taken():
    @OncePerLeg
    def measure(recording, leg):
        raise AssertionError("was measured again")

    recording = make_recording()
    measure.remember(recording, "R", 7)
    assert measure(recording, "R") == 7
