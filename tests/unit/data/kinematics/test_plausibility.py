"""A picture that was turned, distorted or frozen, and people who do not sit, are seen for it."""

from functools import cache

import numpy as np
import pytest

from pdla.data.intake.quality import QualityOptions, judge_quality
from pdla.data.kinematics.plausibility import MIN_MOVEMENT, BodyFacts, judge_body, measure_body
from pdla.data.openpose import OpenPoseOptions, read_recording
from pdla.data.openpose.leg_swaps import repair_leg_swaps
from pdla.data.openpose.rotation import turn_upright
from pdla.data.reasons import Reason
from pdla.data.recordings import Recording
from pdla.data.simulation.bystanders import film_bystander
from pdla.data.simulation.camera import draw_camera
from pdla.data.simulation.cohort import plan_videos
from pdla.data.simulation.options import SimulationOptions
from pdla.data.simulation.video import film
from pdla.data.skeletons import JOINT, JOINTS
from tests.fixtures.clinics import seated, write_video

SIZE = (960, 540)
UPPER = [JOINT[name] for name in JOINTS if name.lstrip("LR") in
         ("Nose", "Neck", "Shoulder", "Elbow", "Wrist", "Eye", "Ear")]  # fmt: skip


@cache
def seated_person(index=0):
    """(T, 25, 3) of a simulated patient and the frames of the left bout."""
    options = SimulationOptions(videos=3, seed=21)
    footage = film(plan_videos(options)[index], options)
    bout = footage.bouts[0]
    return unseen_as_nan(footage.keypoints), slice(round(bout.start_s * 30), round(bout.end_s * 30))


def unseen_as_nan(keypoints):
    keypoints = np.array(keypoints, dtype=np.float32)
    keypoints[keypoints[..., 2] == 0] = (np.nan, np.nan, 0)
    return keypoints


def legs_only(keypoints):
    keypoints = keypoints.copy()
    keypoints[:, UPPER] = (np.nan, np.nan, 0)
    return keypoints


def reasons(keypoints, turned=0):
    facts = measure_body(Recording("V-1", keypoints, 30.0, SIZE), turned)
    return [finding.reason for finding in judge_body(facts)]


def other_person(role):
    rng = np.random.default_rng(1)
    person = film_bystander(role, draw_camera(300, 30.0, SIZE, rng), 30.0, rng)
    return unseen_as_nan(person.keypoints[person.present])


def rotated(keypoints, degrees):
    """The picture turned clockwise by so much, and its size."""
    height, width = SIZE
    x, y, c = np.moveaxis(keypoints, -1, 0)
    places = {90: (height - y, x), 180: (width - x, height - y), 270: (y, width - x)}[degrees]
    return np.stack([*places, c], axis=-1), SIZE if degrees == 180 else SIZE[::-1]


@pytest.mark.parametrize("view", [np.copy, legs_only])
def test_nothing_is_said_of_a_seated_person_who_does_the_task(view):
    assert reasons(view(seated_person()[0])) == []


@pytest.mark.parametrize("degrees", [90, 180, 270])
@pytest.mark.parametrize("view", [np.copy, legs_only])
def test_a_turned_picture_is_turned_back_and_said(degrees, view):
    upright = view(seated_person()[0])
    turned, size = rotated(upright, degrees)
    back, back_size, by = turn_upright(turned, size)
    assert (back_size, (by + degrees) % 360) == (SIZE, 0)
    np.testing.assert_allclose(back, upright, atol=1e-3)
    assert reasons(back, by) == [Reason.TURNED_BACK]


def test_the_size_of_a_turned_picture_may_have_been_given_upright():
    turned, _ = rotated(seated_person()[0], 90)
    back, size, _ = turn_upright(turned, SIZE)
    assert size == SIZE
    np.testing.assert_allclose(back, seated_person()[0], atol=1e-3)


def test_a_trunk_that_lies_over_hanging_legs_is_not_turned_but_cannot_be_scored():
    keypoints = seated_person()[0].copy()
    hips = keypoints[:, [JOINT["MidHip"]], :2]
    upper = keypoints[:, UPPER, :2] - hips
    keypoints[:, UPPER, :2] = hips + np.stack([-upper[..., 1], upper[..., 0]], axis=-1)
    assert turn_upright(keypoints, SIZE)[2] == 0
    assert Reason.NOT_UPRIGHT in reasons(keypoints)
    facts = measure_body(Recording("V-1", keypoints, 30.0, SIZE))
    assert Reason.NOT_UPRIGHT.severity == "unusable"
    assert facts.tilt == pytest.approx(90, abs=15)


@pytest.mark.parametrize(("role", "reason"), [
    ("examiner", Reason.STANDS), ("passer_by", Reason.WALKS),
])  # fmt: skip
def test_people_who_stand_or_walk_are_told_from_seated_ones(role, reason):
    assert reason in reasons(other_person(role))


@pytest.mark.parametrize("view", [np.copy, legs_only])
@pytest.mark.parametrize("factor", [16 / 9, 9 / 16])
def test_height_and_width_taken_for_each_other_distort_the_body(view, factor):
    keypoints = view(seated_person()[0]).copy()
    keypoints[..., :2] *= np.float32([factor, 1 / factor])
    assert Reason.DISTORTED in reasons(keypoints)


