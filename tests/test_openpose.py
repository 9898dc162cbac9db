import json
import os
from pathlib import Path

import numpy as np
import pytest
from clinic_files import LEGS_DOWN, frame_json, seated, write_video

from pdla.data.cuts import find_stale_tail
from pdla.data.frame_files import UnreadableRecordingError
from pdla.data.frames import parse_people
from pdla.data.gaps import fill_gaps
from pdla.data.layouts import SOURCES, suspect_layout, to_body_25
from pdla.data.leg_swaps import repair_leg_swaps
from pdla.data.openpose import OpenPoseOptions, ParsedVideo, read_recording
from pdla.data.skeletons import JOINT, JOINTS

SAMPLES = Path(__file__).parents[2] / "shared/data/openpose_samples"
OPTIONS = OpenPoseOptions()


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


# Layouts and coordinates.


def in_layout(keypoints: np.ndarray, layout: str) -> np.ndarray:
    """BODY_25 written in another layout's order."""
    n_points = 25 if layout == "body_25b" else int(layout.split("_")[1])
    points = np.zeros((len(keypoints), n_points, 3))
    for joint, source in enumerate(SOURCES[layout]):
        if isinstance(source, int):
            points[:, source] = keypoints[:, joint]
    if layout == "body_25b":
        points[:, 18] = keypoints[:, JOINT["Nose"]] - (0, 50, 0)
    return points


@pytest.mark.parametrize("layout", ["coco_18", "coco_17", "mediapipe_33"])
def test_other_layouts_are_detected_and_mapped(tmp_path: Path, layout: str) -> None:
    person = seated(60)
    video = read(write_video(tmp_path / "v", in_layout(person, layout)))
    for joint in ("Nose", "RKnee", "LAnkle", "LShoulder", "REye"):
        assert np.allclose(place(video, joint), person[:, JOINT[joint], :2], atol=0.01)
    assert np.allclose(place(video, "MidHip"), person[:, JOINT["MidHip"], :2], atol=0.01)
    assert np.isnan(place(video, "LSmallToe")).all()


def test_every_layout_has_a_source_for_every_joint() -> None:
    for layout, sources in SOURCES.items():
        assert len(sources) == len(JOINTS), layout


def test_body_25b_read_as_body_25_is_refused_with_the_option_to_set(tmp_path: Path) -> None:
    folder = write_video(tmp_path / "v", in_layout(seated(60), "body_25b"))
    for layout in ("auto", "body_25"):
        with pytest.raises(UnreadableRecordingError, match=r"openpose\.layout=body_25b"):
            read(folder, layout=layout)
    video = read(folder, layout="body_25b")
    assert np.allclose(place(video, "RKnee")[:, 0], seated(60)[:, JOINT["RKnee"], 0], atol=0.01)


def test_body_25_read_as_body_25b_is_refused_too(tmp_path: Path) -> None:
    folder = write_video(tmp_path / "v", seated(60))
    with pytest.raises(UnreadableRecordingError, match=r"openpose\.layout=body_25\)"):
        read(folder, layout="body_25b")


def test_nobody_is_suspected_of_another_layout_for_turning_sideways() -> None:
    for turn in (1.0, 0.5, 0.2, 0.0, -1.0):
        person = seated(10)
        person[..., 0] = 270 + (person[..., 0] - 270) * turn
        assert suspect_layout(person.astype(np.float32), "body_25") is None


@pytest.mark.skipif(not SAMPLES.exists(), reason="the real samples are not here")
def test_the_real_recording_in_body_25b_is_refused_and_then_read() -> None:
    folder = SAMPLES / "two_people_body25b"
    with pytest.raises(UnreadableRecordingError, match=r"openpose\.layout=body_25b"):
        read_recording(folder, OPTIONS)
    video = read(folder, layout="body_25b", frame_size="auto")
    assert video.facts.n_frames == 100
    assert video.facts.patient > 0.9
    # The one in the middle of the picture, not the one cut off at its edge.
    assert 450 < np.nanmedian(place(video, "MidHip")[:, 0]) < 700


@pytest.mark.parametrize(("low", "name"), [(0.0, "unit"), (-1.0, "signed")])
def test_normalised_coordinates_become_pixels(tmp_path: Path, low: float, name: str) -> None:
    person = seated(60)
    scaled = person.copy()
    scaled[..., :2] = low + (1 - low) * person[..., :2] / (540, 960)
    for coordinates in ("auto", name):
        folder = write_video(tmp_path / f"v{coordinates}", scaled)
        video = read(folder, coordinates=coordinates)
        assert np.allclose(place(video, "RKnee"), person[:, JOINT["RKnee"], :2], atol=1)
    with pytest.raises(UnreadableRecordingError, match="frame_size"):
        read(folder, frame_size="auto")


def test_the_frame_size_can_be_taken_from_how_far_the_joints_reach(tmp_path: Path) -> None:
    video = read(write_video(tmp_path / "v", seated(60)), frame_size="auto")
    assert video.frame_size == (711, 343)


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
    assert filled[4, knee, 2] == pytest.approx(0.4)
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


def test_legs_that_stay_changed_are_left_alone() -> None:
    person = swap(seated(120).astype(np.float32), slice(60, 120))
    repaired, changed = repair_leg_swaps(person, fps=30)
    assert np.array_equal(repaired, person)
    assert not changed.any()


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


# Hostile files.


