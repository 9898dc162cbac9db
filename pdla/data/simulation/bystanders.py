"""Other people in the picture: an examiner who stands by, a seated carer, a passer-by."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from pdla.data.simulation.body import Body, Motion, draw_body, pose_seated
from pdla.data.simulation.camera import Camera, project
from pdla.data.simulation.observation import draw_clothing, observe
from pdla.data.simulation.randomness import wander
from pdla.data.simulation.scene import SeenPerson

ROLES = ("examiner", "carer", "passer_by")


def film_bystander(role: str, camera: Camera, fps: float, rng: np.random.Generator) -> SeenPerson:
    """Film one more person with the same camera.

    Args:
        role: One of ROLES; an examiner and a carer stay, a passer-by crosses the picture.
        camera: The phone.
        fps: Frames a second.
        rng: Source of randomness.
    """
    n_frames = len(camera.drift)
    body = draw_body(rng) if role == "carer" else _standing(draw_body(rng))
    side = float(rng.choice([-1.0, 1.0]))
    joints = pose_seated(body, _idle(n_frames, fps, role, rng))
    if role == "passer_by":
        seconds = float(rng.uniform(2.5, 5.0))
        start = float(rng.uniform(0.0, max(n_frames / fps - seconds, 0.1)))
        along = (np.arange(n_frames) / fps - start) / seconds
        joints[..., 0] += side * (2.0 - 4.0 * along)[:, None]
        joints[..., 2] -= float(rng.uniform(0.8, 1.6))
        wanted = (along >= 0.0) & (along <= 1.0)
    else:
        joints[..., 0] += side * float(rng.uniform(0.60, 0.85))
        joints[..., 2] -= float(rng.uniform(0.3, 0.9))
        wanted = _stays(n_frames, fps, rng)
    points = project(camera, joints)
    keypoints = observe(points, draw_clothing(rng), fps, camera.frame_size, rng)
    seen = (keypoints[..., 2] > 0.0).sum(axis=1) >= 5  # OpenPose drops people of very few joints
    return SeenPerson(keypoints, wanted & seen)


def _standing(body: Body) -> Body:
    """The same person on their feet."""
    return replace(
        body, thigh_rest=-1.50, shank_rest=(-0.02, -0.02), splay=(0.1, 0.1), lean=0.0, hands=0.05
    )


def _idle(n_frames: int, fps: float, role: str, rng: np.random.Generator) -> Motion:
    """Sway; whoever walks also lifts one foot after the other."""
    heights = np.zeros((n_frames, 2))
    if role == "passer_by":
        steps = np.sin(2.0 * np.pi * 0.9 * np.arange(n_frames) / fps)
        heights = 0.12 * np.clip(np.stack([steps, -steps], axis=1), 0.0, None)
    return Motion(
        heel_height=heights,
        sway=wander(n_frames, fps, 2.0, rng, 2) * 0.03,
        head=wander(n_frames, fps, 1.0, rng, 3) * 0.015,
        knees=wander(n_frames, fps, 1.0, rng, 2) * 0.02,
    )


def _stays(n_frames: int, fps: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(T,) whether a bystander is found: for long stretches, with losses."""
    luck = gaussian_filter1d(wander(n_frames, fps, 2.0, rng)[:, 0], sigma=0.25 * fps)
    return np.asarray(luck > float(rng.uniform(-1.2, 0.2)))
