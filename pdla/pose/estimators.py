"""Pose estimators under one face, so that writing, tracking and resuming know only one."""

from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

MAX_PEOPLE: Final = 4  # patient, examiner, carer, passer-by
ESTIMATORS: Final = ("mediapipe", "rtmlib")


class PoseEstimator(Protocol):
    """Finds people in the pictures of one video after the other.

    Attributes:
        tool: Name and version.
        layout: Layout of its joints, see `pdla.data.openpose.layouts`.
        models: Name and SHA-256 of each file it uses.
        is_unit: Whether coordinates are 0 to 1; else px.
    """

    tool: str
    layout: str
    models: dict[str, str]
    is_unit: bool

    def start(self) -> None:
        """Begin a new video."""

    def detect(self, picture: NDArray[np.uint8], time_s: float) -> NDArray[np.float32]:
        """Find people.

        Args:
            picture: (H, W, 3) RGB, upright.
            time_s: Seconds from the start of the video; more than in the call before.

        Returns:
            (N, P, 3) of x, y, confidence 0 to 1.
        """

    def close(self) -> None:
        """Give memory and threads back."""


def open_estimator(name: str, model: Path | None, detector: Path | None) -> PoseEstimator:
    """Load an estimator.

    Args:
        name: One of `ESTIMATORS`.
        model: Its file, or None: from the cache, or downloaded.
        detector: File of the person detector (rtmlib only), or None likewise.

    Raises:
        FileNotFoundError: If a model is not to be had; says where to put it.
        ValueError: If the estimator is unknown or not installed, or a file is no model of it.
    """
    if name not in ESTIMATORS:
        raise ValueError(f"--estimator {name}: expected one of {', '.join(ESTIMATORS)}")
    try:
        if name == "mediapipe":
            from pdla.pose.mediapipe_landmarks import MediaPipeLandmarks

            if detector is not None:
                raise ValueError("--detector: MediaPipe's model holds its own; rtmlib takes one")
            return MediaPipeLandmarks(model)
        from pdla.pose.rtmpose import RtmPose

        return RtmPose(model, detector)
    except ImportError as error:
        raise ValueError(
            f"--estimator {name}: {error.name} is not installed; pip install 'pdla[pose]'"
        ) from None
