"""Each file as its tool writes it gives the same person, the right leg on the right."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdla.data.intake.quality import QualityOptions, judge_quality
from pdla.data.openpose import OpenPoseOptions, ParsedVideo, read_recording
from pdla.data.openpose.formats import FORMATS, formats_page
from pdla.data.openpose.layouts import LAYOUTS
from pdla.data.openpose.pose_file import holds_video
from pdla.data.skeletons import JOINT
from tests.fixtures.clinics import seated, write_sheet, write_video
from tests.fixtures.places import ROOT
from tests.fixtures.pose_files import (
    COCO,
    MEDIAPIPE,
    coco_objects,
    detection,
    in_layout,
    instance,
    landmarks,
    objects,
    write_json,
    write_long,
    write_wide,
)

N = 40
PERSON = seated(N)
POINTS = landmarks(PERSON)
COCO_POINTS = in_layout(PERSON, "coco_17")
HALPE_POINTS = in_layout(PERSON, "halpe_26")


def read(path: Path, **options: object) -> ParsedVideo:
    return read_recording(path, OpenPoseOptions(**options))


def assert_is_person(
    video: ParsedVideo, *, has_feet: bool = True, n_frames: int = N, missing: tuple[str, ...] = ()
) -> None:
    """The legs of `seated`: the right one is lifted, the left one is not."""
    names = ["RKnee", "LKnee", "RAnkle", "LAnkle", "RHip", "LShoulder", "RShoulder"]
    names += ["RBigToe", "LBigToe", "RHeel", "LHeel"] if has_feet else []
    assert len(video.keypoints) == n_frames
    for name in names:
        if name[1:] in missing:
            continue
        found = video.keypoints[:, JOINT[name], :2]
        assert np.allclose(found, PERSON[:n_frames, JOINT[name], :2], atol=0.5), name


def xyv(names: Any, values: str = "xyv") -> list[str]:
    return [f"{value}{name}" for name in names for value in values]


def suffixed(names: Any, values: Any = ("x", "y", "visibility")) -> list[str]:
    return [f"{name}_{value}" for name in names for value in values]


WIDE: dict[str, list[str]] = {
    "x0": xyv(range(33)),
    "x1": xyv(range(1, 34)),
    "0_x": suffixed(range(33)),
    "L0_x": suffixed([f"L{n}" for n in range(33)]),
    "landmark_0_x": suffixed([f"landmark_{n}" for n in range(33)]),
    "landmark_1_x": suffixed([f"landmark_{n}" for n in range(1, 34)]),
    "NOSE_x": suffixed(MEDIAPIPE),
    "leftKneeX": [
        name.title().replace("_", "") + value
        for name in MEDIAPIPE
        for value in ("X", "Y", "Visibility")
    ],
    "x_nose": [f"{value}_{name.lower()}" for name in MEDIAPIPE for value in ("x", "y", "v")],
    "nose.x": [f"{name.lower()}.{v}" for name in MEDIAPIPE for v in ("x", "y", "visibility")],
}


@pytest.mark.parametrize("kind", WIDE)
def test_mediapipe_with_a_row_a_frame(tmp_path: Path, kind: str) -> None:
    assert_is_person(read(write_wide(tmp_path / "a.csv", POINTS, WIDE[kind])))


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("frame,landmark,x,y,visibility", None),
        ("frame,landmark_id,x,y,visibility", None),
        ("frame_idx,landmark_index,x,y,visibility", None),
        ("iter,id,x,y,visibility", None),
        ("frame,landmark,x,y,visibility", [f"PoseLandmark.{name}" for name in MEDIAPIPE]),
        ("frame,landmark_name,x,y,visibility", MEDIAPIPE),
        ("Frame,Name,X,Y,Visibility", [name.lower() for name in MEDIAPIPE]),
        ("frame,landmark_id,x,y,visibility", range(1, 34)),
        ("Frame,Landmark_Nr,X,Y,Sichtbarkeit", range(1, 34)),
    ],
)
def test_mediapipe_with_a_row_a_landmark(tmp_path: Path, header: str, names: Any) -> None:
    assert_is_person(read(write_long(tmp_path / "a.csv", POINTS, header=header, names=names)))


@pytest.mark.parametrize(
    "kept",
    [[0, 11, 12, *range(23, 33)], [11, 12, 23, 24, *range(27, 33)]],
    ids=["legs", "no knees"],
)
def test_a_selection_of_landmarks_is_told_by_its_pairs(tmp_path: Path, kept: list[int]) -> None:
    for first in (0, 1):
        names = [number + first for number in kept]
        path = write_long(tmp_path / f"{first}.csv", POINTS[:, kept], names=names)
        assert_is_person(read(path), missing=() if 25 in kept else ("Knee",))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
def test_semicolons_decimal_commas_and_encodings(tmp_path: Path, encoding: str) -> None:
    path = write_long(tmp_path / "a.csv", POINTS)
    text = path.read_text().replace(",", ";").replace(".", ",")
    path.write_bytes(("sep=;\r\n" + text.replace("\n", "\r\n")).encode(encoding))
    assert_is_person(read(path))


def test_quoted_decimal_commas_and_empty_visibility(tmp_path: Path) -> None:
    lines = ["frame,landmark,x,y,visibility"]
    for frame, person in enumerate(POINTS.tolist()):
        for joint, (x, y, _) in enumerate(person):
            cells = [f'"{value:.5f}"'.replace(".", ",") for value in (x, y)]
            lines.append(f"{frame},{joint},{','.join(cells)},")
    path = tmp_path / "a.csv"
    path.write_text("\n".join(lines))
    assert_is_person(read(path))


def frames_of(key: str) -> list[dict[str, Any]]:
    return [{key: objects(frame)} for frame in POINTS]


PEOPLE = [[objects(frame)] for frame in POINTS]
JSONS: dict[str, Callable[[], Any]] = {
    "list of lists": lambda: [objects(frame) for frame in POINTS],
    "pose_landmarks": lambda: frames_of("pose_landmarks"),
    "poseLandmarks": lambda: frames_of("poseLandmarks"),
    "tasks API": lambda: [{"pose_landmarks": people, "pose_world_landmarks": people}
                          for people in PEOPLE],
    "protobuf": lambda: [{"poseLandmarks": {"landmark": objects(frame)}} for frame in POINTS],
    "frames": lambda: {"fps": 30, "frames": frames_of("landmarks")},
    "frame numbers as keys": lambda: {f"frame_{n}": f for n, f in enumerate(frames_of("pose"))},
    "arrays": lambda: {"landmarks": POINTS.tolist()},
    "flat arrays of x, y, z, visibility": lambda: [
        np.insert(frame, 2, -0.1, axis=1).ravel().tolist() for frame in POINTS
    ],
    "names as keys": lambda: [
        {"landmarks": dict(zip(MEDIAPIPE, objects(frame), strict=True))} for frame in POINTS
    ],
    "counted from 1": lambda: [
        {"landmarks": [{"id": n, **point} for n, point in enumerate(objects(frame), start=1)]}
        for frame in POINTS
    ],
    "records": lambda: [
        {"frame": n, "landmark": joint, **point}
        for n, frame in enumerate(POINTS)
        for joint, point in enumerate(objects(frame))
    ],
    "holistic": lambda: [
        {"pose_landmarks": objects(frame), "left_hand_landmarks": objects(frame[:21]),
         "face_landmarks": None} for frame in POINTS
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", JSONS)
def test_mediapipe_json(tmp_path: Path, kind: str) -> None:
    assert_is_person(read(write_json(tmp_path / "a.json", JSONS[kind]())))


def test_a_value_a_line_and_json_with_nan(tmp_path: Path) -> None:
    lines = [json.dumps({"landmarks": objects(frame)}) for frame in POINTS]
    for name in ("a.jsonl", "b.json"):
        (tmp_path / name).write_text("\n".join(lines))
        assert_is_person(read(tmp_path / name))
    text = json.dumps(JSONS["list of lists"]()).replace("0.01", "NaN")
    (tmp_path / "c.json").write_text(text)
    assert_is_person(read(tmp_path / "c.json"))


@pytest.mark.parametrize("layout", ["halpe_26", "coco_133", "halpe_136", "coco_17"])
def test_openpose_files_of_pose2sim_and_rtmlib(tmp_path: Path, layout: str) -> None:
    folder = write_video(tmp_path / "v_json", in_layout(PERSON, layout), name="cam01")
    assert_is_person(read(folder), has_feet=layout != "coco_17")


def alphapose(points: np.ndarray) -> list[dict[str, Any]]:
    return [
        {"image_id": f"{n}.jpg", "category_id": 1, "keypoints": frame.ravel().tolist(),
         "score": 2.9, "box": [1, 2, 3, 4], "idx": 1}
        for n, frame in enumerate(points)
    ]  # fmt: skip


def mmpose(points: np.ndarray) -> list[dict[str, Any]]:
    return [
        {"frame_id": n, "instances": [instance(frame)]} for n, frame in enumerate(points, start=1)
    ]


OTHERS: dict[str, Callable[[], Any]] = {
    "AlphaPose": lambda: alphapose(COCO_POINTS),
    "AlphaPose --format cmu": lambda: {
        f"{n}.jpg": {"version": "AlphaPose v0.3", "bodies": [{"joints": frame.ravel().tolist()}]}
        for n, frame in enumerate(in_layout(PERSON, "coco_18"))
    },
    "COCO": lambda: {
        "images": [{"id": n} for n in range(N)],
        "annotations": [
            {"image_id": n, "category_id": 1, "keypoints": frame.ravel().tolist()}
            for n, frame in enumerate(COCO_POINTS)
        ],
    },
    "MMPose": lambda: {"meta_info": {"dataset_name": "coco"}, "instance_info": mmpose(COCO_POINTS)},
    "MMPose inferencer": lambda: mmpose(COCO_POINTS),
    "Ultralytics": lambda: [[detection(frame)] for frame in COCO_POINTS],
    "Ultralytics with frames": lambda: [
        {"frame": n, "detections": [{"track_id": 1, **detection(frame)}]}
        for n, frame in enumerate(COCO_POINTS)
    ],
    "MoveNet": lambda: [{"keypoints": coco_objects(frame), "score": 0.9} for frame in COCO_POINTS],
    "PoseNet": lambda: [
        {"keypoints": [{"part": name, "score": p["score"], "position": {"x": p["x"], "y": p["y"]}}
                       for name, p in zip(COCO, coco_objects(frame), strict=True)]}
        for frame in COCO_POINTS
    ],
    "OpenPose frames in one file": lambda: [
        {"people": [{"pose_keypoints_2d": frame.ravel().tolist()}]} for frame in PERSON
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", OTHERS)
def test_json_of_other_estimators(tmp_path: Path, kind: str) -> None:
    path = write_json(tmp_path / "results.json", OTHERS[kind]())
    assert_is_person(read(tmp_path), has_feet=kind.startswith("OpenPose"))
    assert holds_video(path)


@pytest.mark.parametrize("make", [alphapose, mmpose])
@pytest.mark.parametrize("layout", ["halpe_26", "coco_133", "halpe_136"])
def test_layouts_with_feet(tmp_path: Path, make: Callable[..., Any], layout: str) -> None:
    path = write_json(tmp_path / "a.json", make(in_layout(PERSON, layout)))
    assert_is_person(read(path))


@pytest.mark.parametrize(
    ("layout", "first"), [("body_25", 0), ("body_25", 1), ("coco_17", 0), ("halpe_26", 0)]
)
def test_csv_of_numbered_joints(tmp_path: Path, layout: str, first: int) -> None:
    points = in_layout(PERSON, layout)
    names = xyv(range(first, points.shape[1] + first), "xyc")
    video = read(write_wide(tmp_path / "a.csv", points, names))
    assert_is_person(video, has_feet=layout != "coco_17")


def test_csv_of_named_joints_in_px(tmp_path: Path) -> None:
    names = suffixed(COCO, ("x", "y", "score"))
    first = ["track", "frame_idx", "instance.score"]
    rows = [("", n, 0.9) for n in range(N)]
    path = write_wide(tmp_path / "a.csv", COCO_POINTS, names, first=first, rows=rows)
    assert_is_person(read(path), has_feet=False)


def test_mediapipe_in_px_is_read_as_px(tmp_path: Path) -> None:
    points = in_layout(PERSON, "mediapipe_33").round()
    assert_is_person(read(write_long(tmp_path / "a.csv", points, header="frame,id,x,y,v")))


def test_frame_size_in_the_file_wins(tmp_path: Path) -> None:
    frames = [objects(frame) for frame in landmarks(PERSON, (1920, 1080))]
    value = {"metadata": {"width": 1080, "height": 1920}, "frames": frames}
    video = read(write_json(tmp_path / "a.json", value))
    assert video.frame_size == (1920, 1080)
    assert_is_person(video)


def test_low_confidence_is_not_seen(tmp_path: Path) -> None:
    points = HALPE_POINTS.copy()
    points[:, 15:17, 2] = 0.02
    video = read(write_json(tmp_path / "a.json", alphapose(points)))
    assert np.isnan(video.keypoints[:, [JOINT["LAnkle"], JOINT["RAnkle"]], 0]).all()
    assert np.isfinite(video.keypoints[:, JOINT["RBigToe"], 0]).all()


@pytest.mark.parametrize("scale", [1.0, 1.8])
def test_legs_that_mediapipe_invents_are_not_seen(tmp_path: Path, scale: float) -> None:
    points = POINTS.copy()
    points[..., 1] = (points[..., 1] - 0.1) * 3 * scale
    points[:, 23:, 2] = 0.0006
    shown = read(write_long(tmp_path / "a.csv", points)).facts
    assert shown.patient == 1
    assert shown.foot == shown.knee == {"L": 0, "R": 0}
    points[:, 23:, 2] = 0.99
    sure = read(write_long(tmp_path / "b.csv", points)).facts
    assert sure.foot == {"L": 0, "R": 0}


def test_the_check_says_which_estimator_sees_legs_alone(tmp_path: Path) -> None:
    frames = [{"pose_landmarks": objects(frame) if n < 9 else None} for n, frame in
              enumerate(landmarks(seated(150)))]  # fmt: skip
    video = read(write_json(tmp_path / "a.json", frames))
    verdict = judge_quality(video.facts, QualityOptions())["L"]
    (finding,) = [one for one in verdict.findings if "lost the patient" in one.reason.text]
    assert "rtmlib" in finding.reason.advice


def test_several_people_are_followed(tmp_path: Path) -> None:
    other = seated(N, shift=(190, -20))[..., :3] * (1, 1, 0.6)
    both = [landmarks(other), POINTS]
    for name in ("columns", "rows"):
        rows = [f"frame,{'person,' if name == 'columns' else ''}landmark,x,y,visibility"]
        for frame in range(N):
            for person, points in enumerate(both):
                start = f"{frame},{person}," if name == "columns" else f"{frame},"
                rows += [f"{start}{j},{x},{y},{v}" for j, (x, y, v) in enumerate(points[frame])]
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join(rows))
        video = read(path)
        assert_is_person(video)
        assert video.facts.others == 1
    people = [[objects(points[frame]) for points in both] for frame in range(N)]
    value = [{"pose_landmarks": some} for some in people]
    assert_is_person(read(write_json(tmp_path / "a.json", value)))
    mixed = [x for pair in zip(alphapose(in_layout(other, "coco_17")), alphapose(COCO_POINTS),
                               strict=True) for x in pair]  # fmt: skip
    assert_is_person(read(write_json(tmp_path / "b.json", mixed)), has_feet=False)


def test_label_sheets_and_settings_are_no_videos(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("VideoId,patient,left,right\nv1,P0,0,1\n")
    write_json(tmp_path / "package.json", {"name": "x", "version": "1"})
    write_sheet(tmp_path / "labels.xls", [("a", "b")])
    frame = write_video(tmp_path / "v", PERSON[:1]) / "video_000000000000_keypoints.json"
    for path in (*(p for p in tmp_path.iterdir() if p.is_file()), frame):
        assert not holds_video(path), path
    assert holds_video(write_long(tmp_path / "a.csv", POINTS))


def test_the_docs_are_the_table_of_the_reader() -> None:
    assert (ROOT / "docs" / "pose_formats.md").read_text(encoding="utf-8") == formats_page()
    for kind in FORMATS:
        assert set(kind.layouts) <= set(LAYOUTS)
