"""Leg agility in time, the seated body and the phone that films it."""

import numpy as np
import pytest

from pdla.data.simulation.body import Motion, draw_body, pose_seated
from pdla.data.simulation.camera import draw_camera, project
from pdla.data.simulation.cohort import plan_videos
from pdla.data.simulation.movement import (
    MIN_HALT_S,
    TRACE_HZ,
    TapSeries,
    draw_habit,
    draw_tap_series,
    trace_heel_height,
)
from pdla.data.simulation.observation import draw_clothing, observe
from pdla.data.simulation.options import SimulationOptions
from pdla.data.simulation.reference import MEASURED, compare_ranges, range_table
from pdla.data.simulation.truth import measure_kinematics, measure_series, tap_peaks
from pdla.data.simulation.video import film
from pdla.data.skeletons import JOINT

# How far a simulated minimum, median or maximum may lie from the measured one, as a factor.
TOLERANCE = {"cycle_range_s": (3.0, 1.8, 1.8), "amplitude_cv": (3.0, 1.3, 1.4)}
USUAL_TOLERANCE = (2.4, 1.25, 1.4)


def three_taps(**changes: np.ndarray) -> TapSeries:
    ones = np.ones(3)
    values = {
        "amplitude": 0.3 * ones,
        "rise_s": 0.24 * ones,
        "fall_s": 0.18 * ones,
        "floor_s": 0.08 * ones,
        "pause_s": 0.0 * ones,
        "pause_at": 0.0 * ones,
    }
    return TapSeries(**(values | changes))


def test_three_taps_reach_their_height_and_come_back_to_the_floor() -> None:
    taps = three_taps()
    trace = trace_heel_height(taps)
    heights, times = tap_peaks(taps, trace)
    assert heights == pytest.approx([0.3] * 3, abs=0.01)
    assert times == pytest.approx([0.24, 0.74, 1.24], abs=0.02)
    assert len(trace) / TRACE_HZ == pytest.approx(1.42, abs=0.01)
    assert trace.min() >= 0.0
    assert trace[-1] < 0.12


def test_a_pause_holds_the_foot_and_lengthens_the_bout() -> None:
    held = three_taps(pause_s=np.array([0.0, 1.0, 0.0]), pause_at=np.array([0.0, 0.5, 0.0]))
    trace = trace_heel_height(held)
    still = np.abs(np.diff(trace)) < 1e-6
    assert held.duration_s == pytest.approx(three_taps().duration_s + 1.0)
    assert (still & (trace[1:] > 0.1)).sum() / TRACE_HZ > 0.9
    assert measure_kinematics(held, trace)["n_arrests"] == 1
    assert measure_kinematics(held, trace)["taps_per_s"] == pytest.approx(2.0)


def test_falling_is_a_third_faster_than_rising() -> None:
    rng = np.random.default_rng(0)
    ratios = [
        measure_series(draw_tap_series(1.0, draw_habit(rng), rng))["closing_over_opening"]
        for _ in range(50)
    ]
    assert np.mean(ratios) == pytest.approx(1.33, abs=0.05)


def test_bouts_have_the_ranges_of_measured_ones() -> None:
    simulated = compare_ranges(n_draws=20)
    for name, measured in MEASURED.items():
        limits = TOLERANCE.get(name, USUAL_TOLERANCE)
        for value, target, factor in zip(simulated[name], measured, limits, strict=True):
            assert target / factor < value < target * factor, (name, simulated[name])
    assert simulated["closing_over_opening"][1] == pytest.approx(1.3, abs=0.1)


def test_range_table_names_every_quantity() -> None:
    table = range_table(n_draws=1)
    assert all(name in table for name in MEASURED)


def test_severity_shows_as_the_score_table_says() -> None:
    rng = np.random.default_rng(1)
    means = {}
    for severity in (0.0, 1.0, 2.0, 3.0, 4.0):
        bouts = [
            measure_series(draw_tap_series(severity, draw_habit(rng), rng)) for _ in range(150)
        ]
        means[severity] = {name: np.mean([bout[name] for bout in bouts]) for name in bouts[0]}
    for name, sign in (
        ("amplitude", -1),
        ("taps_per_s", -1),
        ("amplitude_first_over_last", 1),
        ("n_hesitations", 1),
        ("n_arrests", 1),
    ):
        values = np.array([means[severity][name] for severity in (0.0, 1.0, 2.0, 3.0)])
        assert (sign * np.diff(values) > 0).all(), (name, values)
    assert means[0.0]["n_hesitations"] < 0.8
    assert 0.8 < means[1.0]["n_hesitations"] < 2.5
    assert 3.0 <= means[2.0]["n_hesitations"] + means[2.0]["n_arrests"] < 5.0
    assert means[3.0]["n_hesitations"] + means[3.0]["n_arrests"] > 5.0
    assert means[4.0]["amplitude"] < 0.1


