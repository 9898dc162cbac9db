"""MediaPipe pose landmarks: one csv or json file for a whole video."""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from pdla.data.openpose.frame_files import FrameDigest, UnreadableRecordingError, split_frame_name
from pdla.data.openpose.frames import DetectedPeople, mark_unseen
from pdla.data.reasons import Reason

N_LANDMARKS: Final = 33
MAX_FILE_BYTES: Final = 512 * 2**20
MAX_FRAMES: Final = 200_000
# Order and names of the landmarks (MediaPipe documentation, "Pose landmark detection").
NAMES: Final = (
    "nose", "lefteyeinner", "lefteye", "lefteyeouter", "righteyeinner", "righteye",
    "righteyeouter", "leftear", "rightear", "mouthleft", "mouthright", "leftshoulder",
    "rightshoulder", "leftelbow", "rightelbow", "leftwrist", "rightwrist", "leftpinky",
    "rightpinky", "leftindex", "rightindex", "leftthumb", "rightthumb", "lefthip", "righthip",
    "leftknee", "rightknee", "leftankle", "rightankle", "leftheel", "rightheel",
    "leftfootindex", "rightfootindex",
)  # fmt: skip
_VALUES: Final = {
    "x": 0, "y": 1, "v": 2, "c": 2, "vis": 2, "visibility": 2, "confidence": 2, "score": 2,
}  # fmt: skip


def find_landmark_file(path: Path) -> Path | None:
    """The one file of a video in MediaPipe's manner, or None if it has one file for each frame."""
    if path.is_file():
        return path
    files = [file for file in path.iterdir() if file.suffix.lower() in (".csv", ".json")]
    if len(files) != 1:
        return None
    is_frame = files[0].suffix.lower() == ".json" and split_frame_name(files[0].name)[1] is not None
    return None if is_frame or not files[0].is_file() else files[0]


def read_landmarks(path: Path) -> DetectedPeople:
    """Read the 33 landmarks of each frame.

    Understood are csv with one row for each frame (columns such as `nose_x`, `x0`, `0_visibility`),
    csv with one row for each landmark (frame, landmark, x, y, visibility), and json with a list of
    frames, each a list of 33 objects with x, y, visibility or with such a list in it.

    Raises:
        UnreadableRecordingError: If it is none of these.
    """
    if path.stat().st_size > MAX_FILE_BYTES:
        raise UnreadableRecordingError(Reason.FILE_TOO_LARGE, f"{path.stat().st_size >> 20} MB")
    content = path.read_bytes()
    digest = FrameDigest()
    digest.add_frame(0, content)
    try:
        read = _read_json if path.suffix.lower() == ".json" else _read_csv
        points = read(content)
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError, csv.Error):
        raise UnreadableRecordingError(Reason.NOT_KEYPOINTS) from None
    marked = mark_unseen(points)
    is_seen = np.isfinite(marked[..., 0]).any(axis=1)
    if not is_seen.any():
        raise UnreadableRecordingError(Reason.NOBODY)
    frames = np.flatnonzero(is_seen).astype(np.int64)
    is_read = np.ones(len(marked), dtype=np.bool_)
    return DetectedPeople(marked[is_seen], frames, is_read, {}, digest.hexdigest())


def _read_json(content: bytes) -> NDArray[np.float64]:
    try:
        frames = orjson.loads(content)
    except orjson.JSONDecodeError:
        frames = json.loads(content)  # takes NaN
    if isinstance(frames, Mapping):
        frames = frames["frames"]
    points = np.full((_checked(len(frames)), N_LANDMARKS, 3), np.nan)
    for number, frame in enumerate(frames):
        for joint, landmark in enumerate(_landmarks_of(frame)[:N_LANDMARKS]):
            visibility = landmark.get("visibility", 1.0)
            points[number, joint] = float(landmark["x"]), float(landmark["y"]), float(visibility)
    return points


def _landmarks_of(frame: Any) -> Sequence[Mapping[str, Any]]:
    if isinstance(frame, Mapping):
        frame = frame.get("pose_landmarks", frame.get("landmarks"))
    if not frame:
        return []
    return frame[0] if isinstance(frame[0], list) else list(frame)


def _read_csv(content: bytes) -> NDArray[np.float64]:
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    header = [name.strip().casefold() for name in rows[0]]
    if "landmark" in header:
        return _read_long(header, rows[1:])
    columns = [(position, *place) for position, place in _wide_columns(header)]
    if not columns:
        raise ValueError(Reason.NOT_KEYPOINTS.text)
    numbers = _frame_numbers(header, rows[1:])
    points = np.full((_checked(max(numbers) + 1), N_LANDMARKS, 3), np.nan)
    if not any(value == 2 for _, _, value in columns):
        points[..., 2] = 1
    for number, row in zip(numbers, rows[1:], strict=True):
        for position, joint, value in columns:
            points[number, joint, value] = _number(row, position)
    return points


def _wide_columns(header: Sequence[str]) -> Iterable[tuple[int, tuple[int, int]]]:
    """(column, (landmark, value)) of the columns that name a landmark and a value."""
    for position, name in enumerate(header):
        words = re.findall(r"[a-z]+|\d+", name)
        value = next((_VALUES[word] for word in (words[-1:] + words[:1]) if word in _VALUES), None)
        joined = "".join(word for word in words if word not in _VALUES and word != "landmark")
        joint = int(joined) if joined.isdigit() else NAMES.index(joined) if joined in NAMES else -1
        if value is not None and 0 <= joint < N_LANDMARKS:
            yield position, (joint, value)


def _read_long(header: Sequence[str], rows: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    values = {_VALUES[name]: place for place, name in enumerate(header) if name in _VALUES}
    numbers = _frame_numbers(header, rows)
    points = np.full((_checked(max(numbers) + 1), N_LANDMARKS, 3), np.nan)
    points[..., 2] = np.nan if 2 in values else 1
    landmark = header.index("landmark")
    for number, row in zip(numbers, rows, strict=True):
        name = "".join(re.findall(r"[a-z]+|\d+", row[landmark].casefold()))
        joint = int(name) if name.isdigit() else NAMES.index(name)
        for value, place in values.items():
            points[number, joint, value] = _number(row, place)
    return points


def _frame_numbers(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """Frame of each row, from 0; the order of the rows if no column says it."""
    for name in ("frame", "frame_number", "frame_id", "frameid", "index"):
        if name in header:
            column = header.index(name)
            numbers = [int(float(row[column])) for row in rows]
            first = min(numbers)
            return [number - first for number in numbers]
    return list(range(len(rows)))


def _checked(n_frames: int) -> int:
    if not 0 < n_frames <= MAX_FRAMES:
        raise ValueError(Reason.NOT_KEYPOINTS.text)
    return n_frames


def _number(row: Sequence[str], position: int) -> float:
    text = row[position].strip() if position < len(row) else ""
    return float(text) if text else float("nan")
