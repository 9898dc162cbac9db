"""Reads one folder of OpenPose JSON, whatever lies in it, into the people of each frame."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from pdla.data.openpose.clock import Clock, frame_step
from pdla.data.openpose.frame_files import (
    MAX_FRAME_BYTES,
    FrameDigest,
    UnreadableRecordingError,
    list_frames,
    read_bytes,
)
from pdla.data.openpose.layouts import layout_of
from pdla.data.reasons import Reason

MAX_PEOPLE: Final = 64
MAX_PIXELS: Final = 1e5
_PARTS_OF_BODY: Final = {21: "one hand", 42: "two hands", 68: "a face", 70: "a face",
                         468: "a face mesh", 478: "a face mesh", 501: "body and face mesh",
                         543: "body, face mesh and hands"}  # fmt: skip
MIN_CONFIDENCE: Final = 1e-6  # half of it must still be a number over 0


@dataclass(frozen=True)
class DetectedPeople:
    """All people that were found in a video.

    Attributes:
        points: (N, P, 3) float32 of x, y, confidence as in the files; unseen is NaN, NaN, 0.
        frame: (N,) index of the frame of each person on the uniform grid, ascending.
        is_read: (T,) whether a frame has a readable file.
        problems: What was odd, in words, with how often.
        content: Digest of the files, see `FrameDigest`.
        layout: Layout of the points, or None: their number tells it.
        is_unit: Whether coordinates are 0 to 1 by definition, as MediaPipe's are.
        frame_size: (H, W) in px, if the files say it.
        clock: When the frames of the grid were taken.
    """

    points: NDArray[np.float32]
    frame: NDArray[np.int64]
    is_read: NDArray[np.bool_]
    problems: Mapping[str, int] = field(default_factory=dict)
    content: str = ""
    layout: str | None = None
    is_unit: bool = False
    frame_size: tuple[int, int] | None = None
    clock: Clock = field(default_factory=Clock)

    @property
    def n_frames(self) -> int:
        """Length of the grid, T."""
        return len(self.is_read)


def read_folder(folder: Path, max_gap_frames: int) -> DetectedPeople:
    """Read the people of all frames of a folder; see `list_frames` for their order.

    A gap in the frame numbers keeps its time: there is nobody in the frames between.

    Raises:
        UnreadableRecordingError: If nothing in the folder is a frame of OpenPose.
    """
    digest = FrameDigest()
    files, problems = list_frames(folder, max_gap_frames)
    digest.add_problems(problems)
    if not files:
        raise UnreadableRecordingError(Reason.NO_FRAMES)
    first = files[0][0]
    step = frame_step(np.asarray([number for number, _ in files], dtype=np.int64))
    is_read = np.zeros((files[-1][0] - first) // step + 1, dtype=np.bool_)
    values: list[Sequence[float]] = []
    frame: list[int] = []
    for number, path in files:
        people = _read_people(number, path, digest, problems)
        if people is not None:
            index = (number - first) // step
            is_read[index] = True
            values.extend(people)
            frame.extend([index] * len(people))
    n_missing = len(is_read) - len(files)
    if n_missing:
        problems["frame numbers missing"] += n_missing
    points, frames = _as_arrays(values, frame, is_read, problems)
    return DetectedPeople(
        points, frames, is_read, dict(problems), digest.hexdigest(), clock=Clock(step=step)
    )


def parse_people(content: bytes) -> list[Any]:
    """Read the people of one frame.

    Returns:
        The keypoint list of each person, unchecked.

    Raises:
        ValueError: If this is no frame of OpenPose; the message says what it is, in words that are
            the same for every such file.
    """
    if not content.strip():
        raise ValueError("empty files")
    if len(content) > MAX_FRAME_BYTES:
        raise ValueError("files too large for a frame")
    try:
        frame = orjson.loads(content)
    except orjson.JSONDecodeError:
        frame = _loads_leniently(content)
    people = frame.get("people") if isinstance(frame, dict) else None
    if not isinstance(people, list):
        raise ValueError("JSON files that are no OpenPose frame")
    if len(people) > MAX_PEOPLE:
        raise ValueError(f"frames with more than {MAX_PEOPLE} people")
    return [
        person.get("pose_keypoints_2d", person.get("pose_keypoints"))
        if isinstance(person, dict)
        else None
        for person in people
    ]


def _loads_leniently(content: bytes) -> Any:
    """Python's own reader takes NaN and Infinity, which other writers leave in."""
    if b"NaN" in content or b"Infinity" in content:
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            pass
    raise ValueError("truncated or damaged JSON files")


