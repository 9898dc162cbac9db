from pathlib import Path

import numpy as np
import pytest

from pdla.data.openpose import OpenPoseOptions, ParsedVideo, read_recording
from pdla.data.openpose.frame_files import UnreadableRecordingError
from pdla.data.openpose.layouts import LAYOUTS, suspect_layout, to_body_25
from pdla.data.skeletons import JOINT, JOINTS
from tests.fixtures.clinics import seated, write_video
from tests.fixtures.places import SHARED
from tests.fixtures.pose_files import in_layout

SAMPLES = SHARED / "data/openpose_samples"
OPTIONS = OpenPoseOptions()


def read(folder: Path, **options: object) -> ParsedVideo:
    return read_recording(folder, OpenPoseOptions(**options))


def place(video: ParsedVideo, joint: str) -> np.ndarray:
    return video.keypoints[:, JOINT[joint], :2]


@pytest.mark.parametrize("layout", ["coco_18", "coco_17", "mediapipe_33", "halpe_26"])
def test_other_layouts_are_detected_and_mapped(tmp_path: Path, layout: str) -> None:
    person = seated(60)
    video = read(write_video(tmp_path / "v", in_layout(person, layout)))
    for joint in ("Nose", "RKnee", "LAnkle", "LShoulder", "REye"):
        assert np.allclose(place(video, joint), person[:, JOINT[joint], :2], atol=0.01)
    assert np.allclose(place(video, "MidHip"), person[:, JOINT["MidHip"], :2], atol=0.01)
    assert np.isnan(place(video, "LSmallToe")).all() == (layout != "halpe_26")


def test_every_layout_has_a_source_for_every_joint() -> None:
    for layout in LAYOUTS.values():
        assert len(layout.sources) == len(JOINTS), layout.name
        flat = np.hstack([source for source in layout.sources if source is not None])
        assert flat.max() < layout.n_points, layout.name


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
    assert video.frame_size == (801, 353)


def test_joints_between_two_others_are_seen_if_both_are() -> None:
    points = np.full((1, 17, 3), 0.5, dtype=np.float32)
    points[0, 5] = (np.nan, np.nan, 0)
    mapped = to_body_25(points, "coco_17")
    assert np.isnan(mapped[0, JOINT["Neck"], 0])
    assert mapped[0, JOINT["Neck"], 2] == 0
    assert mapped[0, JOINT["MidHip"]].tolist() == [0.5, 0.5, 0.5]
