"""RTMPose through rtmlib: HALPE_26 with feet, the default of Pose2Sim and Sports2D."""

import contextlib
import io
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pdla.pose.estimators import MAX_PEOPLE
from pdla.pose.model_files import ModelFile, digest

# The models of rtmlib's BodyWithFeet in mode `balanced`. RTMPose is Apache-2.0; the detector was
# trained on Human-Art, whose authors allow research only.
_URL: Final = "https://download.openmmlab.com/mmpose/v1/projects/rtmposev1/onnx_sdk/"
POSE_MODEL: Final = ModelFile(
    "--model",
    "rtmpose-m_halpe26_256x192.onnx",
    f"{_URL}rtmpose-m_simcc-body7_pt-body7-halpe26_700e-256x192-4d3e73dd_20230605.zip",
    "26f3a19e61304a600dfb82d1001d41d24343b89fc70a33ffc84657e0b0bf2ecf",
)
DETECTOR: Final = ModelFile(
    "--detector",
    "yolox_m_humanart_640x640.onnx",
    f"{_URL}yolox_m_8xb8-300e_humanart-c2c7a14a.zip",
    "3dea6513388889f0fff4b77bf7a26013600321b9eb9ceb0e9a400a82572f5f23",
)
N_POINTS: Final = 26


class RtmPose:
    """A `PoseEstimator`: a detector of people, then RTMPose in the box of each.

    Args:
        model: ONNX file of RTMPose with 26 keypoints, or None for RTMPose-m.
        detector: ONNX file of YOLOX, or None for YOLOX-m.

    Raises:
        ValueError: If a file is no such model.
    """

    layout = "halpe_26"
    is_unit = False

    def __init__(self, model: Path | None, detector: Path | None) -> None:
        """Load both models; rtmlib wants (W, H) for a pose and (H, W) for a detector."""
        from rtmlib import YOLOX, RTMPose

        paths = POSE_MODEL.locate(model), DETECTOR.locate(detector)
        self.tool = f"rtmlib {version('rtmlib')}"
        self.models = {path.name: digest(path) for path in paths}
        pose_size, detector_size = input_size(paths[0]), input_size(paths[1])
        with contextlib.redirect_stdout(io.StringIO()):  # it prints what it loads
            self._pose = RTMPose(str(paths[0]), model_input_size=pose_size[::-1])
            self._detector = YOLOX(str(paths[1]), model_input_size=detector_size)

    def start(self) -> None:
        """Nothing is kept from video to video."""

    def detect(self, picture: NDArray[np.uint8], time_s: float) -> NDArray[np.float32]:
        """Keypoints of each person in px, with their scores."""
        image = np.ascontiguousarray(picture[..., ::-1])  # rtmlib takes BGR, as OpenCV reads
        boxes = np.asarray(self._detector(image), dtype=np.float32).reshape(-1, 4)
        if not len(boxes):  # without boxes RTMPose would invent somebody in the whole picture
            return np.empty((0, N_POINTS, 3), dtype=np.float32)
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        largest = boxes[np.argsort(-areas)[:MAX_PEOPLE]]
        keypoints, scores = self._pose(image, bboxes=largest.tolist())
        if keypoints.shape[1] != N_POINTS:
            raise ValueError(f"the model finds {keypoints.shape[1]} keypoints, expected {N_POINTS}")
        people = np.concatenate([keypoints, scores[..., None]], axis=-1)
        return np.asarray(people, dtype=np.float32)

    def close(self) -> None:
        """Nothing to close."""


def input_size(path: Path) -> tuple[int, int]:
    """H, W of the pictures that an ONNX model takes.

    Raises:
        ValueError: If the file is no ONNX model of pictures with a fixed size.
    """
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        height, width = session.get_inputs()[0].shape[2:]
        return int(height), int(width)
    except Exception as error:  # those of onnxruntime have no other base
        raise ValueError(f"{path}: no ONNX model of pictures ({type(error).__name__})") from None
