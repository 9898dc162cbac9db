"""The published files of Li & Taati (2018): read exactly, and what is wrong is counted."""

import json

import numpy as np
import pytest

from pdla.data.intake import IntakeOptions, read_cohort, read_intake
from pdla.data.kinematics.bouts import find_bout
from pdla.data.kinematics.quantities import leg_kinematics
from pdla.data.li2018 import read_toe_tapping, read_trajectories
from pdla.data.li2018.files import parse_trial_key
from pdla.data.reasons import Reason
from pdla.data.skeletons import JOINT, LEGS
from tests.fixtures.li2018 import SECONDS, agility_entry, flow_entry, write_li2018
from tests.fixtures.people import FPS, SEATED
from tests.fixtures.places import SHARED

PUBLISHED = SHARED / "data" / "li_taati_2018"


def read(folder):
    return read_intake(folder, None, folder / "store", IntakeOptions())


def only_trial(folder, entry):
    """The one trial of a file that holds nothing else."""
    write_li2018(folder, 1, 1, trajectories={"1 (occl)": None, "1": entry})
    (trial,) = read_trajectories(folder).trials
    return trial


def noted(intake, reason):
    return [one.place for one in intake.trial_problems if one.reason is reason]


def reasons(trial):
    return {problem.reason for problem in trial.problems}


@pytest.mark.parametrize("extension", [".txt", ".json"])
def test_every_trial_is_a_recording_of_both_bouts_with_ratings_and_subject(tmp_path, extension):
    cohort = read(write_li2018(tmp_path, extension=extension)).cohort
    assert len(cohort.samples) == 20
    assert len({sample.patient for sample in cohort.samples}) == 5
    assert not cohort.exclusions
    first = cohort.samples[0]
    assert (first.score, round(first.rating, 3)) == (1, 1.333)
    for sample in cohort.samples:
        assert sample.recording.duration_s == sum(SECONDS.values())
        bout = find_bout(sample.recording, sample.leg)
        assert abs(bout.duration_s - SECONDS[sample.leg]) < 0.3
        assert leg_kinematics(sample.recording, sample.leg).n_taps == SECONDS[sample.leg] * 2


def test_subjects_and_trials_go_by_pseudonyms(tmp_path):
    cohort = read(write_li2018(tmp_path)).cohort
    assert all(sample.patient.startswith("P-") for sample in cohort.samples)
    again = read_cohort(tmp_path, None, tmp_path / "store", IntakeOptions())
    assert again.samples[0].patient == cohort.samples[0].patient
    assert again.data_hash == cohort.data_hash


@pytest.mark.parametrize("first", ["L", "R"])
def test_a_pause_in_idx_tells_which_leg_was_first(tmp_path, first):
    trial = only_trial(tmp_path, agility_entry(first=first))
    assert trial.bouts[first][0] == 0
    assert Reason.ORDER_UNKNOWN not in reasons(trial)
    neck = trial.keypoints[:, JOINT["Neck"], :2]
    assert (neck == SEATED["Neck"]).all()


@pytest.mark.parametrize("form", ["by joint", "by leg"])
def test_idx_of_each_stretch_places_it(tmp_path, form):
    entry = agility_entry(first="R", pause=0)
    n_right, n_left = (round(SECONDS[leg] * FPS) for leg in "RL")
    frames = {"R": list(range(n_right)), "L": list(range(n_right, n_right + n_left))}
    entry["idx"] = (
        {f"{leg}{part}_act": frames[leg] for leg in LEGS for part in ("hip", "kne", "ank")}
        if form == "by joint"
        else {f"{leg}_act": frames[leg] for leg in LEGS}
    )
    trial = only_trial(tmp_path, entry)
    assert trial.bouts == {"R": (0, n_right), "L": (n_right, n_right + n_left)}
    assert Reason.ORDER_UNKNOWN not in reasons(trial)