def _read_people(
    number: int, path: str, digest: FrameDigest, problems: Counter[str]
) -> list[Sequence[float]] | None:
    """Keypoint lists of one file, or None if it is no readable frame."""
    try:
        content = read_bytes(path)
        digest.add_frame(number, content)
        people = parse_people(content)
    except OSError:
        digest.add_frame(number, b"")
        problems["directories or unreadable files named .json"] += 1
        return None
    except ValueError as error:
        problems[str(error)] += 1
        return None
    usable: list[Sequence[float]] = [
        person for person in people if isinstance(person, list) and person
    ]
    if len(usable) < len(people):
        problems["people without keypoints"] += len(people) - len(usable)
    return usable


def _as_arrays(
    values: list[Sequence[float]],
    frame: list[int],
    is_read: NDArray[np.bool_],
    problems: Counter[str],
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Keep the people with the usual number of points; mark unseen joints as NaN."""
    lengths = Counter(map(len, values))
    if not lengths:
        if not is_read.any():
            worst = max(problems, key=problems.__getitem__, default="")
            raise UnreadableRecordingError(Reason.FRAMES_BROKEN, f"mostly {worst}")
        raise UnreadableRecordingError(Reason.NOBODY)
    known = {n: count for n, count in lengths.items() if n % 3 == 0 and layout_of(n // 3)}
    if not known:
        usual = lengths.most_common(1)[0][0]
        raise UnreadableRecordingError(Reason.UNKNOWN_LAYOUT, name_points(usual / 3))
    usual = max(known, key=lambda n: (known[n], n))
    kept = [position for position, person in enumerate(values) if len(person) == usual]
    if len(kept) < len(values):
        problems["people with another number of points"] += len(values) - len(kept)
    points, is_good = _to_numbers([values[position] for position in kept])
    if not is_good.all():
        problems["people with keypoints that are no numbers"] += int((~is_good).sum())
    frames = np.asarray([frame[position] for position in kept], dtype=np.int64)[is_good]
    points = points[is_good].reshape(-1, usual // 3, 3)
    if not len(points):
        raise UnreadableRecordingError(Reason.NOBODY)
    return mark_unseen(points), frames


def name_points(n_points: float) -> str:
    """What so many points of a person are, for a message."""
    what = _PARTS_OF_BODY.get(int(n_points), "")
    return f"{n_points:g} points for a person" + (f": {what}" if what else "")


def _to_numbers(
    people: Sequence[Sequence[float]],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    try:
        return np.asarray(people, dtype=np.float64), np.ones(len(people), dtype=np.bool_)
    except (TypeError, ValueError, OverflowError):
        pass
    numbers = np.full((len(people), len(people[0])), np.nan)
    is_good = np.zeros(len(people), dtype=np.bool_)
    for position, person in enumerate(people):
        try:
            numbers[position] = np.asarray(person, dtype=np.float64)
            is_good[position] = True
        except (TypeError, ValueError, OverflowError):
            continue
    return numbers, is_good


def mark_unseen(points: NDArray[np.float64]) -> NDArray[np.float32]:
    """Make unseen joints NaN, NaN, 0: OpenPose writes them as 0, 0, 0.

    Args:
        points: (N, P, 3) of x, y, confidence.

    Returns:
        float32 of the same shape; confidence is cut to 0 to 1. A joint is unseen if its confidence
        is 0, it lies at exactly (0, 0), or one of the numbers is no number or absurdly large.
    """
    with np.errstate(over="ignore"):
        points = points.astype(np.float32)
    x, y, confidence = points[..., 0], points[..., 1], points[..., 2]
    is_seen = (
        np.isfinite(points).all(axis=-1)
        & (confidence > MIN_CONFIDENCE)
        & ((x != 0) | (y != 0))
        & (np.abs(points[..., :2]) < MAX_PIXELS).all(axis=-1)
    )
    marked: NDArray[np.float32] = np.where(is_seen[..., None], points, np.float32(np.nan))
    marked[..., 2] = np.where(is_seen, np.clip(confidence, 0, 1), 0)
    return marked
