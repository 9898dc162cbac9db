import json
from pathlib import Path

import numpy as np
import pytest

from pdla.data.openpose import OpenPoseOptions, ParsedVideo, read_recording
from pdla.data.openpose.frame_files import UnreadableRecordingError
from pdla.data.openpose.layouts import SOURCES, suspect_layout, to_body_25
from pdla.data.skeletons import JOINT, JOINTS
from tests.fixtures.clinics import seated, write_video
from tests.fixtures.places import SHARED

SAMPLES = SHARED / "data/openpose_samples"
OPTIONS = OpenPoseOptions()


def read(folder: Path, **options: object) -> ParsedVideo:
    return read_recording(folder, OpenPoseOptions(**options))


def place(video: ParsedVideo, joint: str) -> np.ndarray:
    return video.keypoints[:, JOINT[joint], :2]


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


def landmarks(n_frames: int) -> np.ndarray:
    points = in_layout(seated(n_frames), "mediapipe_33")
    points[..., :2] /= (540, 960)
    return points


@pytest.mark.parametrize("kind", ["wide", "named", "long", "json"])
def test_mediapipe_files_are_read(tmp_path: Path, kind: str) -> None:
    from pdla.data.openpose.landmarks import NAMES

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


def test_joints_between_two_others_are_seen_if_both_are() -> None:
    points = np.full((1, 17, 3), 0.5, dtype=np.float32)
    points[0, 5] = (np.nan, np.nan, 0)
    mapped = to_body_25(points, "coco_17")
    assert np.isnan(mapped[0, JOINT["Neck"], 0])
    assert mapped[0, JOINT["Neck"], 2] == 0
    assert mapped[0, JOINT["MidHip"]].tolist() == [0.5, 0.5, 0.5]
