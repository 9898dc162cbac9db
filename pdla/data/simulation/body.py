"""A person in 3-D: own proportions, seated on a chair or standing, moved by joint angles.

Axes of the person: x to the person's own left (the right of the picture), y up, z towards
the camera; metres; the origin is on the floor under the hips. Segment lengths as shares of stature
are those of Drillis and Contini (1966), as printed in Winter, Biomechanics and Motor Control of
Human Movement.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from pdla.data.simulation.randomness import Array
from pdla.data.skeletons import JOINT, N_JOINTS

SIDES: Final = {"L": 1.0, "R": -1.0}  # where the person's left and right are on x
SEGMENT_SHARES: Final = {
    "trunk": 0.288, "shoulder": 0.112, "hip": 0.052, "upper_arm": 0.186, "forearm": 0.146,
    "thigh": 0.245, "shank": 0.246, "ankle_height": 0.039, "heel": 0.045, "toe": 0.107,
    "head": 0.075,
}  # fmt: skip


@dataclass(frozen=True)
class Body:
    """A person's build, in metres and radians.

    Attributes:
        segment: Length of each segment of SEGMENT_SHARES.
        thigh_rest: Elevation of the resting thigh over the horizontal.
        shank_rest: Forward lean of the resting shank, left and right.
        splay: How far each thigh points outwards.
        toe_out: How far each foot points outwards.
        kick: Forward swing of the shank per elevation of the thigh while lifting.
        droop: Largest downward pitch of the lifted foot.
        lean: Backward lean of the resting trunk.
        hands: Where the hands rest, share of the way from hip to knee; below 0.15 they hold the
            seat.
        lean_back: Extra lean per lifted trunk length, as people counterbalance the leg.
    """

    segment: dict[str, float]
    thigh_rest: float
    shank_rest: tuple[float, float]
    splay: tuple[float, float]
    toe_out: tuple[float, float]
    kick: float
    droop: float
    lean: float
    hands: float
    lean_back: float


def draw_body(rng: np.random.Generator) -> Body:
    """Draw an adult's build (stature 1.50-1.85 m) and way of sitting."""
    stature = float(np.clip(rng.normal(1.66, 0.08), 1.48, 1.88))
    segment = {
        name: share * stature * float(np.exp(rng.normal(0.0, 0.04)))
        for name, share in SEGMENT_SHARES.items()
    }
    shank = rng.normal(0.06, 0.07) + rng.normal(0.0, 0.04, 2)
    splay = np.clip(rng.normal(0.16, 0.07) + rng.normal(0.0, 0.03, 2), 0.02, 0.40)
    toe_out = rng.normal(0.25, 0.10) + rng.normal(0.0, 0.05, 2)
    return Body(
        segment=segment,
        thigh_rest=float(rng.uniform(-0.06, 0.12)),
        shank_rest=(float(shank[0]), float(shank[1])),
        splay=(float(splay[0]), float(splay[1])),
        toe_out=(float(toe_out[0]), float(toe_out[1])),
        kick=float(rng.uniform(-0.15, 0.30)),
        droop=float(rng.uniform(0.15, 0.45)),
        lean=float(rng.normal(0.10, 0.06)),
        hands=float(rng.choice([0.05, 0.6, 0.75]) + rng.uniform(-0.05, 0.05)),
        lean_back=float(rng.uniform(0.02, 0.16)),
    )


@dataclass(frozen=True)
class Motion:
    """What a person does, frame by frame.

    Attributes:
        heel_height: (T, 2) of the left and right heel over the floor, in trunk lengths.
        sway: (T, 2) of trunk lean forward-back and sideways, radians.
        head: (T, 3) shift of the head, metres.
        knees: (T, 2) sideways angle of the left and right thigh, radians.
    """

    heel_height: Array
    sway: Array
    head: Array
    knees: Array

    @property
    def n_frames(self) -> int:
        """Number of frames, T."""
        return len(self.heel_height)


def pose_seated(body: Body, motion: Motion) -> Array:
    """Place the joints of a seated person.

    Returns:
        (T, 25, 3) metres in BODY_25 order.
    """
    joints = np.zeros((motion.n_frames, N_JOINTS, 3))
    knee_height = body.segment["ankle_height"] + body.segment["shank"] * np.cos(body.shank_rest[0])
    hip = np.array([0.0, knee_height - body.segment["thigh"] * np.sin(body.thigh_rest), 0.0])
    _place_trunk(joints, body, motion, hip)
    for side, name in enumerate(SIDES):
        _place_leg(joints, body, motion, side, name)
    for name in SIDES:
        _place_arm(joints, body, name)
    return joints


def _place_trunk(joints: Array, body: Body, motion: Motion, hip: Array) -> None:
    """Hips, neck, shoulders and head, with sway and the lean that balances a lifted leg."""
    segment = body.segment
    lean = body.lean + motion.sway[:, 0] + body.lean_back * motion.heel_height.sum(axis=1)
    side = motion.sway[:, 1]
    up = np.stack([np.sin(side), np.cos(side) * np.cos(lean), -np.sin(lean)], axis=1)
    across = np.stack([np.cos(side), -np.sin(side), np.zeros_like(side)], axis=1)
    joints[:, JOINT["MidHip"]] = hip
    neck = hip + segment["trunk"] * up
    joints[:, JOINT["Neck"]] = neck
    for name, sign in SIDES.items():
        joints[:, JOINT[f"{name}Hip"]] = hip + sign * segment["hip"] * np.array([1.0, 0.0, 0.0])
        drop = np.array([0.0, -0.01, 0.0])
        joints[:, JOINT[f"{name}Shoulder"]] = neck + sign * segment["shoulder"] * across + drop
    head = segment["head"]
    nose = neck + 1.35 * head * up + np.array([0.0, 0.03, 0.09]) + motion.head
    joints[:, JOINT["Nose"]] = nose
    for name, sign in SIDES.items():
        joints[:, JOINT[f"{name}Eye"]] = nose + np.array([sign * 0.032, 0.035, -0.025])
        joints[:, JOINT[f"{name}Ear"]] = nose + np.array([sign * 0.075, 0.015, -0.105])


