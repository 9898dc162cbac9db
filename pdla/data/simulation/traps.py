"""What goes wrong in a video: each trap changes the scene and says what it did.

A trap is a function (scene, context) -> detail; the detail stands in truth.csv as `name=detail`,
mostly the frames concerned, as `3-7 12`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from pdla.data.simulation.bystanders import ROLES, film_bystander
from pdla.data.simulation.camera import Camera
from pdla.data.simulation.randomness import Array, wander
from pdla.data.simulation.scene import Scene
from pdla.data.skeletons import JOINT, LEGS

LOWER_JOINTS: Final = tuple(range(8, 15)) + tuple(range(19, 25))


@dataclass(frozen=True)
class TrapContext:
    """What a trap may need to know.

    Attributes:
        rng: Source of randomness of this trap in this video.
        fps: Frames a second.
        camera: The phone.
        stale: (T, 25, 3) of another patient's video, for its tail.
        is_mild: As in the clinic preset, where every video stays usable.
    """

    rng: np.random.Generator
    fps: float
    camera: Camera
    stale: Callable[[], Array]
    is_mild: bool


Trap = Callable[[Scene, TrapContext], str]


def frame_ranges(frames: Iterable[int]) -> str:
    """Frames as text: 3-7 12."""
    ordered = sorted(set(frames))
    starts = [f for i, f in enumerate(ordered) if i == 0 or ordered[i - 1] != f - 1]
    ends = [f for i, f in enumerate(ordered) if i + 1 == len(ordered) or ordered[i + 1] != f + 1]
    pairs = zip(starts, ends, strict=True)
    return " ".join(f"{lo}" if lo == hi else f"{lo}-{hi}" for lo, hi in pairs)


def draw_bursts(
    n_frames: int,
    n_bursts: int,
    longest: int,
    rng: np.random.Generator,
    weight: Array | None = None,
) -> list[range]:
    """Short stretches of frames, apart from each other; starts are drawn by weight."""
    chance = np.ones(n_frames) if weight is None else weight.copy()
    bursts = []
    for _ in range(n_bursts):
        length = int(rng.integers(1, longest + 1))
        chance[max(n_frames - length, 1) :] = 0.0
        if chance.sum() <= 0.0:
            break
        start = int(rng.choice(n_frames, p=chance / chance.sum()))
        bursts.append(range(start, min(start + length, n_frames)))
        chance[max(start - longest - 1, 0) : start + length + 2] = 0.0
    return bursts


def add_other_people(scene: Scene, context: TrapContext) -> str:
    """One to three more people; their order changes from frame to frame."""
    rng = context.rng
    n_others = int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1]))
    roles = [str(role) for role in rng.permutation(ROLES)[:n_others]]
    scene.people += [film_bystander(role, context.camera, context.fps, rng) for role in roles]
    if not any(person.present.any() for person in scene.people[1:]):
        scene.people[1].present[:] = True
    change = rng.random(scene.n_frames) < rng.uniform(0.1, 0.5)
    orders = rng.permuted(np.tile(np.arange(len(scene.people)), (scene.n_frames, 1)), axis=1)
    last_change = np.maximum.accumulate(np.where(change, np.arange(scene.n_frames), 0))
    scene.order = orders[last_change]
    shared = np.flatnonzero(np.any([person.present for person in scene.people[1:]], axis=0))
    return f"{'+'.join(roles)} {frame_ranges(shared.tolist())}"


def drop_everyone(scene: Scene, context: TrapContext) -> str:
    """Frames in which OpenPose found nobody."""
    n_bursts = max(1, round(scene.n_frames * context.rng.uniform(0.005, 0.02)))
    frames = [f for burst in draw_bursts(scene.n_frames, n_bursts, 6, context.rng) for f in burst]
    for person in scene.people:
        person.present[frames] = False
    return frame_ranges(frames)


def add_empty_person(scene: Scene, context: TrapContext) -> str:
    """A person whose keypoint list is empty, before or after the others."""
    share = context.rng.uniform(0.05, 0.3)
    frames = np.flatnonzero(context.rng.random(scene.n_frames) < share).tolist() or [0]
    listed = {frame: sum(bool(p.present[frame]) for p in scene.people) for frame in frames}
    scene.empty_person = {f: int(context.rng.integers(0, listed[f] + 1)) for f in frames}
    return frame_ranges(frames)


def swap_legs(scene: Scene, context: TrapContext) -> str:
    """Left and right leg change places for a few frames, most where knees are close together."""
    keypoints, rng = scene.patient.keypoints, context.rng
    apart = np.abs(keypoints[:, JOINT["LKnee"], 0] - keypoints[:, JOINT["RKnee"], 0])
    weight = 1.0 / (apart / max(float(np.median(apart)), 1.0) + 0.2) ** 2
    n_bursts = max(1, round(scene.n_frames / context.fps * rng.uniform(0.1, 0.5)))
    bursts = draw_bursts(scene.n_frames, n_bursts, max(2, round(context.fps / 3)), rng, weight)
    for burst in bursts:
        parts = ("Knee", "Ankle", "BigToe", "SmallToe", "Heel", "Hip")[: int(rng.integers(5, 7))]
        left, right = ([JOINT[f"{leg}{part}"] for part in parts] for leg in LEGS)
        frames = np.array(burst)[:, None]
        keypoints[frames, left + right] = keypoints[frames, right + left]
    return frame_ranges(frame for burst in bursts for frame in burst)


def hide_ankles(scene: Scene, context: TrapContext) -> str:
    """Ankles unseen for long stretches; feet hang on ankles, so they go with them."""
    low, high = (0.15, 0.40) if context.is_mild else (0.60, 0.99)
    details = []
    legs = LEGS if context.rng.random() < 0.5 else LEGS[: int(context.rng.integers(1, 3))][-1:]
    for leg in legs:
        luck = wander(scene.n_frames, context.fps, 0.7, context.rng)[:, 0]
        n_missing = max(1, round(context.rng.uniform(low, high) * scene.n_frames))
        frames = np.argsort(luck, kind="stable")[:n_missing]
        joints = [JOINT[f"{leg}{part}"] for part in ("Ankle", "Heel", "BigToe", "SmallToe")]
        scene.patient.keypoints[frames[:, None], joints] = 0.0
        details.append(f"{leg} {frame_ranges(frames.tolist())}")
    return " ".join(details)


def film_upper_body(scene: Scene, _context: TrapContext) -> str:
    """Hips and legs of nobody are in the picture."""
    for person in scene.people:
        person.keypoints[:, LOWER_JOINTS] = 0.0
    return "every frame"


def add_extra_points(scene: Scene, context: TrapContext) -> str:
    """A few frames in which the patient has 26 points."""
    present = np.flatnonzero(scene.patient.present)
    frames = context.rng.permutation(present)[: int(context.rng.integers(2, 7))].tolist()
    scene.extra_point = set(frames)
    return frame_ranges(frames)


def leave_stale_tail(scene: Scene, context: TrapContext) -> str:
    """The last frames of a longer, earlier video of someone else, framed otherwise."""
    length = round(context.rng.uniform(0.5, 2.0) * context.fps) + 1
    tail = context.stale()[-length:].copy()
    height, width = scene.frame_size
    here = np.median(scene.patient.keypoints[:, JOINT["MidHip"], 0])
    shift = np.array([-0.22 if here > width / 2 else 0.22, context.rng.uniform(0.04, 0.10)])
    tail[..., :2] += shift * np.array([width, height]) * (tail[..., 2:] > 0.0)
    start, n_tail = scene.n_frames, len(tail)
    for person in scene.people:
        fill = tail if person is scene.patient else np.zeros((n_tail, *tail.shape[1:]))
        shown = np.full(n_tail, person is scene.patient)
        person.keypoints = np.concatenate([person.keypoints, fill])
        person.present = np.concatenate([person.present, shown])
    scene.order = np.concatenate([scene.order, np.repeat(scene.order[-1:], n_tail, axis=0)])
    return f"{start}-{start + n_tail - 1}"


PEOPLE_TRAPS: Final[dict[str, Trap]] = {
    "leg_swaps": swap_legs,
    "missing_ankles": hide_ankles,
    "other_people": add_other_people,
    "upper_body_only": film_upper_body,
    "empty_frames": drop_everyone,
    "extra_points": add_extra_points,
    "empty_person": add_empty_person,
    "stale_tail": leave_stale_tail,
}