def test_one_frame_over_and_over_and_a_picture_that_stalls():
    keypoints = seated_person()[0].copy()
    keypoints[60:110] = keypoints[60]
    assert reasons(keypoints) == [Reason.STALLS]
    keypoints[:] = keypoints[60]
    assert reasons(keypoints)[0] is Reason.FROZEN


def test_a_person_who_rests_both_legs_is_said_not_to_move():
    rng = np.random.default_rng(0)
    keypoints = np.repeat(seated_person()[0][:1], 200, axis=0)
    keypoints[..., :2] += rng.normal(0, 0.5, (200, 25, 2)).astype(np.float32)
    assert reasons(keypoints) == [Reason.NOBODY_MOVES]


def idle_person(seed):
    """Someone seated who fidgets with both legs, without a rhythm."""
    rng = np.random.default_rng(seed)
    person = film_bystander("carer", draw_camera(450, 30.0, SIZE, rng), 30.0, rng)
    return unseen_as_nan(np.where(person.present[:, None, None], person.keypoints, 0))


def test_a_person_who_fidgets_with_both_legs_is_said_not_to_move():
    facts = measure_body(Recording("V-1", idle_person(1002), 30.0, SIZE))
    assert facts.movement > MIN_MOVEMENT
    assert [finding.reason for finding in judge_body(facts)] == [Reason.NOBODY_MOVES]


@pytest.mark.parametrize("hertz", [1.0, 2.0, 3.8])
def test_small_taps_are_no_fidgeting(hertz):
    keypoints = idle_person(1002)
    seconds = np.arange(len(keypoints)) / 30
    foot = [JOINT[f"R{part}"] for part in ("Knee", "Ankle", "Heel", "BigToe")]
    size_px = measure_body(Recording("V-1", keypoints, 30.0, SIZE)).body_px
    lift = 0.06 * size_px * np.clip(np.sin(2 * np.pi * hertz * seconds), 0, None)
    keypoints[:, foot, 1] -= lift[:, None].astype(np.float32)
    assert reasons(keypoints) == []


@pytest.mark.slow
def test_most_idle_people_are_found_and_hardly_anybody_who_taps():
    found = [Reason.NOBODY_MOVES in reasons(idle_person(seed)) for seed in range(4000, 4080)]
    assert np.mean(found) >= 0.65
    for scores, most in (("clinic", 0), ("balanced", 2)):
        options = SimulationOptions(videos=100, seed=4, scores=scores)
        people = (film(plan, options).keypoints for plan in plan_videos(options))
        alarms = [Reason.NOBODY_MOVES in reasons(unseen_as_nan(one)) for one in people]
        assert sum(alarms) <= most


@pytest.mark.parametrize("view", [np.copy, legs_only])
def test_legs_that_were_taken_for_each_other_in_a_whole_bout_are_changed_back(view):
    keypoints, bout = seated_person()
    keypoints = view(keypoints)
    right = repair_leg_swaps(keypoints, 30.0)[0]
    left_joints, right_joints = (
        [JOINT[leg + part] for part in ("Hip", "Knee", "Ankle", "Heel", "BigToe", "SmallToe")]
        for leg in "LR"
    )
    swapped = keypoints.copy()
    swapped[bout, left_joints + right_joints] = swapped[bout, right_joints + left_joints]
    repaired, changed = repair_leg_swaps(swapped, 30.0)
    assert changed[bout].mean() > 0.95
    assert not changed[: bout.start - 10].any()
    np.testing.assert_array_equal(repaired, right)


def test_a_person_seen_from_behind_keeps_the_sides_and_it_is_said():
    keypoints = seated_person()[0].copy()
    keypoints[..., 0] = 540 - keypoints[..., 0]
    repaired, changed = repair_leg_swaps(keypoints, 30.0)
    assert not changed.any()
    assert reasons(repaired) == [Reason.SIDES_REVERSED]


def test_verdicts_of_a_folder_hold_what_was_seen_of_the_body(tmp_path):
    person = seated(120)
    size = np.array([540, 960])
    turned = np.concatenate([size - person[..., :2], person[..., 2:]], axis=-1)
    facts = read_recording(write_video(tmp_path / "turned", turned), OpenPoseOptions()).facts
    assert facts.body.turned == 180
    verdicts = judge_quality(facts, QualityOptions())
    assert Reason.TURNED_BACK in [finding.reason for finding in verdicts["R"].findings]
    assert all(verdict.is_usable for verdict in verdicts.values())
    assert BodyFacts(**facts.to_json()["body"]) == facts.body


def test_feet_alone_cannot_be_scored_for_want_of_a_length(tmp_path):
    person = seated(120)
    feet = [JOINT[leg + part] for leg in "LR" for part in ("Ankle", "Heel", "BigToe", "SmallToe")]
    hidden = [joint for joint in range(25) if joint not in feet]
    person[:, hidden] = 0
    facts = read_recording(write_video(tmp_path / "feet", person), OpenPoseOptions()).facts
    verdict = judge_quality(facts, QualityOptions())["L"]
    assert [finding.reason for finding in verdict.findings] == [Reason.NO_BODY_LENGTH]
