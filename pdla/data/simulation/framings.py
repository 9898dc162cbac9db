"""How a phone is really held: only the legs in the picture, a hip hidden, a hand that wanders."""

from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from pdla.data.simulation.randomness import Array, wander
from pdla.data.simulation.scene import Scene
from pdla.data.simulation.traps import Trap, TrapContext
from pdla.data.skeletons import JOINT, LEGS

ZOOM: Final = (1.0, 1.4)
DRIFT_SHARE: Final = 0.10  # of the height of the picture, from the highest to the lowest place
DRIFT_S: Final = 3.0  # the hand sinks and is lifted again in a few seconds


def film_legs_only(scene: Scene, context: TrapContext) -> str:
    """The picture begins at the waist: hips are at its upper edge, nothing above is seen."""
    trunk = _median(scene, "MidHip") - _median(scene, "Neck")
    _crop(scene, _median(scene, "MidHip") - float(context.rng.uniform(0.08, 0.3)) * trunk, context)
    _hide(scene, UPPER_BODY)
    return "every frame"


def hide_hip(scene: Scene, context: TrapContext) -> str:
    """The picture begins at the waist, and a hand or a coat hides one hip; so no mid-hip either."""
    film_legs_only(scene, context)
    leg = LEGS[int(context.rng.integers(2))]
    _hide(scene, (f"{leg}Hip", "MidHip"))
    return leg


def crop_at_knee(scene: Scene, context: TrapContext) -> str:
    """The picture begins a little above the resting knees: hips are out, lifted knees leave it."""
    shank = _median(scene, "RAnkle") - _median(scene, "RKnee")
    knees = min(_median(scene, "LKnee"), _median(scene, "RKnee"))
    _crop(scene, knees - float(context.rng.uniform(0.03, 0.12)) * shank, context)
    _hide(scene, (*UPPER_BODY, *HIPS))
    return "every frame"


def drift_camera(scene: Scene, context: TrapContext) -> str:
    """The hand that holds the phone wanders by a tenth of the picture's height, up and sideways."""
    path = wander(scene.n_frames, context.fps, DRIFT_S, context.rng, 2)
    path = gaussian_filter1d(path, 0.4 * context.fps, axis=0)  # a hand has mass
    path *= DRIFT_SHARE * scene.frame_size[0] / np.maximum(np.ptp(path, axis=0), 1e-9)
    _move(scene, path, 1.0)
    return f"{DRIFT_SHARE:.0%} of the height"


HIPS: Final = ("MidHip", "RHip", "LHip")
UPPER_BODY: Final = tuple(
    name for name in JOINT
    if name.lstrip("LR") in ("Nose", "Neck", "Shoulder", "Elbow", "Wrist", "Eye", "Ear")
)  # fmt: skip
FRAMINGS: Final[dict[str, Trap]] = {
    "legs_only": film_legs_only,
    "one_hip_out": hide_hip,
    "cropped_at_knee": crop_at_knee,
    "camera_drift": drift_camera,
}


def _median(scene: Scene, joint: str) -> float:
    """Usual height of a joint of the patient in px from the top."""
    seen = scene.patient.keypoints[:, JOINT[joint]]
    return float(np.median(seen[seen[:, 2] > 0.0, 1])) if (seen[:, 2] > 0.0).any() else 0.0


def _crop(scene: Scene, top: float, context: TrapContext) -> None:
    """Begin the picture at `top` px, nearer by ZOOM, with the patient in the middle."""
    zoom = float(context.rng.uniform(*ZOOM))
    feet = scene.patient.keypoints[:, [JOINT["LAnkle"], JOINT["RAnkle"]]]
    middle = float(np.median(feet[feet[..., 2] > 0.0, 0]))
    left = middle - scene.frame_size[1] / 2 / zoom
    _move(scene, np.array([-left, -top]), zoom)


def _move(scene: Scene, shift: Array, zoom: float) -> None:
    """Shift (2,) or (T, 2) in px, then magnify; what leaves the picture is not seen."""
    size = np.array(scene.frame_size[::-1])
    for person in scene.people:
        places = (person.keypoints[..., :2] + np.atleast_2d(shift)[:, None]) * zoom
        is_inside = ((places >= 0.0) & (places < size)).all(axis=-1)
        is_seen = (person.keypoints[..., 2] > 0.0) & is_inside
        person.keypoints[..., :2] = places
        person.keypoints[~is_seen] = 0.0


def _hide(scene: Scene, names: tuple[str, ...]) -> None:
    for person in scene.people:
        person.keypoints[:, [JOINT[name] for name in names]] = 0.0
