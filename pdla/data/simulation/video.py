"""One simulated video: the schedule of both legs' bouts and the person who is filmed."""

from dataclasses import dataclass, replace

import numpy as np

from pdla.data.simulation.body import Body, Motion, draw_body, pose_seated
from pdla.data.simulation.camera import Camera, draw_camera, project
from pdla.data.simulation.cohort import VideoPlan
from pdla.data.simulation.movement import (
    TRACE_HZ,
    USUAL_LAW,
    Habit,
    MovementLaw,
    TapSeries,
    draw_habit,
    draw_tap_series,
    trace_heel_height,
)
from pdla.data.simulation.observation import draw_clothing, observe
from pdla.data.simulation.options import SimulationOptions
from pdla.data.simulation.randomness import Array, stream, wander
from pdla.data.simulation.variety import (
    SITES,
    Conditions,
    dim_clothing,
    draw_conditions,
    move_camera,
    resample,
    resample_drift,
)
from pdla.data.skeletons import LEGS

RIGHT_FIRST_CHANCE = 0.8


@dataclass(frozen=True)
class LegBout:
    """What one leg does in a video.

    Attributes:
        taps: The bout tap by tap.
        trace: (samples,) heel height in trunk lengths on the clock of TRACE_HZ, from `start_s`.
        start_s: Start of the bout from the start of the video.
    """

    taps: TapSeries
    trace: Array
    start_s: float

    @property
    def end_s(self) -> float:
        """End of the bout, the last stamp."""
        return self.start_s + (len(self.trace) - 1) / TRACE_HZ


@dataclass(frozen=True)
class Footage:
    """A filmed patient and how it came about.

    Attributes:
        keypoints: (T, 25, 3) as OpenPose found them: x px, y px, confidence; 0, 0, 0 where unseen.
        points: (T, 25, 2) true px.
        bouts: Left and right.
        person: Build and habit of the patient.
        camera: The phone.
    """

    keypoints: Array
    points: Array
    bouts: tuple[LegBout, LegBout]
    person: tuple[Body, Habit]
    camera: Camera


def film(plan: VideoPlan, options: SimulationOptions) -> Footage:
    """Film both bouts of a patient; depends on nothing but the plan and the options."""
    body, habit = _draw_person(plan, options.seed)
    conditions = _conditions(plan.index, options)
    series = draw_bouts(plan, options.seed, conditions.law if conditions else USUAL_LAW)
    rng = stream(options.seed, "video", plan.index)
    fps = conditions.fps if conditions else options.fps
    bouts, n_frames = _schedule(series, fps, rng)
    motion = _move(bouts, n_frames, fps, rng)
    camera = draw_camera(n_frames, fps, options.frame_size, rng)
    camera = move_camera(camera, conditions) if conditions else camera
    points = project(camera, pose_seated(body, motion))
    clothing = draw_clothing(rng)
    clothing = dim_clothing(clothing, conditions) if conditions else clothing
    keypoints = observe(points, clothing, fps, options.frame_size, rng)
    if fps != options.fps:
        n_wanted = max(2, round(n_frames / fps * options.fps))
        keypoints = resample(keypoints, fps, n_wanted, options.fps)
        seen = np.concatenate([points, np.ones_like(points[..., :1])], axis=-1)
        points = resample(seen, fps, n_wanted, options.fps)[..., :2]
        camera = replace(camera, drift=resample_drift(camera.drift, n_wanted))
    return Footage(keypoints, points, bouts, (body, habit), camera)


def _conditions(index: int, options: SimulationOptions) -> Conditions | None:
    if options.variety in SITES:
        return SITES[options.variety].conditions
    return draw_conditions(options.seed, index) if options.variety == "wide" else None


def draw_bouts(
    plan: VideoPlan, seed: int, law: MovementLaw = USUAL_LAW
) -> tuple[TapSeries, TapSeries]:
    """Bouts of the left and the right leg of a video, the same whether it is filmed or not."""
    _, habit = _draw_person(plan, seed)
    rng = stream(seed, "bouts", plan.index)
    left, right = (draw_tap_series(severity, habit, rng, law) for severity in plan.severity)
    return left, right


def _draw_person(plan: VideoPlan, seed: int) -> tuple[Body, Habit]:
    """Build and habit of a person, the same in every video."""
    rng = stream(seed, "person", plan.row.person)
    return draw_body(rng), draw_habit(rng)


def _schedule(
    series: tuple[TapSeries, TapSeries], fps: float, rng: np.random.Generator
) -> tuple[tuple[LegBout, LegBout], int]:
    """Sit, one leg, rest, the other leg, sit: bouts of left and right, and number of frames."""
    order = (1, 0) if rng.random() < RIGHT_FIRST_CHANCE else (0, 1)
    now = float(rng.uniform(0.8, 2.0))
    bouts: dict[int, LegBout] = {}
    for leg in order:
        bouts[leg] = LegBout(series[leg], trace_heel_height(series[leg]), now)
        now = bouts[leg].end_s + float(rng.uniform(1.2, 2.6))
    return (bouts[0], bouts[1]), max(2, int(np.ceil(now * fps)))


def _move(
    bouts: tuple[LegBout, LegBout], n_frames: int, fps: float, rng: np.random.Generator
) -> Motion:
    """Heel heights of both legs, sway of trunk and head, and how a resting leg stirs."""
    clock = np.arange(n_frames) / fps
    heights = np.zeros((n_frames, len(LEGS)))
    for side, bout in enumerate(bouts):
        times = bout.start_s + np.arange(len(bout.trace)) / TRACE_HZ
        heights[:, side] = np.interp(clock, times, bout.trace, left=0.0, right=0.0)
    followed = float(rng.uniform(0.0, 0.04)) * heights[:, ::-1]
    sway = wander(n_frames, fps, 1.5, rng, 2) * np.array([0.018, 0.014])
    sway[:, 1] += float(rng.uniform(0.0, 0.10)) * (heights[:, 1] - heights[:, 0])
    knees = 0.015 * wander(n_frames, fps, 0.8, rng, 2)
    knees += heights * rng.normal(0.0, 0.12, 2)
    return Motion(
        heel_height=heights + followed,
        sway=sway,
        head=wander(n_frames, fps, 1.0, rng, 3) * np.array([0.012, 0.008, 0.012]),
        knees=knees,
    )