def test_bad_frames_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    folder = write_video(tmp_path / "v", seated(60))
    files = sorted(folder.glob("*.json"))
    deep = b'{"people":' + b"[" * 100_000
    bad = [b"", files[0].read_bytes()[:100], deep, b"[1, 2]", b'{"people": 3}', b"\xff\xfe\0"]
    for path, content in zip(files[10:], bad, strict=False):
        path.write_bytes(content)
    files[20].write_bytes(b'{"people": [' + b"{}," * 10**6 + b"{}]}")
    files[21].write_bytes(b'{"people": ["x", null, {"pose_keypoints_2d": []}, {}]}')
    files[22].unlink()
    files[22].mkdir()
    (folder / "loop.json").symlink_to("loop.json")
    os.mkfifo(folder / "video_000000000070_keypoints.json")
    (folder / "desktop.ini").touch()
    video = read(folder, max_gap_s=0)
    assert video.facts.n_frames == 60
    assert np.isnan(place(video, "Neck")[[10, 11, 12, 13, 14, 15, 20, 21, 22]]).all()
    assert np.isfinite(place(video, "Neck")[23:]).all()
    problems = video.facts.problems
    assert problems["empty files"] == 1
    assert problems["truncated or damaged JSON files"] == 3
    assert problems["JSON files that are no OpenPose frame"] == 2
    assert problems["frames with more than 64 people"] == 1
    assert problems["people without keypoints"] == 4
    assert problems["directories or unreadable files named .json"] == 2


def test_absurd_numbers_are_unseen_joints(tmp_path: Path) -> None:
    folder = write_video(tmp_path / "v", seated(30))
    person = frame_json(seated(1)[0]).decode()
    values = json.loads(person)["people"][0]["pose_keypoints_2d"]
    for number, value in enumerate(("NaN", "Infinity", "1e308", "-1e30", '"270"')):
        text = json.dumps({"people": [{"pose_keypoints_2d": values}]}).replace("270.0", value)
        (folder / f"video_{number:012d}_keypoints.json").write_text(text)
    video = read(folder, max_gap_s=0)
    assert np.isnan(place(video, "Neck")[:4]).all()
    assert np.isfinite(place(video, "RKnee")[:5]).all()
    assert np.nanmax(np.abs(video.keypoints)) < 1e5


def test_words_for_numbers_lose_the_person_and_are_counted(tmp_path: Path) -> None:
    folder = write_video(tmp_path / "v", seated(30))
    text = json.dumps({"people": [{"pose_keypoints_2d": ["a"] * 75}]})
    (folder / "video_000000000004_keypoints.json").write_text(text)
    assert read(folder).facts.problems["people with keypoints that are no numbers"] == 1


def test_people_of_26_points_among_25_are_left_out(tmp_path: Path) -> None:
    folder = write_video(tmp_path / "v", seated(30))
    longer = np.vstack([seated(1)[0], [[1, 2, 0.5]]])
    (folder / "video_000000000004_keypoints.json").write_bytes(frame_json(longer))
    video = read(folder, max_gap_s=0)
    assert video.facts.problems["people with another number of points"] == 1
    assert np.isnan(place(video, "Neck")[4]).all()


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "no frame could be read"), (b'{"people": []}', "no person was found")],
)
def test_a_video_with_nothing_in_it_says_so(tmp_path: Path, content: bytes, words: str) -> None:
    for number in range(5):
        (tmp_path / f"a_{number}.json").write_bytes(content)
    with pytest.raises(UnreadableRecordingError, match=words):
        read_recording(tmp_path, OPTIONS)


def test_a_frame_that_is_too_large_is_not_parsed() -> None:
    with pytest.raises(ValueError, match="too large"):
        parse_people(b" " * 5_000_000 + b"x")


def test_joints_between_two_others_are_seen_if_both_are() -> None:
    points = np.full((1, 17, 3), 0.5, dtype=np.float32)
    points[0, 5] = (np.nan, np.nan, 0)
    mapped = to_body_25(points, "coco_17")
    assert np.isnan(mapped[0, JOINT["Neck"], 0])
    assert mapped[0, JOINT["Neck"], 2] == 0
    assert mapped[0, JOINT["MidHip"]].tolist() == [0.5, 0.5, 0.5]


# MediaPipe files.


def landmarks(n_frames: int) -> np.ndarray:
    points = in_layout(seated(n_frames), "mediapipe_33")
    points[..., :2] /= (540, 960)
    return points


@pytest.mark.parametrize("kind", ["wide", "named", "long", "json"])
def test_mediapipe_files_are_read(tmp_path: Path, kind: str) -> None:
    from pdla.data.landmarks import NAMES

    points = landmarks(60)
    if kind == "json":
        path = tmp_path / "a.json"
        frames = [[{"x": x, "y": y, "visibility": v} for x, y, v in frame] for frame in points]
        path.write_text(json.dumps(frames))
    else:
        path = tmp_path / "a.csv"
        if kind == "long":
            rows = ["frame,landmark,x,y,z,visibility"]
            rows += [
                f"{frame},{joint},{x},{y},0,{v}"
                for frame, people in enumerate(points)
                for joint, (x, y, v) in enumerate(people)
            ]
        else:
            names = NAMES if kind == "named" else [f"{joint}" for joint in range(33)]
            rows = [",".join(f"{name}_x,{name}_y,{name}_visibility" for name in names)]
            rows += [",".join(map(str, frame.ravel())) for frame in points]
        path.write_text("\n".join(rows))
    video = read(path, layout="mediapipe_33")
    assert len(video.keypoints) == 60
    assert np.allclose(place(video, "RKnee"), seated(60)[:, JOINT["RKnee"], :2], atol=0.1)
    assert read(tmp_path).facts.n_frames == 60


def test_a_csv_of_something_else_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("time,value\n1,2\n")
    with pytest.raises(UnreadableRecordingError, match="MediaPipe"):
        read_recording(tmp_path / "a.csv", OPTIONS)