def test_pauses_are_hesitations_or_arrests() -> None:
    rng = np.random.default_rng(2)
    pauses = np.concatenate(
        [draw_tap_series(3.0, draw_habit(rng), rng).pause_s for _ in range(100)]
    )
    made = pauses[pauses > 0]
    assert ((made <= 0.5) | (made >= MIN_HALT_S)).all()
    assert made.max() <= 2.0


@pytest.mark.parametrize("amplitude", [0.03, 0.26, 1.0])
def test_the_heel_of_the_body_is_as_high_as_the_movement_says(amplitude: float) -> None:
    for seed in range(10):
        body = draw_body(np.random.default_rng(seed))
        heights = np.stack([amplitude * np.linspace(0, 1, 21), np.zeros(21)], axis=1)
        still = np.zeros((21, 3))
        joints = pose_seated(body, Motion(heights, still[:, :2], still, still[:, :2]))
        heel = joints[:, JOINT["LHeel"], 1]
        rise = (heel - heel[0]) / body.segment["trunk"]
        assert rise == pytest.approx(heights[:, 0], abs=0.02)
        knee = joints[:, JOINT["LKnee"], 1]
        assert knee[-1] - knee[0] > 0.3 * (heel[-1] - heel[0])  # the whole leg lifts
        resting = joints[:, JOINT["RHeel"]]
        assert np.ptp(resting, axis=0).max() < 1e-9


def test_bones_keep_their_length_while_the_leg_moves() -> None:
    body = draw_body(np.random.default_rng(3))
    heights = np.stack([np.linspace(0, 0.6, 31), np.linspace(0.2, 0.0, 31)], axis=1)
    still = np.zeros((31, 3))
    joints = pose_seated(body, Motion(heights, still[:, :2], still, still[:, :2]))
    for upper, lower in (("Hip", "Knee"), ("Shoulder", "Elbow"), ("Elbow", "Wrist")):
        bone = joints[:, JOINT[f"L{upper}"]] - joints[:, JOINT[f"L{lower}"]]
        length = np.linalg.norm(bone, axis=1)
        assert np.ptp(length) < 0.01


def test_a_seated_person_from_the_front_fills_a_portrait_picture() -> None:
    plans = plan_videos(SimulationOptions(videos=12))
    for plan in plans:
        points = film(plan, SimulationOptions()).points
        first = points[0]
        assert (first[JOINT["Nose"], 1] < first[JOINT["MidHip"], 1]).all()
        assert first[JOINT["MidHip"], 1] < first[JOINT["LKnee"], 1] < first[JOINT["LAnkle"], 1]
        assert first[JOINT["RKnee"], 0] < first[JOINT["LKnee"], 0]  # facing the camera
        inside = (points > 0).all(axis=-1) & (points < [540, 960]).all(axis=-1)
        assert inside.mean() > 0.98
        thigh = np.linalg.norm(first[JOINT["LHip"]] - first[JOINT["LKnee"]])
        shank = np.linalg.norm(first[JOINT["LKnee"]] - first[JOINT["LAnkle"]])
        assert thigh < 0.9 * shank  # foreshortened


def test_the_camera_sees_a_nearer_person_larger() -> None:
    rng = np.random.default_rng(0)
    camera = draw_camera(2, 30.0, (960, 540), rng)
    near = np.array([[[0.0, 0.5, 0.3], [0.0, 1.0, 0.3]]] * 2)
    far = near - np.array([0.0, 0.0, 1.0])
    size = [np.linalg.norm(np.diff(project(camera, p), axis=1)) for p in (near, far)]
    assert size[0] > size[1]


def test_unsure_joints_shake_more_and_are_missed() -> None:
    rng = np.random.default_rng(0)
    points = np.tile(np.linspace(200, 400, 50).reshape(25, 2), (3000, 1, 1))
    clothing = draw_clothing(rng)
    clothing.confidence[:] = 0.9
    clothing.confidence[10] = 0.2
    seen = observe(points, clothing, 30.0, (960, 540), rng)
    was_seen = seen[:, 10, 2] > 0
    assert 0.02 < 1 - was_seen.mean() < 0.6
    assert (seen[~was_seen, 10] == 0).all()
    assert seen[was_seen, 10, 0].std() > 2 * seen[:, 11, 0].std()


def test_video_length_follows_the_taps_alone() -> None:
    options = SimulationOptions(videos=40)
    seconds, moving = [], []
    for plan in plan_videos(options):
        footage = film(plan, options)
        seconds.append(len(footage.keypoints) / options.fps)
        moving.append(sum(bout.end_s - bout.start_s for bout in footage.bouts))
    assert np.corrcoef(seconds, moving)[0, 1] > 0.95
    assert 8 < min(seconds) < max(seconds) < 40


def test_the_same_movement_is_filmed_at_any_frame_rate() -> None:
    plan = plan_videos(SimulationOptions(videos=1))[0]
    slow = film(plan, SimulationOptions(videos=1, fps=15))
    fast = film(plan, SimulationOptions(videos=1, fps=60))
    assert (slow.bouts[0].trace == fast.bouts[0].trace).all()
    assert len(fast.keypoints) / len(slow.keypoints) == pytest.approx(4, abs=0.05)
