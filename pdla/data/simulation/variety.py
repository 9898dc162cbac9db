"""Clinics that differ: what a simulation for pre-training varies from video to video.

A network that has seen one kind of clinic knows that clinic. So the `wide` variety draws, for each
video, another phone, distance, frame rate and quality of keypoints, another law of tempo and
height, another mixture of signs, and for each person a rater who cuts the scale elsewhere (domain
randomisation; Tobin et al. 2017). Ranges are wider than what was measured in one clinic.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from pdla.data.simulation.camera import Camera
from pdla.data.simulation.movement import MovementLaw
from pdla.data.simulation.observation import Clothing
from pdla.data.simulation.randomness import Array, stream
from pdla.data.skeletons import N_JOINTS

FRAME_RATES: Final = (15.0, 24.0, 25.0, 30.0, 50.0, 60.0)


@dataclass(frozen=True)
class Conditions:
    """How one video differs from the usual clinic.

    Attributes:
        law: How severity shows in the movement.
        fps: Frames a second of the camera; keypoints are brought to the cohort's rate.
        distance: Factor on the distance of the camera.
        azimuth: Turn of the camera around the person, radians.
        eye: Change of the height of the camera, metres.
        roll: Further tilt of the camera, radians.
        drift: Factor on how much the hand drifts.
        confidence: Change of the confidence of every joint.
        noise: Factor on lasting and passing errors of the joints.
    """

    law: MovementLaw
    fps: float
    distance: float
    azimuth: float
    eye: float
    roll: float
    drift: float
    confidence: float
    noise: float


@dataclass(frozen=True)
class Site:
    """A clinic with its own camera and rater, the same for all of its videos.

    Attributes:
        conditions: Camera, frame rate and errors of the keypoints; people move as everywhere.
        cuts: Slope and offset of how its rater reads the scale.
    """

    conditions: Conditions
    cuts: tuple[float, float]


# fps, distance, azimuth, eye, roll, drift, confidence, noise; then the rater.
SITES: Final = {
    "site_a": Site(Conditions(MovementLaw(), 30.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0), (1.0, 0.0)),
    "site_b": Site(Conditions(MovementLaw(), 25.0, 1.4, 0.4, 0.2, 0.0, 2.0, -0.1, 1.6), (1.0, 0.5)),
    "site_c": Site(
        Conditions(MovementLaw(), 15.0, 0.85, -0.3, -0.3, 0.05, 3.0, -0.05, 1.3), (1.2, -0.5)
    ),
}


def draw_conditions(seed: int, index: int) -> Conditions:
    """Conditions of one video of a wide cohort."""
    rng = stream(seed, "variety", index)
    weights = np.exp(rng.normal(0.0, 0.25, 5))
    return Conditions(
        law=MovementLaw(
            sign_weights=tuple(float(weight) for weight in weights / weights.mean()),
            sign_sd=float(rng.uniform(0.35, 0.85)),
            amplitude=float(np.exp(rng.normal(0.0, 0.2))),
            amplitude_loss=float(np.exp(rng.normal(0.0, 0.25))),
            rate=float(np.exp(rng.normal(0.0, 0.12))),
            rate_loss=float(np.exp(rng.normal(0.0, 0.3))),
            effort=float(rng.uniform(0.1, 0.7)),
        ),
        fps=float(rng.choice(FRAME_RATES)),
        distance=float(rng.uniform(0.8, 1.5)),
        azimuth=float(rng.normal(0.0, 0.25)),
        eye=float(rng.uniform(-0.4, 0.3)),
        roll=float(rng.normal(0.0, 0.05)),
        drift=float(rng.uniform(0.5, 4.0)),
        confidence=float(rng.uniform(-0.15, 0.1)),
        noise=float(np.exp(rng.normal(0.0, 0.4))),
    )


def draw_rater_cuts(seed: int, person: int) -> tuple[float, float]:
    """Slope and offset of how the rater of a person in a wide cohort reads the scale."""
    rng = stream(seed, "cuts", person)
    return float(np.exp(rng.normal(0.0, 0.08))), float(rng.normal(0.0, 0.2))


def move_camera(camera: Camera, conditions: Conditions) -> Camera:
    """The same phone, held elsewhere."""
    offset = (camera.position - camera.target) * conditions.distance
    turn = np.array(
        [
            [np.cos(conditions.azimuth), 0.0, np.sin(conditions.azimuth)],
            [0.0, 1.0, 0.0],
            [-np.sin(conditions.azimuth), 0.0, np.cos(conditions.azimuth)],
        ]
    )
    position = camera.target + turn @ offset
    position[1] = max(0.2, position[1] + conditions.eye)
    return replace(
        camera,
        position=position,
        roll=camera.roll + conditions.roll,
        drift=camera.drift * conditions.drift,
    )


def dim_clothing(clothing: Clothing, conditions: Conditions) -> Clothing:
    """The same clothes in other light, with another pose estimator."""
    return Clothing(
        confidence=np.clip(clothing.confidence + conditions.confidence, 0.22, 0.95),
        bias=clothing.bias * conditions.noise,
        noise=conditions.noise,
    )


def resample_drift(drift: Array, n_frames: int) -> Array:
    """Drift (T, 3) of the camera at so many frames over the same time."""
    place = np.linspace(0.0, len(drift) - 1.0, n_frames)
    frames = np.arange(len(drift))
    return np.stack([np.interp(place, frames, series) for series in drift.T], axis=1)


def resample(keypoints: Array, fps: float, n_frames: int, wanted_fps: float) -> Array:
    """Keypoints (T, 25, 3) on another clock, each joint between two sightings by interpolation.

    Args:
        keypoints: x, y, confidence; 0, 0, 0 where unseen.
        fps: Their frames a second.
        n_frames: Frames wanted.
        wanted_fps: Frames a second wanted.

    Returns:
        (n_frames, 25, 3); unseen where a neighbouring frame that counts is.
    """
    place = np.minimum(np.arange(n_frames) / wanted_fps * fps, len(keypoints) - 1.0)
    before = np.floor(place).astype(np.int64)
    after = np.minimum(before + 1, len(keypoints) - 1)
    share = (place - before)[:, None, None]
    mixed = keypoints[before] * (1.0 - share) + keypoints[after] * share
    is_seen = (keypoints[before, :, 2] > 0.0) & (
        (keypoints[after, :, 2] > 0.0) | (share[..., 0] == 0)
    )
    return np.asarray(mixed * is_seen.reshape(n_frames, N_JOINTS, 1))
