"""One folder of OpenPose output becomes the keypoints of the patient."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import dataclasses as checked

from pdla.data.checked_options import CHECKED
from pdla.data.openpose.cuts import find_stale_tail
from pdla.data.openpose.frame_files import UnreadableRecordingError
from pdla.data.openpose.frames import DetectedPeople, read_folder
from pdla.data.openpose.gaps import fill_gaps
from pdla.data.openpose.landmarks import find_landmark_file, read_landmarks
from pdla.data.openpose.layouts import LAYOUTS, N_POINTS, layout_of, suspect_layout, to_body_25
from pdla.data.openpose.leg_swaps import repair_leg_swaps
from pdla.data.openpose.quality_facts import Facts, measure_quality
from pdla.data.openpose.tracking import follow_patient
from pdla.data.reasons import Reason

COORDINATES: Final = ("auto", "pixel", "unit", "signed")
MAX_PAUSE_S: Final = 60.0  # a longer gap in the frame numbers is another video


@checked.dataclass(frozen=True, config=CHECKED)
class OpenPoseOptions:
    """How to read the keypoints.

    Attributes:
        layout: auto, or one of body_25, body_25b, coco_18, coco_17, mediapipe_33.
        coordinates: pixel, unit (0 to 1), signed (-1 to 1), or auto.
        fps: Frames a second of the videos; OpenPose does not write it.
        frame_size: Height and width of the videos in px, or auto (as far as joints reach).
        max_gap_s: Gaps of a joint up to so long are interpolated.
    """

    layout: str = "auto"
    coordinates: str = "auto"
    fps: float = 30
    frame_size: str | Sequence[int] = (960, 540)
    max_gap_s: float = 0.15

    def __post_init__(self) -> None:
        """Check all values."""
        if self.layout not in ("auto", *LAYOUTS):
            raise ValueError(
                f"recordings.openpose.layout={self.layout!r}: expected auto or one of {LAYOUTS}"
            )
        if self.coordinates not in COORDINATES:
            raise ValueError(
                f"recordings.openpose.coordinates={self.coordinates!r}: expected {COORDINATES}"
            )
        if not 1 <= self.fps <= 1000:
            raise ValueError(f"recordings.openpose.fps={self.fps}: expected 1 to 1000")
        size = self.frame_size
        is_pair = not isinstance(size, str) and len(size) == 2 and min(size) > 0
        if size != "auto" and not is_pair:
            raise ValueError(
                f"recordings.openpose.frame_size={size}: expected [height, width] in px, or auto"
            )
        if not 0 <= self.max_gap_s <= 2:
            raise ValueError(f"recordings.openpose.max_gap_s={self.max_gap_s}: expected 0 to 2")

    @property
    def max_pause_frames(self) -> int:
        """A longer gap in the frame numbers is the border to another video."""
        return round(MAX_PAUSE_S * self.fps)


@dataclass(frozen=True)
class ParsedVideo:
    """The patient of one video.

    Attributes:
        keypoints: (T, 25, 3) float32 of x px, y px, confidence in BODY_25; unseen is NaN, NaN, 0.
        fps: Frames a second.
        frame_size: (H, W) in px.
        facts: What was measured on the way, for the verdict.
        content: Digest of the files.
    """

    keypoints: NDArray[np.float32]
    fps: float
    frame_size: tuple[int, int]
    facts: Facts
    content: str


def read_recording(folder: Path, options: OpenPoseOptions) -> ParsedVideo:
    """Read one folder, or one file of landmarks.

    Raises:
        UnreadableRecordingError: If there is no person, or the layout is not what was said.
    """
    landmark_file = find_landmark_file(folder)
    if landmark_file is None:
        people = read_folder(folder, options.max_pause_frames)
    else:
        people = read_landmarks(landmark_file)
    layout = _choose_layout(people, options.layout)
    points, frame_size = _to_pixels(to_body_25(people.points, layout), options)
    track = follow_patient(points, people.frame, people.n_frames, frame_size[1])
    end = find_stale_tail(track.keypoints, track.has_others, options.fps)
    seen, was_swapped = repair_leg_swaps(track.keypoints[:end], options.fps)
    keypoints, was_filled = fill_gaps(seen, round(options.max_gap_s * options.fps))
    if not np.isfinite(keypoints[..., 0]).any():
        raise UnreadableRecordingError(Reason.NOBODY)
    facts = measure_quality(
        seen,
        was_filled,
        options.fps,
        frame_size,
        track.has_others[:end],
        track.rival,
        swapped=int(was_swapped.sum()),
        cut_frames=people.n_frames - end,
        problems=people.problems,
    )
    return ParsedVideo(keypoints, options.fps, frame_size, facts, people.content)


def _choose_layout(people: DetectedPeople, declared: str) -> str:
    n_points = people.points.shape[1]
    layout = layout_of(n_points) if declared == "auto" else declared
    if layout is None or N_POINTS[layout] != n_points:
        raise UnreadableRecordingError(
            Reason.OTHER_LAYOUT, f"{n_points} points for a person, not {declared}"
        )
    other = suspect_layout(people.points, layout)
    if other is not None:
        raise UnreadableRecordingError(
            Reason.JOINTS_MISPLACED,
            f"they fit {other}, not {layout} (recordings.openpose.layout={other})",
        )
    return layout


def _to_pixels(
    points: NDArray[np.float32], options: OpenPoseOptions
) -> tuple[NDArray[np.float32], tuple[int, int]]:
    """Points in px and the frame size (H, W)."""
    coordinates = options.coordinates
    if coordinates == "auto":
        coordinates = _detect_coordinates(points)
    if not isinstance(options.frame_size, str):
        height, width = (int(value) for value in options.frame_size)
    elif coordinates == "pixel":
        width, height = (int(np.ceil(np.nanmax(points[..., axis]))) + 1 for axis in (0, 1))
    else:
        raise UnreadableRecordingError(Reason.COORDINATES_NOT_PX)
    scaled = points.copy()
    if coordinates == "signed":
        scaled[..., :2] = (scaled[..., :2] + 1) / 2
    if coordinates != "pixel":
        scaled[..., :2] *= np.asarray([width, height], dtype=np.float32)
    return scaled, (max(height, 1), max(width, 1))


def _detect_coordinates(points: NDArray[np.float32]) -> str:
    """Pixel, unit or signed, by how far nearly all joints reach."""
    seen = points[..., :2][np.isfinite(points[..., :2])]
    if not len(seen):
        return "pixel"
    low, high = np.percentile(seen, [1, 99])
    if high > 2 or low < -2:
        return "pixel"
    return "signed" if low < -0.2 else "unit"
