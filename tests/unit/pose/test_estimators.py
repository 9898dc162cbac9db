"""The estimators themselves: rtmlib on tiny models made here, MediaPipe on a real video."""

from pathlib import Path

import numpy as np
import pytest

from pdla.data.openpose import OpenPoseOptions, read_recording
from pdla.data.skeletons import JOINT
from pdla.pose.estimation import estimate_video, write_poses
from pdla.pose.estimators import open_estimator
from tests.fixtures.phone_videos import spot, write_phone_video
from tests.fixtures.places import SHARED

TASK = SHARED / "models" / "pose_landmarker.task"
VIDEO = SHARED / "data" / "videos" / "two_people.mp4"
BOX = (20.0, 10.0, 80.0, 90.0)  # x1, y1, x2, y2 in px of a 128 x 128 picture


def constant_model(path: Path, shape: tuple[int, ...], outputs: dict[str, np.ndarray]) -> Path:
    """An ONNX model that gives the same whatever it sees."""
    onnx = pytest.importorskip("onnx")
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    nodes, inits, infos = [], [], []
    nodes.append(helper.make_node("ReduceSum", ["input"], ["sum"], keepdims=0))
    inits.append(numpy_helper.from_array(np.asarray(0, dtype=np.float32), "zero"))
    nodes.append(helper.make_node("Mul", ["sum", "zero"], ["nothing"]))
    for name, value in outputs.items():
        inits.append(numpy_helper.from_array(value.astype(np.float32), f"{name}_value"))
        nodes.append(helper.make_node("Add", [f"{name}_value", "nothing"], [name]))
        infos.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, value.shape))
    taken = helper.make_tensor_value_info("input", onnx.TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "constant", [taken], infos, inits)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9)
    onnx.save(model, str(path))
    return path


@pytest.fixture
def models(tmp_path: Path) -> tuple[Path, Path]:
    """RTMPose that finds each joint a fixed way into the box, and a detector with one box."""
    pytest.importorskip("rtmlib")
    pytest.importorskip("onnxruntime")
    x, y = np.zeros((1, 26, 384)), np.zeros((1, 26, 512))
    for joint in range(26):
        x[0, joint, 50 + 10 * joint] = 0.9
        y[0, joint, 60 + 15 * joint] = 0.9
    pose = constant_model(tmp_path / "p.onnx", (1, 3, 256, 192), {"simcc_x": x, "simcc_y": y})
    detections = np.asarray([[[*BOX, 0.9], [0, 0, 5, 5, 0.01]]])
    detector = constant_model(tmp_path / "d.onnx", (1, 3, 128, 128), {"dets": detections})
    return pose, detector


def test_rtmlib_finds_halpe_26_in_px_of_the_picture(
    tmp_path: Path, models: tuple[Path, Path]
) -> None:
    estimator = open_estimator("rtmlib", *models)
    path = write_phone_video(tmp_path / "a.mp4", np.stack([spot(128, 128, 20, 20)] * 12))
    poses = estimate_video(path, estimator)
    assert poses.points.shape == (12, 26, 3)
    write_poses(poses, tmp_path / "a.json", path, estimator)
    video = read_recording(tmp_path / "a.json", OpenPoseOptions())
    # RTMPose pads the box by a quarter and keeps 3:4; SimCC counts half pixels of its input.
    centre, height = np.asarray([50, 50]), 80 * 1.25
    scale = np.asarray([max(60 * 1.25, height * 0.75), height])
    for name, joint in (("RKnee", 14), ("LBigToe", 20), ("Neck", 18)):
        in_input = np.asarray([50 + 10 * joint, 60 + 15 * joint]) / 2 / (192, 256)
        expected = in_input * scale + centre - scale / 2
        assert np.allclose(video.keypoints[:, JOINT[name], :2], expected, atol=1.0), name
    assert video.facts.fps == 30


def test_rtmlib_invents_nobody_in_an_empty_picture(
    tmp_path: Path, models: tuple[Path, Path]
) -> None:
    nobody = constant_model(
        tmp_path / "n.onnx", (1, 3, 128, 128), {"dets": np.full((1, 2, 5), 0.01)}
    )
    estimator = open_estimator("rtmlib", models[0], nobody)
    assert estimator.detect(spot(128, 128, 20, 20), 0.0).shape == (0, 26, 3)


def test_a_file_that_is_no_model_is_one_line(tmp_path: Path, models: tuple[Path, Path]) -> None:
    (tmp_path / "x.onnx").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"x\.onnx: no ONNX model") as caught:
        open_estimator("rtmlib", tmp_path / "x.onnx", models[1])
    assert "\n" not in str(caught.value)


def test_mediapipe_refuses_a_file_that_is_no_model(tmp_path: Path) -> None:
    pytest.importorskip("mediapipe")
    (tmp_path / "x.task").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="no PoseLandmarker"):
        open_estimator("mediapipe", tmp_path / "x.task", None)
    with pytest.raises(ValueError, match="--detector"):
        open_estimator("mediapipe", None, tmp_path / "x.task")


@pytest.mark.slow
@pytest.mark.skipif(not (TASK.exists() and VIDEO.exists()), reason="no model or no video here")
def test_mediapipe_finds_the_people_of_a_real_video(tmp_path: Path) -> None:
    pytest.importorskip("mediapipe")
    estimator = open_estimator("mediapipe", TASK, None)
    poses = estimate_video(VIDEO, estimator)
    assert poses.n_people == 2
    assert poses.found > 0.95
    write_poses(poses, tmp_path / "a.json", VIDEO, estimator)
    estimator.close()
    video = read_recording(tmp_path / "a.json", OpenPoseOptions())
    assert video.frame_size == (1920, 1088)
    assert video.fps == pytest.approx(60)
    assert video.facts.patient > 0.9
    assert video.facts.others > 0.5


@pytest.mark.slow
@pytest.mark.skipif(not TASK.exists(), reason="no model here")
def test_mediapipe_finds_nobody_in_a_picture_of_nobody(tmp_path: Path) -> None:
    pytest.importorskip("mediapipe")
    estimator = open_estimator("mediapipe", TASK, None)
    path = write_phone_video(tmp_path / "a.mp4", np.stack([spot(128, 128, 20, 20)] * 3))
    poses = estimate_video(path, estimator)
    estimator.close()
    assert poses.points.shape == (0, 33, 3)
    assert poses.found == 0
