"""A phone that films the person: pinhole, own height, distance, tilt and hand-held drift."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from pdla.data.simulation.randomness import Array, wander

# A phone's main camera sees about 28-32 mm (35 mm equivalent) in video mode; the long side has 36
# mm.
FOCAL_MM: Final = (28.0, 32.0)
PERSON_HEIGHT: Final = 1.30  # metres from the floor to the crown of a seated adult


@dataclass(frozen=True)
class Camera:
    """Where the phone is held.

    Attributes:
        frame_size: (H, W) in px.
        focal_px: Focal length in px.
        position: (3,) metres in the axes of the person.
        target: (3,) the point that stands in the middle of the picture.
        roll: Tilt in the plane of the picture, radians.
        drift: (T, 3) of pan, tilt and roll by the hand that holds the phone, radians.
    """

    frame_size: tuple[int, int]
    focal_px: float
    position: Array
    target: Array
    roll: float
    drift: Array


def draw_camera(
    n_frames: int, fps: float, frame_size: tuple[int, int], rng: np.random.Generator
) -> Camera:
    """Draw a phone in front of the chair that has the whole person in the picture."""
    height, width = frame_size
    focal_px = float(rng.uniform(*FOCAL_MM)) / 36.0 * max(frame_size)
    share = min(float(rng.uniform(0.50, 0.72)), 1.15 * width / height)
    distance = PERSON_HEIGHT * focal_px / (share * height)
    azimuth = float(np.clip(rng.normal(0.0, 0.14), -0.4, 0.4))
    eye = float(np.clip(rng.normal(1.15, 0.15), 0.7, 1.5))
    position = np.array([distance * np.sin(azimuth), eye, 0.25 + distance * np.cos(azimuth)])
    aim = rng.normal(0.0, 0.03, 2) * distance
    slow = wander(n_frames, fps, 4.0, rng, 3) * np.array([0.006, 0.006, 0.004])
    shake = wander(n_frames, fps, 0.12, rng, 3) * np.array([0.0007, 0.0007, 0.0005])
    return Camera(
        frame_size=frame_size,
        focal_px=focal_px,
        position=position,
        target=np.array([aim[0], 0.60 + aim[1], 0.25]),
        roll=float(rng.normal(0.0, 0.025)),
        drift=float(rng.uniform(0.2, 1.2)) * (slow + shake),
    )


def project(camera: Camera, points: Array) -> Array:
    """See points in the picture.

    Args:
        camera: The phone.
        points: (T, J, 3) metres.

    Returns:
        (T, J, 2) of x px to the right and y px down; whatever lies outside the frame stays outside.
    """
    height, width = camera.frame_size
    forward = camera.target - camera.position
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, np.array([0.0, 1.0, 0.0]))
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    seen = points - camera.position
    depth = np.maximum(seen @ forward, 0.3)
    plane = np.stack([seen @ right / depth, seen @ up / depth], axis=-1)
    plane += np.tan(camera.drift[:, None, :2])
    roll = camera.roll + camera.drift[:, None, 2]
    x = np.cos(roll) * plane[..., 0] - np.sin(roll) * plane[..., 1]
    y = np.sin(roll) * plane[..., 0] + np.cos(roll) * plane[..., 1]
    centre = 0.5 * np.array([width, height])
    return np.asarray(centre + camera.focal_px * np.stack([x, -y], axis=-1))