@pytest.mark.parametrize("idx", ["one run", "none", "too short", "starts anew"])
def test_an_order_that_idx_does_not_tell_is_never_guessed(tmp_path, idx):
    entry = agility_entry(pause=0)
    n_left, n_right = (round(SECONDS[leg] * FPS) for leg in "LR")
    if idx == "none":
        del entry["idx"]
    elif idx == "too short":
        entry["idx"] = entry["idx"][:-1]
    elif idx == "starts anew":
        entry["idx"] = {"L_act": list(range(n_left)), "R_act": list(range(n_right))}
    for frame, place in enumerate(entry["position"]["neck"]):
        place[0] += frame  # somebody who leans more and more: only a median holds for any order
    trial = only_trial(tmp_path, entry)
    assert Reason.ORDER_UNKNOWN in reasons(trial)
    assert (Reason.BAD_INDEX in reasons(trial)) == (idx == "too short")
    assert len(np.unique(trial.keypoints[:, JOINT["Neck"], 0])) == 1
    assert {leg: last - first for leg, (first, last) in trial.bouts.items()} == {
        "L": n_left, "R": n_right,
    }  # fmt: skip
    assert len(read(tmp_path).cohort.samples) == 2


def test_a_resting_leg_of_another_length_is_left_out_and_said(tmp_path):
    entry = agility_entry()
    for part in ("hip", "kne", "ank"):
        for kind in ("position", "resp"):
            entry[kind][f"Lrst_{part}"] = entry[kind][f"L{part}_rst"]
            entry[kind][f"L{part}_rst"] = entry[kind].pop(f"Lrst_{part}")[:-7]
    trial = only_trial(tmp_path, entry)
    (problem,) = [p for p in trial.problems if p.reason is Reason.REST_LEFT_OUT]
    assert problem.leg == "L"
    first, last = trial.bouts["R"]
    assert np.isnan(trial.keypoints[first:last, JOINT["LKnee"], 0]).all()


def test_frames_that_idx_leaves_out_of_a_bout_stay_unseen(tmp_path):
    entry = agility_entry()
    entry["idx"] = [frame + 12 * (frame >= 60) for frame in entry["idx"]]
    trial = only_trial(tmp_path, entry)
    (problem,) = [p for p in trial.problems if p.reason is Reason.INDEX_GAP]
    assert (problem.leg, problem.detail) == ("L", "12 frames are missing")
    assert trial.bouts["L"] == (0, round(SECONDS["L"] * FPS) + 12)
    assert np.isnan(trial.keypoints[50:62, JOINT["LKnee"], 0]).all()


def broken(change):
    entry = agility_entry()
    change(entry)
    return entry


def shorten(entry):
    del entry["position"]["Lank_act"][-5:]


def rename(entry):
    entry["position"]["Ltoe_act"] = entry["position"].pop("Lank_act")


@pytest.mark.parametrize(
    ("changed", "reason", "n_legs"),
    [
        ({"trajectories": {"3": broken(shorten)}}, "joints of the leg have unequal lengths", 19),
        ({"trajectories": {"3": broken(rename)}}, "the active leg is missing", 19),
        ({"trajectories": {"3": {"resp": {}}}}, "the entry is not as published", 18),
        ({"trajectories": {"3 (shake)": agility_entry()}}, "the trial has several entries", 18),
        ({"trajectories": {"26-1": agility_entry()}}, None, 20),
        ({"subjects": {"3": None}}, "the trial has no subject", 18),
    ],
)
def test_what_cannot_be_used_is_left_out_with_its_reason(tmp_path, changed, reason, n_legs):
    intake = read(write_li2018(tmp_path, **changed))
    assert len(intake.cohort.samples) == n_legs
    assert {exclusion.reason.text for exclusion in intake.cohort.exclusions} == {reason} - {None}
    if reason is None:
        assert noted(intake, Reason.NO_TRIAL) == ["entry '26-1'"]


@pytest.mark.parametrize("pair", [None, [5, 1], [1], ["x", 1], 2])
def test_ratings_that_are_none_leave_the_leg_unrated_and_are_listed(tmp_path, pair):
    intake = read(write_li2018(tmp_path, leg_agility={"3": pair}))
    unrated = [sample for sample in intake.cohort.samples if not sample.is_rated]
    assert 1 <= len(unrated) <= 2
    assert any("trial 3" in place for place in noted(intake, Reason.NO_RATING))