def _place_leg(joints: Array, body: Body, motion: Motion, side: int, name: str) -> None:
    """Thigh, shank and foot, so that the heel is as high as the motion says."""
    segment, sign = body.segment, SIDES[name]
    height = motion.heel_height[:, side] * segment["trunk"]
    pitch = body.droop * (1.0 - np.exp(-height / 0.15))
    heel_drop = segment["ankle_height"] * (1.0 - np.cos(pitch)) + segment["heel"] * np.sin(pitch)
    thigh, shank = _lift_angles(body, side, height - heel_drop)
    outwards = body.splay[side] + motion.knees[:, side]
    ahead = np.stack([sign * np.sin(outwards), np.zeros_like(thigh), np.cos(outwards)], axis=1)
    up = np.array([0.0, 1.0, 0.0])
    hip = joints[:, JOINT[f"{name}Hip"]]
    knee = hip + segment["thigh"] * (np.cos(thigh)[:, None] * ahead + np.sin(thigh)[:, None] * up)
    down = np.sin(shank)[:, None] * ahead - np.cos(shank)[:, None] * up
    lean_in = np.array([-sign * 0.5 * body.splay[side], 0.0, 0.0])
    ankle = knee + segment["shank"] * (down + lean_in * np.cos(shank)[:, None])
    joints[:, JOINT[f"{name}Knee"]], joints[:, JOINT[f"{name}Ankle"]] = knee, ankle
    _place_foot(joints, body, side, name, pitch)


def _lift_angles(body: Body, side: int, ankle_rise: Array) -> tuple[Array, Array]:
    """Elevation of the thigh and forward lean of the shank that raise the ankle by so much.

    High lifts need a kick of the shank beside the thigh, so that the reach of a leg covers
    MAX_AMPLITUDE.

    Args:
        body: The person.
        side: 0 left, 1 right.
        ankle_rise: (T,) metres.

    Returns:
        Two (T,) in radians.
    """
    segment = body.segment
    reach = float(ankle_rise.max(initial=0.0)) / segment["trunk"]
    kick = body.kick + 1.1 * max(0.0, reach - 0.45)
    lift = np.linspace(0.0, 1.35, 200)
    rest = body.thigh_rest, body.shank_rest[side]
    thigh_rise = segment["thigh"] * (np.sin(rest[0] + lift) - np.sin(rest[0]))
    shank_rise = segment["shank"] * (np.cos(rest[1]) - np.cos(rest[1] + kick * lift))
    lifted = np.interp(ankle_rise, thigh_rise + shank_rise, lift)
    return rest[0] + lifted, rest[1] + kick * lifted


def _place_foot(joints: Array, body: Body, side: int, name: str, pitch: Array) -> None:
    """Heel behind and below the ankle, toes in front; both sink forwards as the foot pitches."""
    segment, sign = body.segment, SIDES[name]
    ankle = joints[:, JOINT[f"{name}Ankle"]]
    forward = np.array([sign * np.sin(body.toe_out[side]), 0.0, np.cos(body.toe_out[side])])
    outward = np.array([sign * np.cos(body.toe_out[side]), 0.0, -np.sin(body.toe_out[side])])
    up = np.array([0.0, 1.0, 0.0])
    along = np.cos(pitch)[:, None] * forward - np.sin(pitch)[:, None] * up
    sole = -np.cos(pitch)[:, None] * up - np.sin(pitch)[:, None] * forward
    below = ankle + segment["ankle_height"] * sole
    joints[:, JOINT[f"{name}Heel"]] = below - segment["heel"] * along
    toes = below + segment["toe"] * along + 0.012 * up
    joints[:, JOINT[f"{name}BigToe"]] = toes - 0.015 * outward
    joints[:, JOINT[f"{name}SmallToe"]] = toes + 0.045 * outward - 0.03 * along


def _place_arm(joints: Array, body: Body, name: str) -> None:
    """The hand rests on the thigh or holds the seat; the elbow follows from the two bones."""
    segment, sign = body.segment, SIDES[name]
    shoulder, hip = joints[:, JOINT[f"{name}Shoulder"]], joints[:, JOINT[f"{name}Hip"]]
    knee = joints[:, JOINT[f"{name}Knee"]]
    if body.hands < 0.15:
        target = hip + np.array([sign * 0.13, -0.03, 0.02])
    else:
        target = hip + body.hands * (knee - hip) + np.array([sign * 0.02, 0.07, 0.0])
    reach = target - shoulder
    distance = np.linalg.norm(reach, axis=1, keepdims=True)
    upper, fore = segment["upper_arm"], segment["forearm"]
    near = np.clip(distance, abs(upper - fore) + 0.01, upper + fore - 0.005)
    along = (upper**2 - fore**2 + near**2) / (2.0 * near)
    bend = np.sqrt(np.clip(upper**2 - along**2, 0.0, None))
    direction = reach / distance
    pole = np.array([sign * 0.9, 0.0, -0.45])
    pole = pole - (direction @ pole)[:, None] * direction
    pole /= np.linalg.norm(pole, axis=1, keepdims=True)
    joints[:, JOINT[f"{name}Elbow"]] = shoulder + along * direction + bend * pole
    joints[:, JOINT[f"{name}Wrist"]] = shoulder + near * direction
