"""One folder of OpenPose output becomes the keypoints of the patient."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import dataclasses as checked

from pdla.data.checked_options import CHECKED
from pdla.data.openpose.clock import resample
from pdla.data.openpose.cuts import find_stale_tail
from pdla.data.openpose.frame_files import UnreadableRecordingError, find_whole_file
from pdla.data.openpose.frames import DetectedPeople, name_points, read_folder
from pdla.data.openpose.gaps import fill_gaps
from pdla.data.openpose.layouts import LAYOUTS, layout_of, suspect_layout, to_body_25
from pdla.data.openpose.leg_swaps import repair_leg_swaps
from pdla.data.openpose.pose_file import read_pose_file
from pdla.data.openpose.quality_facts import Facts, Timing, measure_quality
from pdla.data.openpose.rotation import turn_upright
from pdla.data.openpose.tracking import follow_patient
from pdla.data.reasons import Reason

COORDINATES: Final = ("auto", "pixel", "unit", "signed")
MAX_FPS_DIFFERENCE: Final = 0.02  # 29.97 counts as 30, but 24 not as 25
# MediaPipe's coordinates are 0 to 1, and some scripts multiply them by the frame size. Invented
# joints reach 4, but half of all joints are never ten pictures away.
MAX_UNIT_MEDIAN: Final = 10
MAX_JUDGED_JOINTS: Final = 5000  # spread over the video; enough to tell pixels from 0 to 1
MAX_PAUSE_S: Final = 60.0  # a longer gap in the frame numbers is another video


@checked.dataclass(frozen=True, config=CHECKED)
class OpenPoseOptions:
    """How to read the keypoints.

    Attributes:
        layout: auto, or the name of a layout; see `pdla.data.openpose.layouts`.
        coordinates: pixel, unit (0 to 1), signed (-1 to 1), or auto.
        fps: Frames a second of the videos, where the files do not say it; OpenPose's never do.
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
                f"recordings.openpose.layout={self.layout!r}: expected auto or one of "
                f"{', '.join(LAYOUTS)}"
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
    """Read one folder, or one file with a whole video.

    What the files say of time and frame size wins over the options. Uneven times are resampled.

    Raises:
        UnreadableRecordingError: If there is no person, or the layout is not what was said.
    """
    whole_file = find_whole_file(folder)
    if whole_file is None:
        people = read_folder(folder, options.max_pause_frames)
    else:
        people = read_pose_file(whole_file, options.layout)
    layout = _choose_layout(people, options.layout)
    coordinates = _choose_coordinates(people, options.coordinates)
    points, frame_size = _to_pixels(
        to_body_25(people.points, layout), coordinates, people.frame_size, options.frame_size
    )
    fps = people.clock.fps or options.fps / people.clock.step
    track = follow_patient(points, people.frame, people.n_frames, frame_size[1])
    keypoints, has_others = track.keypoints, track.has_others
    if people.is_unit and coordinates == "unit":
        keypoints = _only_inside(keypoints, frame_size)
    problems = dict(people.problems)
    if people.clock.times_s is not None:
        problems["frames at uneven times, resampled"] = people.n_frames
        keypoints, nearest = resample(keypoints, people.clock, options.max_gap_s)
        has_others = has_others[nearest]
    end = find_stale_tail(keypoints, has_others, fps)
    upright, frame_size, turned = turn_upright(keypoints[:end], frame_size)
    seen, was_swapped = repair_leg_swaps(upright, fps)
    filled, was_filled = fill_gaps(seen, round(options.max_gap_s * fps))
    if not np.isfinite(filled[..., 0]).any():
        raise UnreadableRecordingError(Reason.NOBODY)
    facts = measure_quality(
        seen,
        was_filled,
        fps,
        frame_size,
        has_others[:end],
        track.rival,
        swapped=int(was_swapped.sum()),
        cut_frames=len(keypoints) - end,
        turned=turned,
        problems=problems,
        timing=_timing(people, options.fps),
    )
    facts = replace(facts, is_mediapipe=people.is_unit or layout == "mediapipe_33")
    return ParsedVideo(filled, fps, frame_size, facts, people.content)


def _timing(people: DetectedPeople, assumed_fps: float) -> Timing:
    """What the files say of time, against the options."""
    clock = people.clock
    of_video = (clock.fps or assumed_fps) * clock.step
    is_other = clock.fps is not None and abs(of_video / assumed_fps - 1) > MAX_FPS_DIFFERENCE
    # Every n-th frame of a video at the assumed rate is no contradiction.
    times = round(assumed_fps / of_video) if is_other else 1
    is_nth = times > 1 and abs(of_video * times / assumed_fps - 1) < MAX_FPS_DIFFERENCE
    return Timing(
        assumed_fps=assumed_fps if is_other and not is_nth else None,
        step=clock.step * (times if is_nth else 1),
    )


def _choose_layout(people: DetectedPeople, declared: str) -> str:
    n_points = people.points.shape[1]
    if people.layout is not None:
        return people.layout
    layout = layout_of(n_points) if declared == "auto" else declared
    if layout is None:
        raise UnreadableRecordingError(Reason.UNKNOWN_LAYOUT, name_points(n_points))
    if LAYOUTS[layout].n_points != n_points:
        raise UnreadableRecordingError(
            Reason.OTHER_LAYOUT, f"{name_points(n_points)}, not {declared}"
        )
    other = suspect_layout(people.points, layout)
    if other is not None:
        raise UnreadableRecordingError(
            Reason.JOINTS_MISPLACED,
            f"they fit {other}, not {layout} (recordings.openpose.layout={other})",
        )
    return layout


def _choose_coordinates(people: DetectedPeople, declared: str) -> str:
    """Pixel, unit or signed; what is not declared is told by how far nearly all joints reach."""
    places = people.points[..., :2].reshape(-1, 2)
    places = places[:: len(places) // MAX_JUDGED_JOINTS + 1]
    seen = places[np.isfinite(places)]
    if declared != "auto":
        return declared
    if people.is_unit:
        return "pixel" if np.median(np.abs(seen)) > MAX_UNIT_MEDIAN else "unit"
    low, high = np.percentile(seen, [1, 99])
    if high > 2 or low < -2:
        return "pixel"
    return "signed" if low < -0.2 else "unit"


def _to_pixels(
    points: NDArray[np.float32],
    coordinates: str,
    size_of_file: tuple[int, int] | None,
    size_of_options: str | Sequence[int],
) -> tuple[NDArray[np.float32], tuple[int, int]]:
    """Points in px and the frame size (H, W)."""
    size = size_of_file or size_of_options
    if not isinstance(size, str):
        height, width = (int(value) for value in size)
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


def _only_inside(
    keypoints: NDArray[np.float32], frame_size: tuple[int, int]
) -> NDArray[np.float32]:
    """Joints outside the picture are invented, however sure MediaPipe is: they become unseen."""
    inside = keypoints.copy()
    with np.errstate(invalid="ignore"):
        xy = keypoints[..., :2]
        is_outside = ((xy < 0) | (xy > np.asarray(frame_size[::-1]))).any(axis=-1)
    inside[is_outside] = (np.nan, np.nan, 0)
    return inside
