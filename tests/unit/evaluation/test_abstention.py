"""No score is given for a leg that did not do the task, or that no training leg is like."""

from dataclasses import replace

import numpy as np
import pytest

from pdla.data.kinematics.quantities import leg_kinematics
from pdla.data.kinematics.tables import leg_table
from pdla.data.quantities import KINEMATICS
from pdla.data.reasons import Finding, Reason
from pdla.data.recordings import LegSample
from pdla.evaluation.abstention import find_abstention, learn_ranges, withhold
from tests.fixtures.people import make_cohort, make_recording


def leg(recording, warnings=()):
    return LegSample(recording, "R", 1, "P-1", "TG", warnings=warnings)


def test_a_leg_that_does_the_task_gets_a_score():
    assert find_abstention(leg(make_recording())) is None


def test_an_idle_leg_a_few_taps_and_another_task_get_none():
    assert find_abstention(leg(make_recording(right_amplitude_px=0.0))).reason is Reason.NO_TAPS
    short = make_recording()
    keypoints = short.keypoints.copy()
    keypoints[70:180] = keypoints[0]  # the bout begins at 1 s, two taps a second
    few = find_abstention(leg(replace(short, keypoints=keypoints)))
    assert few.reason is Reason.TOO_FEW_TAPS
    standing = Finding(Reason.STANDS)
    assert find_abstention(leg(make_recording(), (standing,))) is standing


def test_a_leg_far_from_every_training_leg_gets_no_score_and_names_the_quantity():
    rng = np.random.default_rng(0)
    rows = leg_table(make_cohort(40).samples)
    for name in KINEMATICS:
        rows[name] = rows[name] + rng.normal(0, 0.05, len(rows)) * (rows[name].abs() + 0.1)
    training, validation = rows.iloc[::2], rows.iloc[1::2]
    ranges = learn_ranges([(training, validation)])
    inside = make_recording(right_amplitude_px=60.0, left_amplitude_px=60.0)
    assert find_abstention(leg(inside), ranges) is None
    found = find_abstention(leg(make_recording(right_amplitude_px=240.0)), ranges)
    assert found.reason is Reason.OUT_OF_RANGE
    assert found.detail in KINEMATICS


def test_the_limit_holds_the_stated_share_of_legs_and_few_legs_choose_none():
    rng = np.random.default_rng(1)
    rows = leg_table(make_cohort(2).samples)
    many = rows.loc[rows.index.repeat(300)].reset_index(drop=True)
    for name in KINEMATICS:
        many[name] = np.exp(rng.normal(0, 0.3, len(many)))
    order = rng.permutation(len(many))
    third = len(many) // 3
    training, validation, new = (
        many.iloc[order[part * third : (part + 1) * third]] for part in range(3)
    )
    [known] = learn_ranges([(training, validation)], coverage=0.9)
    share = (known.distances(new).max(axis=1) <= known.limit).mean()
    assert share == pytest.approx(0.9, abs=0.04)
    [unknown] = learn_ranges([(training, validation.head(20))], coverage=0.98)
    assert unknown.limit == float("inf")
    assert unknown.outside(leg_kinematics(make_recording(), "R")) is None


def test_withheld_legs_become_exclusions_with_their_reason():
    cohort = make_cohort(3, visits=1, scores=(0, 1, 3))  # the third one's legs hardly move
    kept = withhold(cohort)
    gone = {one.recording.video_id for one in cohort.samples} - {
        one.recording.video_id for one in kept.samples
    }
    assert len(kept.samples) + len(kept.exclusions) == len(cohort.samples)
    assert {one.video_id for one in kept.exclusions} == gone == {"V-2-0"}
    assert {one.reason for one in kept.exclusions} == {Reason.NO_TAPS}
