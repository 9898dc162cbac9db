import json
import os
from pathlib import Path

import numpy as np
import pytest

from pdla.data.openpose import OpenPoseOptions, ParsedVideo, read_recording
from pdla.data.openpose.frame_files import UnreadableRecordingError
from pdla.data.openpose.frames import parse_people
from pdla.data.skeletons import JOINT
from tests.fixtures.clinics import frame_json, seated, write_video

OPTIONS = OpenPoseOptions()


def read(folder: Path, **options: object) -> ParsedVideo:
    return read_recording(folder, OpenPoseOptions(**options))


def place(video: ParsedVideo, joint: str) -> np.ndarray:
    return video.keypoints[:, JOINT[joint], :2]


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


def test_two_people_outside_the_picture_are_equally_likely(tmp_path: Path) -> None:
    folder = write_video(tmp_path / "v", seated(60, shift=(-2000, 0)), seated(60, shift=(-4000, 0)))
    assert read(folder).facts.rival == 1.0
