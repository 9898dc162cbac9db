"""Reads one folder of OpenPose JSON, whatever lies in it, into the people of each frame."""

import json
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from pdla.data.layouts import layout_of

MAX_FRAME_BYTES: Final = 4 * 2**20  # a person with face and hands is 20 kB
MAX_PEOPLE: Final = 64
MAX_PIXELS: Final = 1e5
_FRAME_NUMBER: Final = re.compile(
    r"^(.*?)(\d+)(?:[ _.-]?keypoints)?\.json$", re.IGNORECASE | re.DOTALL
)


class UnreadableRecordingError(ValueError):
    """One video cannot be used; the others go on.

    Attributes:
        reason: The same words for every video with this problem.
        detail: What was special here; never a name of a file.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        """Keep reason and detail apart, so that reasons can be counted."""
        super().__init__(f"{reason} ({detail})" if detail else reason)
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        """Cross a process border whole."""
        return type(self), (self.reason, self.detail)


@dataclass(frozen=True)
class DetectedPeople:
    """All people that were found in a video.

    Attributes:
        points: (N, P, 3) float32 of x, y, confidence as in the files; unseen is NaN, NaN, 0.
        frame: (N,) index of the frame of each person on the uniform grid, ascending.
        is_read: (T,) whether a frame has a readable file.
        problems: What was odd, in words, with how often.
    """

    points: NDArray[np.float32]
    frame: NDArray[np.int64]
    is_read: NDArray[np.bool_]
    problems: Mapping[str, int] = field(default_factory=dict)

    @property
    def n_frames(self) -> int:
        """Length of the grid, T."""
        return len(self.is_read)


def read_folder(folder: Path, max_gap_frames: int) -> DetectedPeople:
    """Read the people of all frames of a folder.

    Frames are ordered by their number, not by name. A gap in the numbers keeps its time; one of
    more than `max_gap_frames` ends the video, and the longer part is kept.

    Raises:
        UnreadableRecordingError: If nothing in the folder is a frame of OpenPose.
    """
    problems: Counter[str] = Counter()
    files = _list_frames(folder, problems)
    if not files:
        raise UnreadableRecordingError("the folder holds no OpenPose frames")
    files = _longest_run(files, max_gap_frames, problems)
    first = files[0][0]
    is_read = np.zeros(files[-1][0] - first + 1, dtype=np.bool_)
    values: list[Sequence[float]] = []
    frame: list[int] = []
    for number, path in files:
        people = _read_people(path, problems)
        if people is not None:
            is_read[number - first] = True
            values.extend(people)
            frame.extend([number - first] * len(people))
    n_missing = len(is_read) - len(files)
    if n_missing:
        problems["frame numbers missing"] += n_missing
    return _as_arrays(values, frame, is_read, problems)


def hash_files(path: Path) -> str:
    """SHA-256 over name and content of the keypoint files of a video, in the order of their names.

    The first part of a name is left out: it is the same for all frames and holds a patient number.
    """
    digest = sha256()
    files = sorted(_list_frames(path, Counter())) if path.is_dir() else [(0, str(path))]
    for number, file_path in files:
        try:
            content = _read_bytes(file_path)
        except OSError:
            content = b"unreadable"
        digest.update(f"{number}:{len(content)}:".encode())
        digest.update(content)
    return digest.hexdigest()


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


def _list_frames(folder: Path, problems: Counter[str]) -> list[tuple[int, str]]:
    """(frame number, path) of the JSON files of the video, by number."""
    by_name: dict[str, list[tuple[int, str]]] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.lower().endswith(".json"):
                problems["other files"] += 1
                continue
            match = _FRAME_NUMBER.match(entry.name)
            if match is None or len(match[2]) > 18:
                problems["JSON files without a frame number"] += 1
                continue
            if not _is_file(entry):
                problems["directories or unreadable files named .json"] += 1
                continue
            by_name.setdefault(match[1], []).append((int(match[2]), entry.path))
    if not by_name:
        return []
    name = max(by_name, key=lambda stem: (len(by_name[stem]), stem))
    n_foreign = sum(map(len, by_name.values())) - len(by_name[name])
    if n_foreign:
        problems["JSON files of another video"] += n_foreign
    files = dict(sorted(by_name[name], reverse=True))
    if len(files) < len(by_name[name]):
        problems["frame numbers that are there twice"] += len(by_name[name]) - len(files)
    return sorted(files.items())


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a loop of links
        return False


def _longest_run(
    files: list[tuple[int, str]], max_gap_frames: int, problems: Counter[str]
) -> list[tuple[int, str]]:
    cuts = [
        position
        for position, (before, after) in enumerate(pairwise(files), start=1)
        if after[0] - before[0] > max_gap_frames
    ]
    runs = [files[start:end] for start, end in pairwise([0, *cuts, len(files)])]
    longest = max(runs, key=len)
    if len(longest) < len(files):
        problems["frames far from the others by number"] += len(files) - len(longest)
    return longest


def _read_bytes(path: str) -> bytes:
    """Content of a file, or as much of it as a frame can have."""
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - twice as fast as Path here
        return file.read(MAX_FRAME_BYTES + 1)


def _read_people(path: str, problems: Counter[str]) -> list[Sequence[float]] | None:
    """Keypoint lists of one file, or None if it is no readable frame."""
    try:
        people = parse_people(_read_bytes(path))
    except OSError:
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
) -> DetectedPeople:
    """Keep the people with the usual number of points; mark unseen joints as NaN."""
    lengths = Counter(map(len, values))
    if not lengths:
        if not is_read.any():
            worst = max(problems, key=problems.__getitem__, default="")
            raise UnreadableRecordingError("no frame could be read", f"mostly {worst}")
        raise UnreadableRecordingError("no person was found in any frame")
    known = {n: count for n, count in lengths.items() if n % 3 == 0 and layout_of(n // 3)}
    if not known:
        raise UnreadableRecordingError(
            "unknown layout of keypoints", f"{lengths.most_common(1)[0][0]} numbers for a person"
        )
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
        raise UnreadableRecordingError("no person was found in any frame")
    return DetectedPeople(_mark_unseen(points), frames, is_read, dict(problems))


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


def _mark_unseen(points: NDArray[np.float64]) -> NDArray[np.float32]:
    """Unseen joints become NaN, NaN, 0: OpenPose writes them as 0, 0, 0."""
    x, y, confidence = points[..., 0], points[..., 1], points[..., 2]
    is_seen = (
        np.isfinite(points).all(axis=-1)
        & (confidence > 0)
        & ((x != 0) | (y != 0))
        & (np.abs(points[..., :2]) < MAX_PIXELS).all(axis=-1)
    )
    marked = np.where(is_seen[..., None], points, np.nan).astype(np.float32)
    marked[..., 2] = np.where(is_seen, np.clip(confidence, 0, 1), 0)
    return marked
