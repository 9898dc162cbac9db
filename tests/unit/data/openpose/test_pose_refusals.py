"""What is not understood is refused in a line that says what it is; never read wrong."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdla.data.openpose import OpenPoseOptions, read_recording
from pdla.data.openpose.frame_files import UnreadableRecordingError, hash_files
from tests.fixtures.clinics import seated, write_video
from tests.fixtures.pose_files import (
    MEDIAPIPE,
    detection,
    in_layout,
    instance,
    landmarks,
    objects,
    write_json,
    write_long,
    write_wide,
)

PERSON = seated(40)
POINTS = landmarks(PERSON)


def refusal(path: Path, **options: object) -> str:
    with pytest.raises(UnreadableRecordingError) as caught:
        read_recording(path, OpenPoseOptions(**options))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def xyv(numbers: Any) -> list[str]:
    return [f"{value}{n}" for n in numbers for value in "xyv"]


@pytest.mark.parametrize(
    ("kept", "first"),
    [
        (range(13), 0),  # thirteen landmarks, counted off anew
        (range(26), 0),  # the first 26 of MediaPipe
        (range(26), 1),
        (range(32), 0),
        (range(32), 1),
        (range(1, 33), 0),
        ([26, 28], 0),  # one leg: from 0 the right one, from 1 the left one
        ([25, 26, 27, 28, 29], 0),
        ([*range(33), *range(33), 0, 1, 2], 0),  # 69
    ],
)
def test_numbers_that_do_not_tell_the_landmarks(tmp_path: Path, kept: Any, first: int) -> None:
    kept = list(kept)
    is_gapless = len(kept) > 5
    numbers = range(first, first + len(kept)) if is_gapless else kept
    path = write_wide(tmp_path / "a.csv", POINTS[:, kept], xyv(numbers))
    said = refusal(path)
    assert "cannot be told from their numbers" in said or "no pose file" in said
    if is_gapless:
        path = write_long(tmp_path / "b.csv", POINTS[:, kept], names=numbers)
        assert "cannot be told from their numbers" in refusal(path)


def test_mediapipe_counted_from_the_wrong_number_is_noticed_by_its_bones(tmp_path: Path) -> None:
    shifted = np.roll(POINTS, 1, axis=1)
    assert "no body" in refusal(write_wide(tmp_path / "a.csv", shifted, xyv(range(33))))


def test_h36m_is_not_taken_for_coco(tmp_path: Path) -> None:
    folder = write_video(tmp_path / "v", in_layout(PERSON, "h36m_17"))
    assert "layout=h36m_17" in refusal(folder)
    video = read_recording(folder, OpenPoseOptions(layout="h36m_17"))
    assert np.allclose(video.keypoints[:, 10, :2], PERSON[:, 10, :2], atol=0.1)


def long_of_two(order: str) -> list[str]:
    rows = [
        f"{clip},{frame},{joint},{x},{y},{v}"
        for clip in "AB"
        for frame, person in enumerate(POINTS)
        for joint, (x, y, v) in enumerate(person)
    ]
    if order == "clip":
        return ["clip,frame,landmark,x,y,visibility", *rows]
    if order == "other column":
        return ["rater,frame,landmark,x,y,visibility", *rows]
    return ["frame,landmark,x,y,visibility", *(row[2:] for row in rows)]


@pytest.mark.parametrize("order", ["clip", "other column", "none"])
def test_two_clips_in_one_table(tmp_path: Path, order: str) -> None:
    (tmp_path / "a.csv").write_text("\n".join(long_of_two(order)))
    assert "several videos or people" in refusal(tmp_path / "a.csv")


def test_two_clips_with_a_row_a_frame_or_in_json(tmp_path: Path) -> None:
    twice = np.concatenate([POINTS, POINTS])
    rows = [(n % 40,) for n in range(80)]
    path = write_wide(tmp_path / "a.csv", twice, xyv(range(33)), first=("frame",), rows=rows)
    assert "several videos" in refusal(path)
    value = [{"image_id": f"{n % 40}.jpg", "keypoints": frame.ravel().tolist()}
             for n, frame in enumerate(in_layout(seated(80), "coco_17"))]  # fmt: skip
    assert "several videos" in refusal(write_json(tmp_path / "b.json", value))


TEXTS = {
    "DeepLabCut": "scorer,DLC_resnet50,DLC_resnet50,DLC_resnet50\nbodyparts,knee,knee,knee\n"
    "coords,x,y,likelihood\n0,1.0,2.0,0.9\n",
    ".trc": "PathFileType\t4\t(X/Y/Z)\ta.trc\nDataRate\tCameraRate\n60\t60\n",
    "Vicon": "Trajectories,,,\n100,,,\n,,LASI,,\nFrame,Sub Frame,X,Y\n1,0,10,20\n",
    "Kinect": ",".join(f"{n}_{v}" for n in ("SpineBase", "HipLeft", "KneeLeft", "HipRight",
                                           "KneeRight", "AnkleLeft") for v in "XYZ")
    + "\n" + ",".join(["0.5"] * 18) + "\n",
    "hand landmarks": "frame,landmark,x,y\n0,WRIST,0.5,0.5\n0,THUMB_CMC,0.5,0.5\n",
    "face landmarks": "frame,face_id,confidence,gaze_0_x,x_0,x_1,y_0,y_1\n1,0,0,1,1,1,1,1",
    "no pose file": "subject,mean_speed,amplitude,x,y\n1,0.5,0.2,1,2\n",
    "names of columns": "0.5,0.4,0.9\n0.5,0.4,0.9\n",
    "truncated or damaged": "x0,y0,x1,y1,x2,y2,x3,y3,x4,y4\n",
}  # fmt: skip


@pytest.mark.parametrize("kind", TEXTS)
def test_tables_of_other_things_are_named(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.csv").write_text(TEXTS[kind])
    assert kind in refusal(tmp_path / "a.csv")
    assert kind in refusal(tmp_path)


HAND = [{"x": 0.5, "y": 0.5, "z": 0.0}] * 21
JSONS: dict[str, Any] = {
    "one hand": [{"landmarks": HAND}] * 40,
    "hand landmarks": [{"hand_landmarks": [HAND], "handedness": []}] * 40,
    "face mesh": [{"landmarks": [{"x": 0.5, "y": 0.5}] * 468}] * 40,
    "metres": [{"pose_world_landmarks": [objects(POINTS[0])]}] * 40,
    "3-D": [{"frame_id": 1, "instances": [{"keypoints": [[0.1, 0.2, 0.3]] * 17,
                                          "keypoint_scores": [0.9] * 17}]}],
    "bodies than": {"meta_info": {"dataset_name": "ap10k"}, "instance_info": [
        {"frame_id": n, "instances": [instance(in_layout(PERSON, "coco_17")[n])]}
        for n in range(3)]},
    "which frame": [detection(frame) for frame in in_layout(PERSON, "coco_17")],
    "no pose file": {"name": "x", "version": "1.0"},
    "5 points": [[{"keypoints": [[1, 2, 0.5]] * 5}]] * 40,
}  # fmt: skip


@pytest.mark.parametrize("kind", JSONS)
def test_json_of_other_things_is_named(tmp_path: Path, kind: str) -> None:
    assert kind in refusal(write_json(tmp_path / "a.json", JSONS[kind]))


@pytest.mark.parametrize(
    ("name", "words"), [("a.trc", ".trc"), ("a.c3d", "c3d"), ("aDLC_x.h5", "DeepLabCut"),
                        ("a.npy", "array"), ("a.mot", "OpenSim")]
)  # fmt: skip
def test_other_kinds_of_files_are_named_by_their_ending(
    tmp_path: Path, name: str, words: str
) -> None:
    (tmp_path / name).write_bytes(b"\x01\x02")
    assert words in refusal(tmp_path / name)
    assert words in refusal(tmp_path)


NOBODY: dict[str, Callable[[], Any]] = {
    "null": lambda: [{"pose_landmarks": None}] * 40,
    "empty": lambda: {"frames": [{"poseLandmarks": []}] * 40},
    "MMPose": lambda: [{"frame_id": n, "instances": []} for n in range(40)],
    "Ultralytics": lambda: [[]] * 40,
}


@pytest.mark.parametrize("kind", NOBODY)
def test_nobody_is_only_said_of_a_file_that_was_understood(tmp_path: Path, kind: str) -> None:
    said = refusal(write_json(tmp_path / "a.json", NOBODY[kind]()))
    assert said.startswith("no person was found")


def test_several_files_in_a_folder(tmp_path: Path) -> None:
    write_long(tmp_path / "a.csv", POINTS)
    write_long(tmp_path / "b.csv", POINTS)
    assert "several files" in refusal(tmp_path)
    (tmp_path / "b.csv").rename(tmp_path / "b_pose.csv")
    assert read_recording(tmp_path, OpenPoseOptions()).facts.n_frames == 40


def test_a_declared_layout_that_the_file_does_not_hold(tmp_path: Path) -> None:
    path = write_wide(tmp_path / "a.csv", in_layout(PERSON, "coco_17"), xyv(range(17)))
    assert "not mediapipe_33" in refusal(path, layout="mediapipe_33")


def test_rows_with_too_many_cells_are_refused(tmp_path: Path) -> None:
    path = write_long(tmp_path / "a.csv", POINTS)
    path.write_text(path.read_text().replace("\n3,7,", "\n3,7,0,5,"))
    assert "truncated or damaged" in refusal(path)


def test_hostile_files_end_quickly_in_one_line(tmp_path: Path) -> None:
    start = time.perf_counter()
    deep = b"[" * 200_000
    names = ",".join(xyv(range(33)))
    contents = {
        "a.json": [b"", b"\x00" * 1000, deep, b'{"frames":' + deep, b'[{"x":1', b"nan", b"[]",
                   b'{"frames": 3}', b'[{"landmarks": [{"x": "1", "y": {}}]}]',
                   b'[[[1,2],[3,4]]]', b"\xff\xfe[\x00", b'{"people": "x"}'],
        "a.csv": [b"", b"\x00" * 1000, b"x0,y0\n", names.encode() + b"\n" + b"a," * 98 + b"a\n",
                  b"frame,landmark,x,y\n1e300,0,1,1\n", b"frame,landmark,x,y\n0,99999999999,1,1\n",
                  b"frame,landmark,x,y\n0,0,1,1\n9000000000,1,1,1\n", b'"' * 1000],
    }  # fmt: skip
    for name, some in contents.items():
        for content in some:
            (tmp_path / name).write_bytes(content)
            refusal(tmp_path / name)
    assert time.perf_counter() - start < 5


def test_nothing_in_a_file_is_executed(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    payload = f"__import__('os').system('touch {mark}')"
    write_long(tmp_path / "a.csv", POINTS, names=[payload] * 33)
    (tmp_path / "a.csv").write_text((tmp_path / "a.csv").read_text() + f"\n=cmd|'{payload}'!A0")
    write_json(tmp_path / "b.json", [{"__reduce__": payload, "py/object": "os.system"}])
    for name in ("a.csv", "b.json"):
        refusal(tmp_path / name)
    assert not mark.exists()


def test_the_digest_of_a_file_is_that_of_its_parsing(tmp_path: Path) -> None:
    path = write_long(tmp_path / "a.csv", POINTS)
    for place in (path, tmp_path):
        content = read_recording(place, OpenPoseOptions()).content
        assert hash_files(place, 1800) == content
    os.utime(path)
    write_long(path, POINTS[:-1])
    assert hash_files(path, 1800) != content


def test_names_win_over_numbers(tmp_path: Path) -> None:
    header = "frame,landmark_id,landmark_name,x,y,visibility"
    rows = [header]
    for frame, person in enumerate(POINTS):
        rows += [f"{frame},{joint + 7},{MEDIAPIPE[joint]},{x},{y},{v}"
                 for joint, (x, y, v) in enumerate(person)]  # fmt: skip
    (tmp_path / "a.csv").write_text("\n".join(rows))
    video = read_recording(tmp_path, OpenPoseOptions())
    assert np.allclose(video.keypoints[:, 10, :2], PERSON[:, 10, :2], atol=0.5)
