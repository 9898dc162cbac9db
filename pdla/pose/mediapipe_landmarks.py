"""MediaPipe's PoseLandmarker: 33 landmarks, quick on a CPU; needs head and shoulders in view."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

import mediapipe
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision
from numpy.typing import NDArray

from pdla.data.files import first_line
from pdla.pose.estimators import MAX_PEOPLE
from pdla.pose.model_files import ModelFile, digest

# MediaPipe documentation, "Pose landmark detection guide": the full model, Apache-2.0. Its SHA-256
# is that of version float16/1.
FULL_MODEL: Final = ModelFile(
    "--model",
    "pose_landmarker_full.task",
    "https://storage.googleapis.com/mediapipe-models/pose_landmarker/pose_landmarker_full/"
    "float16/1/pose_landmarker_full.task",
    "5134a3aad27a58b93da0088d431f366da362b44e3ccfbe3462b3827a839011b1",
)

N_LANDMARKS: Final = 33


class MediaPipeLandmarks:
    """A `PoseEstimator`: BlazePose GHUM with tracking, as MediaPipe's tasks run it on a video.

    Args:
        model: A .task file, or None for the full model.

    Raises:
        ValueError: If the file is no PoseLandmarker.
    """

    layout = "mediapipe_33"
    is_unit = True

    def __init__(self, model: Path | None) -> None:
        """Check the model by opening it."""
        self._path = FULL_MODEL.locate(model)
        self.tool = f"mediapipe {version('mediapipe')}"
        self.models = {self._path.name: digest(self._path)}
        self._landmarker: vision.PoseLandmarker | None = None
        self.start()

    def start(self) -> None:
        """Open a landmarker: its times must go up, so each video has its own."""
        self.close()
        options = vision.PoseLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(self._path)),
            running_mode=vision.RunningMode.VIDEO,
            num_poses=MAX_PEOPLE,
        )
        try:
            self._landmarker = vision.PoseLandmarker.create_from_options(options)
        except (RuntimeError, ValueError) as error:
            reason = first_line(error)[:100]
            raise ValueError(f"{self._path}: no PoseLandmarker of MediaPipe ({reason})") from None
        self._last_ms = -1

    def detect(self, picture: NDArray[np.uint8], time_s: float) -> NDArray[np.float32]:
        """Landmarks of each person: x, y as shares of width and height, and visibility."""
        assert self._landmarker is not None
        self._last_ms = max(round(time_s * 1000), self._last_ms + 1)
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=picture)
        found = self._landmarker.detect_for_video(image, self._last_ms)
        people = [[(one.x, one.y, one.visibility) for one in pose] for pose in found.pose_landmarks]
        return np.asarray(people, dtype=np.float32).reshape(-1, N_LANDMARKS, 3)

    def close(self) -> None:
        """Close the landmarker of the last video."""
        if self._landmarker is not None:
            self._landmarker.close()
        self._landmarker = None
