from pathlib import Path

import numpy as np
import pytest

from pdla.data.openpose import OpenPoseOptions, ParsedVideo, read_recording
from pdla.data.openpose.cuts import find_stale_tail
from pdla.data.openpose.gaps import fill_gaps
from pdla.data.openpose.leg_swaps import repair_leg_swaps
from pdla.data.skeletons import JOINT, JOINTS
from tests.fixtures.clinics import frame_json, seated, write_video
from tests.fixtures.people import LEGS_DOWN


def read(folder: Path, **options: object) -> ParsedVideo:
    return read_recording(folder, OpenPoseOptions(**options))


def place(video: ParsedVideo, joint: str) -> np.ndarray:
    return video.keypoints[:, JOINT[joint], :2]


def other_person(n_frames: int = 120) -> np.ndarray:
    """Somebody who stands at the right edge: smaller, with long straight legs."""
    person = seated(n_frames)
    person[..., 0] = 470 + (person[..., 0] - 270) * 0.5
    person[..., 1] = 150 + (person[..., 1] - 200) * 0.5
    for name in ("Knee", "Ankle", "Heel", "BigToe", "SmallToe"):
        for leg in "LR":
            person[:, JOINT[leg + name], 1] += 90 if name == "Knee" else 150
    return person


# What the 2023 system did wrong.


def test_the_patient_is_kept_though_somebody_else_comes_last_in_the_frame(tmp_path: Path) -> None:
    person = seated()
    alone = read(write_video(tmp_path / "alone", person))
    crowd = read(write_video(tmp_path / "crowd", person, other_person()))
    assert np.array_equal(alone.keypoints, crowd.keypoints)
    assert crowd.facts.others == 1
    assert alone.facts.others == 0


def test_a_frame_without_anybody_is_neither_a_crash_nor_a_repetition(tmp_path: Path) -> None:
    folder = write_video(tmp_path / "v", seated(60))
    for number in range(20, 40):
        path = folder / f"video_{number:012d}_keypoints.json"
        path.write_bytes(b'{"version": 1.3, "people": []}')
    video = read(folder)
    assert len(video.keypoints) == 60
    assert np.isnan(video.keypoints[20:40, :, :2]).all()
    assert (video.keypoints[20:40, :, 2] == 0).all()
    assert video.facts.patient == pytest.approx(40 / 60, abs=1e-4)


def test_an_unseen_joint_is_nan_and_never_the_corner(tmp_path: Path) -> None:
    person = seated(60)
    person[:, JOINT["LAnkle"]] = 0
    video = read(write_video(tmp_path / "v", person))
    assert np.isnan(place(video, "LAnkle")).all()
    assert (video.keypoints[:, JOINT["LAnkle"], 2] == 0).all()
    assert not (video.keypoints[..., :2] == 0).any()


# People.


def test_the_patient_is_followed_while_the_order_of_people_changes(tmp_path: Path) -> None:
    person, other = seated(), other_person()
    other[60:] = 0  # leaves half-way
    video = read(
        write_video(tmp_path / "v", person, other, order=lambda frame: (frame % 2, 1 - frame % 2))
    )
    assert np.allclose(place(video, "Neck"), person[:, JOINT["Neck"], :2], atol=0.01)


def test_a_patient_who_was_hidden_is_found_again_and_not_replaced(tmp_path: Path) -> None:
    person, other = seated(), other_person()
    person[50:90] = 0
    video = read(write_video(tmp_path / "v", person, other))
    neck = place(video, "Neck")
    assert np.isnan(neck[52:88]).all()
    assert np.allclose(neck[95:], person[95:, JOINT["Neck"], :2], atol=0.01)


# Time.


def test_frames_are_ordered_by_number_and_gaps_keep_their_time(tmp_path: Path) -> None:
    person = seated(60)
    numbers = [*range(5, 35), *range(95, 125)]
    folder = tmp_path / "v"
    folder.mkdir()
    for frame, number in enumerate(numbers):
        (folder / f"cam.{number}.json").write_bytes(frame_json(person[frame]))
    video = read(folder)
    assert len(video.keypoints) == 120
    assert np.isnan(video.keypoints[30:90, :, 0]).all()
    assert np.allclose(place(video, "Nose")[90:], person[30:, JOINT["Nose"], :2], atol=0.01)
    assert video.facts.problems["frame numbers missing"] == 60


def test_a_stray_frame_with_a_huge_number_does_not_make_a_video_of_a_year(tmp_path: Path) -> None:
    folder = write_video(tmp_path / "v", seated(60), numbers=[*range(59), 10**15])
    assert read(folder).facts.n_frames == 59


def test_short_gaps_are_filled_on_the_line_and_long_ones_stay() -> None:
    keypoints = seated(20).astype(np.float32)
    keypoints[:, :, 0] = np.arange(20)[:, None]
    knee = JOINT["LKnee"]
    keypoints[3:6, knee] = (np.nan, np.nan, 0)
    keypoints[10:15, knee] = (np.nan, np.nan, 0)
    keypoints[19, knee] = (np.nan, np.nan, 0)
    filled, was_filled = fill_gaps(keypoints, max_gap_frames=4)
    assert filled[3:6, knee, 0].tolist() == [3, 4, 5]
    assert filled[4, knee, 2] == pytest.approx(0.45)
    assert np.isnan(filled[10:15, knee, 0]).all()
    assert np.isnan(filled[19, knee, 0])
    assert was_filled.sum() == 3


# Cleaning.


def swap(keypoints: np.ndarray, frames: slice) -> np.ndarray:
    swapped = keypoints.copy()
    left = [JOINT[name] for name in LEGS_DOWN if name[0] == "L"]
    right = [JOINT["R" + JOINTS[joint][1:]] for joint in left]
    swapped[frames, left], swapped[frames, right] = (
        keypoints[frames, right],
        keypoints[frames, left],
    )
    return swapped


def test_legs_that_change_places_for_a_few_frames_are_changed_back() -> None:
    person = seated(90).astype(np.float32)
    repaired, changed = repair_leg_swaps(swap(person, slice(30, 41)), fps=30)
    assert np.array_equal(repaired, person)
    assert changed.sum() == 11
    assert np.flatnonzero(changed).tolist() == list(range(30, 41))


def test_legs_that_stay_changed_are_changed_back_where_the_shoulders_tell() -> None:
    right = seated(120).astype(np.float32)
    person = swap(right.copy(), slice(60, 120))
    repaired, changed = repair_leg_swaps(person, fps=30)
    assert np.array_equal(repaired, right)
    assert np.flatnonzero(changed).tolist() == list(range(60, 120))
    hidden = [JOINTS.index(name) for name in ("LShoulder", "RShoulder", "LHeel", "RHeel")]
    person[:, hidden] = (np.nan, np.nan, 0)
    assert not repair_leg_swaps(person, fps=30)[1].any()


def test_quick_taps_are_no_swaps() -> None:
    person = seated(120).astype(np.float32)
    assert not repair_leg_swaps(person, fps=30)[1].any()


def test_the_tail_of_an_older_video_is_cut_off() -> None:
    person = seated(90).astype(np.float32)
    person[70:, :, 0] += 60
    nobody_else = np.zeros(90, dtype=np.bool_)
    assert find_stale_tail(person, nobody_else, fps=30) == 70


def test_a_single_jump_that_comes_back_is_no_tail() -> None:
    person = seated(90).astype(np.float32)
    person[70:72, :, 0] += 60
    assert find_stale_tail(person, np.zeros(90, dtype=np.bool_), fps=30) == 90
