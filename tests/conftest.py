"""Small recordings to check by hand: a seated person whose legs go up and down like a sine."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from pdla.data.recordings import Cohort, LegSample, Recording
from pdla.data.skeletons import JOINT, LEGS, Leg

FRAME_SIZE = (960, 540)
FPS = 30.0

# A person seated facing the camera, in px of a 960 x 540 frame; the right side is on our left.
SEATED = {
    "Nose": (270, 200), "Neck": (270, 290), "MidHip": (270, 540),
    "RShoulder": (210, 290), "RElbow": (190, 390), "RWrist": (210, 480),
    "LShoulder": (330, 290), "LElbow": (350, 390), "LWrist": (330, 480),
    "RHip": (235, 540), "RKnee": (215, 570), "RAnkle": (215, 760),
    "LHip": (305, 540), "LKnee": (325, 570), "LAnkle": (325, 760),
    "REye": (260, 185), "LEye": (280, 185), "REar": (245, 195), "LEar": (295, 195),
    "LBigToe": (335, 800), "LSmallToe": (345, 795), "LHeel": (325, 775),
    "RBigToe": (205, 800), "RSmallToe": (195, 795), "RHeel": (215, 775),
}  # fmt: skip

LEG_PARTS = ("Knee", "Ankle", "Heel", "BigToe", "SmallToe")


def seated(n_frames: int) -> NDArray[np.float32]:
    """A person who does not move at all, (T, 25, 3)."""
    keypoints = np.empty((n_frames, 25, 3), dtype=np.float32)
    for name, place in SEATED.items():
        keypoints[:, JOINT[name]] = (*place, 0.9)
    return keypoints


def lift(
    keypoints: NDArray[np.float32],
    leg: Leg,
    start_s: float,
    end_s: float,
    amplitude_px: float = 60.0,
    rate: float = 2.0,
) -> None:
    """Raise a leg `rate` times a second between two times, in place."""
    time_s = np.arange(len(keypoints)) / FPS
    is_active = (time_s >= start_s) & (time_s < end_s)
    height = amplitude_px * np.sin(np.pi * rate * (time_s - start_s)) ** 2 * is_active
    for part in LEG_PARTS:
        keypoints[:, JOINT[f"{leg}{part}"], 1] -= height.astype(np.float32)


def make_recording(
    video: str = "V-1",
    seconds: float = 12.0,
    right_amplitude_px: float = 60.0,
    left_amplitude_px: float = 60.0,
) -> Recording:
    """Right bout from 1 to 5 s, left bout from 7 to 11 s."""
    keypoints = seated(round(seconds * FPS))
    lift(keypoints, "R", 1.0, 5.0, right_amplitude_px)
    lift(keypoints, "L", 7.0, 11.0, left_amplitude_px)
    return Recording(video, keypoints, FPS, FRAME_SIZE)


def make_cohort(n_patients: int, visits: int = 2, scores: Sequence[int] = (0, 1, 2)) -> Cohort:
    """Patients whose legs rise less the higher their score, so that a model can learn it."""
    samples = []
    for patient in range(n_patients):
        score = scores[patient % len(scores)]
        for visit in range(visits):
            amplitude = 90.0 - 30.0 * score + 2.0 * visit
            recording = make_recording(f"V-{patient}-{visit}", 12.0, amplitude, amplitude)
            samples += [
                LegSample(recording, leg, score, f"P-{patient}", "CG" if score == 0 else "TG")
                for leg in LEGS
            ]
    return Cohort(tuple(samples), n_rows=n_patients * visits, n_videos=n_patients * visits)


def renamed(cohort: Cohort, prefix: str) -> Cohort:
    """Other people: the same recordings under other pseudonyms."""
    samples = [
        replace(
            sample,
            patient=prefix + sample.patient,
            recording=replace(sample.recording, video=prefix + sample.recording.video),
        )
        for sample in cohort.samples
    ]
    return replace(cohort, samples=tuple(samples), data_hash=prefix * 8)


@pytest.fixture
def recording() -> Recording:
    return make_recording()


@pytest.fixture
def cohort_of() -> Callable[..., Cohort]:
    return make_cohort
