"""One video through a pose estimator, and its pose file."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.files import write_bytes
from pdla.data.openpose.layouts import to_body_25
from pdla.data.openpose.tracking import link_people
from pdla.pose.estimators import PoseEstimator
from pdla.pose.model_files import digest
from pdla.pose.videos import read_pictures

FORMAT: Final = "pdla pose 1"


@dataclass(frozen=True)
class VideoPoses:
    """People of a video as they were found.

    Attributes:
        points: (N, P, 3) of x, y, confidence in the estimator's layout and coordinates.
        frame: (N,) frame of each person, ascending.
        track: (N,) number of the person, the same as long as it is followed.
        times_s: (T,) seconds of the frames after the first.
        frame_size: (H, W) in px, upright.
        rotation: Degrees by which the stored pictures were turned counterclockwise.
    """

    points: NDArray[np.float32]
    frame: NDArray[np.int64]
    track: NDArray[np.int64]
    times_s: NDArray[np.float64]
    frame_size: tuple[int, int]
    rotation: int

    @property
    def fps(self) -> float | None:
        """Median frame rate; None for a single frame."""
        steps = np.diff(self.times_s)
        return (
            round(float(1 / np.median(steps)), 3) if len(steps) and np.median(steps) > 0 else None
        )

    @property
    def found(self) -> float:
        """Share of frames with somebody in them."""
        return len(np.unique(self.frame)) / len(self.times_s)

    @property
    def n_people(self) -> int:
        """People at most at once."""
        return int(np.bincount(self.frame).max()) if len(self.frame) else 0


def estimate_video(
    path: Path, estimator: PoseEstimator, advance: Callable[[], object] = lambda: None
) -> VideoPoses:
    """Find the people in all frames of a video and follow each over time.

    Args:
        path: Video file.
        estimator: Of poses.
        advance: Called after each frame.

    Raises:
        ValueError: If the file cannot be decoded.
    """
    estimator.start()
    people: list[NDArray[np.float32]] = []
    times: list[float] = []
    size, rotation = (0, 0), 0
    for picture in read_pictures(path):
        if times and picture.time_s <= times[-1]:
            continue  # a frame that a broken file has twice
        people.append(estimator.detect(picture.pixels, picture.time_s))
        times.append(picture.time_s)
        size, rotation = picture.pixels.shape[:2], picture.rotation
        advance()
    if not times:
        raise ValueError(f"{path}: no frame in this video")
    points = np.concatenate([some for some in people if len(some)] or [people[0]])
    frame = np.repeat(np.arange(len(people)), [len(some) for some in people]).astype(np.int64)
    track = np.zeros(len(frame), dtype=np.int64)
    if len(frame):
        scale = np.asarray([*size[::-1], 1] if estimator.is_unit else [1, 1, 1], dtype=np.float32)
        track = link_people(to_body_25(points * scale, estimator.layout), frame)
    return VideoPoses(points.astype(np.float32), frame, track, np.asarray(times), size, rotation)


def write_poses(poses: VideoPoses, target: Path, video: Path, estimator: PoseEstimator) -> None:
    """Write a pose file that pdla reads, complete or not at all.

    It holds frame rate, times, size, rotation and model beside the people of each frame; people
    have MediaPipe's `landmarks` or MMPose's `keypoints` and `keypoint_scores`.
    """
    height, width = poses.frame_size
    starts = np.searchsorted(poses.frame, np.arange(len(poses.times_s) + 1))
    content = {
        **_made_of(video, estimator),
        "layout": estimator.layout,
        "fps": poses.fps,
        "width": width,
        "height": height,
        "rotation": poses.rotation,
        "frames": [
            {
                "frame": number,
                "time_s": round(float(time), 6),
                "people": [
                    _person(poses.points[row], int(poses.track[row]), is_unit=estimator.is_unit)
                    for row in range(starts[number], starts[number + 1])
                ],
            }
            for number, time in enumerate(poses.times_s)
        ],
    }
    write_bytes(target, json.dumps(content, separators=(",", ":")).encode())


def is_done(target: Path, video: Path, estimator: PoseEstimator) -> bool:
    """Whether a pose file was made of this very video with this very model."""
    try:
        with target.open("rb") as file:
            head = file.read(4096).decode(errors="replace")
    except OSError:
        return False
    wanted = json.dumps(_made_of(video, estimator), separators=(",", ":"))
    return head.startswith(wanted[:-1] + ",")


def _made_of(video: Path, estimator: PoseEstimator) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "tool": estimator.tool,
        "models": estimator.models,
        "video_sha256": digest(video),
    }


def _person(points: NDArray[np.float32], track: int, *, is_unit: bool) -> dict[str, Any]:
    values = points.astype(float).round(5 if is_unit else 3).tolist()
    if is_unit:
        landmarks = [{"x": x, "y": y, "visibility": visibility} for x, y, visibility in values]
        return {"track_id": track, "landmarks": landmarks}
    return {
        "track_id": track,
        "keypoints": [[x, y] for x, y, _ in values],
        "keypoint_scores": [score for _, _, score in values],
    }
