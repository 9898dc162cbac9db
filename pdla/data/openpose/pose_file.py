"""One file with a whole video, of any pose estimator, becomes the people of each frame."""

import csv
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.openpose.clock import read_clock
from pdla.data.openpose.formats import MOTION_SUFFIXES, WHOLE_FILES
from pdla.data.openpose.frame_files import FrameDigest, UnreadableRecordingError, is_single_frame
from pdla.data.openpose.frames import DetectedPeople, mark_unseen, name_points
from pdla.data.openpose.landmark_names import refuse_odd_proportions, refuse_shifted
from pdla.data.openpose.layouts import LAYOUTS, layout_of
from pdla.data.openpose.pose_json import read_json
from pdla.data.openpose.pose_rows import decode
from pdla.data.openpose.pose_tables import is_landmark_table, read_csv
from pdla.data.reasons import Reason

MAX_FILE_BYTES: Final = 256 * 2**20  # an hour of MediaPipe landmarks as csv is 150 MB
_HEAD_BYTES: Final = 2**15
_JSON_WORDS: Final = ("landmark", "keypoint", "joint", "people", "instances", "nose", '"x":')
_READERS: Final = {".csv": read_csv, ".tsv": read_csv, ".json": read_json, ".jsonl": read_json}


def holds_video(path: Path) -> bool:
    """Whether a file that lies among folders of videos is a video itself, by its beginning.

    Args:
        path: A file; label sheets, settings and single frames are none.
    """
    suffix = path.suffix.lower()
    if suffix not in WHOLE_FILES:
        return suffix in MOTION_SUFFIXES
    try:
        with path.open("rb") as file:
            head = decode(file.read(_HEAD_BYTES))
    except OSError:
        return False
    if suffix in (".csv", ".tsv"):
        return is_landmark_table(head)
    return not is_single_frame(str(path)) and any(word in head.casefold() for word in _JSON_WORDS)


def read_pose_file(path: Path, declared: str) -> DetectedPeople:
    """Read the people of all frames.

    Args:
        path: A csv or JSON file; docs/pose_formats.md lists what is read.
        declared: `recordings.openpose.layout`.

    Raises:
        UnreadableRecordingError: If it is something else, with what it is; if it was understood
            and nobody is in it, that.
    """
    if path.stat().st_size > MAX_FILE_BYTES:
        raise UnreadableRecordingError(Reason.FILE_TOO_LARGE, f"{path.stat().st_size >> 20} MB")
    content = path.read_bytes()
    digest = FrameDigest()
    digest.add_frame(0, content)
    try:
        rows = _READERS.get(path.suffix.lower(), read_csv)(content, declared)
    except UnreadableRecordingError:
        raise
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
            csv.Error) as error:  # fmt: skip
        # Wrong types in places where no tool puts them.
        raise UnreadableRecordingError(Reason.FILE_DAMAGED, type(error).__name__) from None
    points = _with_confidence(rows.points)
    layout = layout_of(points.shape[1])
    if rows.layout is not None and LAYOUTS[rows.layout].n_points != points.shape[1]:
        raise UnreadableRecordingError(Reason.FILE_DAMAGED, name_points(points.shape[1]))
    if rows.layout is None and layout is not None:
        refuse_shifted(points, layout)
        if declared == "auto":
            refuse_odd_proportions(points, layout)
    index, clock = read_clock(rows.frames, rows.times_s, rows.fps)
    is_read = np.zeros(int(index[-1]) + 1, dtype=np.bool_)
    is_read[index] = True
    is_seen = np.isfinite(points[..., 0]).any(axis=1)
    if not is_seen.any():
        raise UnreadableRecordingError(Reason.NOBODY)
    frame = index[np.searchsorted(rows.frames, rows.frame)]
    return DetectedPeople(
        points[is_seen], frame[is_seen], is_read, dict(rows.problems), digest.hexdigest(),
        rows.layout, rows.is_unit, rows.frame_size, clock,
    )  # fmt: skip


def _with_confidence(points: NDArray[np.float64]) -> NDArray[np.float32]:
    """Unseen joints as NaN, NaN, 0; a joint that has a place and no confidence has 1."""
    is_sure = np.isfinite(points[..., 0]) & np.isnan(points[..., 2])
    return mark_unseen(np.where(is_sure[..., None] & (np.arange(3) == 2), 1, points))
