"""Many recordings are measured in several processes, with the values of one process."""

from dataclasses import replace

import pytest

from pdla.data.kinematics import measuring
from tests.fixtures.people import make_recording


@pytest.fixture
def recordings():
    first = make_recording()
    return [replace(first, video_id=f"V-{place}", fps=first.fps + place) for place in range(3)]


def test_what_processes_measure_is_what_one_process_measures(recordings, monkeypatch):
    monkeypatch.setattr(measuring, "MIN_RECORDINGS", 2)
    measuring.measure_ahead(recordings, workers=2)
    for measurement in measuring.MEASUREMENTS:
        for recording in recordings:
            same = replace(recording)  # another object: measured here
            for leg in "LR":
                assert repr(measurement(recording, leg)) == repr(measurement(same, leg))


def test_nothing_is_measured_twice(recordings, monkeypatch):
    monkeypatch.setattr(measuring, "MIN_RECORDINGS", 2)
    measuring.measure_ahead(recordings, workers=2)
    monkeypatch.setattr(measuring.find_bout, "_measure", None)
    assert measuring.find_bout(recordings[0], "R") is not None


def test_few_recordings_start_no_process(recordings, monkeypatch):
    monkeypatch.setattr(measuring, "FreshProcesses", None)
    measuring.measure_ahead(recordings, workers=2)
    monkeypatch.setattr(measuring, "MIN_RECORDINGS", 2)
    measuring.measure_ahead(recordings, workers=1)