def test_notes_unknown_joints_and_missing_trials_are_listed(tmp_path):
    entry = agility_entry()
    entry["position"]["Ltail"] = [[1, 1]]
    intake = read(
        write_li2018(tmp_path, trajectories={"3": entry, "4": None}, leg_agility={"99": [1, 1]})
    )
    assert noted(intake, Reason.UNKNOWN_JOINT) == ["trial 3: Ltail"]
    assert noted(intake, Reason.NO_TRAJECTORY) == ["trial 4", "trial 99"]
    assert noted(intake, Reason.NOTED) == ["trial 2 (occl)"]


def test_a_missing_trajectory_file_names_the_places_that_have_it(tmp_path):
    write_li2018(tmp_path)
    (tmp_path / "LA_split_all_export.txt").unlink()
    with pytest.raises(FileNotFoundError) as raised:
        read(tmp_path)
    line = str(raised.value)
    for place in (str(tmp_path), "LA_split_all_export.txt", "10.1186/s12984-018-0446-z",
                  "LIMI44/parkinsons-visionbased-pose-estimation-dataset",
                  "Graham-Broughton/Parkinson-Pose"):  # fmt: skip
        assert place in line
    assert "\n" not in line


@pytest.mark.parametrize("content", ["[1, 2]", "{", '{"1": 1, "1": 2}', ""])
def test_a_file_that_is_not_as_published_is_refused_in_a_line(tmp_path, content):
    write_li2018(tmp_path)
    (tmp_path / "LA_split_all_export.txt").write_text(content)
    with pytest.raises(ValueError, match="LA_split_all_export"):
        read(tmp_path)


def test_the_folder_of_the_zip_is_found_and_doubles_are_refused(tmp_path):
    write_li2018(tmp_path / "UDysRS_UPDRS_Export")
    assert len(read(tmp_path).cohort.samples) == 20
    copy = tmp_path / "UDysRS_UPDRS_Export" / "UPDRS.json"
    copy.write_text(json.dumps({}))
    with pytest.raises(ValueError, match="keep one of them"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("key", "number", "note"),
    [("217", "217", ""), ("21 (shake)", "21", "shake"), ("15(occl)", "15", "occl")],
)
def test_keys_carry_a_number_and_a_note(key, number, note):
    parsed = parse_trial_key(key)
    assert (parsed.number, parsed.note) == (number, note)


@pytest.mark.parametrize("key", ["26-1", "", "shake", "2.5"])
def test_other_keys_name_no_trial(key):
    assert parse_trial_key(key) is None


def test_flow_that_cannot_be_used_is_counted(tmp_path):
    changed = {
        "1": {"Lank": [[], [], []], "Rank": [[1.0], [1.0]]},
        "3": flow_entry(2.0, 0.01, seconds=0.5),
        "x": flow_entry(2.0, 0.01),
    }
    tapping = read_toe_tapping(write_li2018(tmp_path, flow=changed, subjects={"5": None}))
    found = {problem.reason: problem.place for problem in tapping.problems}
    assert found[Reason.EMPTY_FLOW] == "trial 1 left"
    assert found[Reason.BAD_FLOW].startswith("trial 1 right")
    assert found[Reason.SHORT_FLOW].startswith("trial 3")
    assert found[Reason.NO_SUBJECT] == "trial 5"
    assert found[Reason.NO_TRIAL] == "entry 'x'"
    assert len(tapping.signals) == 2 * 7


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published files are not here")
def test_the_published_toe_tapping_file_is_read_whole():
    tapping = read_toe_tapping(PUBLISHED)
    assert (tapping.n_trials, len(tapping.signals), len(tapping.rated)) == (133, 266, 152)
    assert len({signal.patient for signal in tapping.rated}) == 9
    assert not [problem for problem in tapping.problems if problem.is_fatal]
