"""Videos become pose files: `pdla pose` (extra `[pose]`).

Reading order: `videos` (upright pictures), `estimators` (the face of both), `mediapipe_landmarks`,
`rtmpose`, `model_files` (cache and download), `estimation` (one video to one file).
"""

from typing import TYPE_CHECKING

from pdla.lazy import lazy_names

if TYPE_CHECKING:
    from pdla.pose.estimation import VideoPoses, estimate_video, write_poses
    from pdla.pose.estimators import PoseEstimator, open_estimator

__all__ = ["PoseEstimator", "VideoPoses", "estimate_video", "open_estimator", "write_poses"]
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "pdla.pose.estimation": ("VideoPoses", "estimate_video", "write_poses"),
        "pdla.pose.estimators": ("PoseEstimator", "open_estimator"),
    },
)
