"""Which files of a folder are the frames of its video, in which order."""

import os
from collections import Counter
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Final

from pdla.data.openpose.formats import OTHER_SUFFIXES, WHOLE_FILES, named_by_suffix
from pdla.data.reasons import Reason

MAX_FRAME_BYTES: Final = 4 * 2**20  # a person with face and hands is 20 kB
MAX_DIGITS: Final = 18
MAX_WHOLE_FILES: Final = 3  # more JSON files in a folder are frames
_READ_BYTES: Final = 2**16
_DIGITS: Final = "0123456789"


class UnreadableRecordingError(ValueError):
    """One video cannot be used; the others go on.

    Attributes:
        reason: Why.
        detail: What was special here; never a name of a file.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        """Keep reason and detail apart, so that reasons can be counted."""
        super().__init__(f"{reason.text} ({detail})" if detail else reason.text)
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type, tuple[Reason, str]]:
        """Cross a process border whole."""
        return type(self), (self.reason, self.detail)


def find_whole_file(path: Path) -> Path | None:
    """The one file with a whole video, or None if the folder has a file for each frame.

    Args:
        path: A file, or the folder of a video.

    Raises:
        UnreadableRecordingError: If several files could be it, or all are of a kind that is not
            read.
    """
    if path.is_file():
        _refuse_suffix(path.name)
        return path
    tables, jsons, others = [], [], []
    with os.scandir(path) as entries:
        for entry in entries:
            suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 - Path is slow
            if suffix == ".json":
                jsons.append(entry)
            elif suffix in WHOLE_FILES:
                tables.append(entry)
            elif suffix in OTHER_SUFFIXES:
                others.append(entry)
            if len(jsons) > MAX_WHOLE_FILES:
                return None
    found = [entry for entry in (*tables, *jsons) if _is_file(entry)]
    if any(_is_frame(entry) for entry in jsons):
        return None
    if len(found) > 1:
        telling = [entry for entry in found if "pose" in entry.name or "keypoint" in entry.name]
        found = telling if len(telling) == 1 else found
    if len(found) > 1:
        raise UnreadableRecordingError(Reason.SEVERAL_FILES, f"{len(found)} files")
    if not found and others:
        _refuse_suffix(others[0].name)
    return Path(found[0].path) if found else None


def _refuse_suffix(name: str) -> None:
    known = named_by_suffix(os.path.splitext(name)[1])  # noqa: PTH122
    if known is not None:
        raise UnreadableRecordingError(Reason.OTHER_FORMAT, known.message)


def _is_frame(entry: os.DirEntry[str]) -> bool:
    """Whether a JSON file is one frame of OpenPose: its number is in its name, people within."""
    return _is_file(entry) and is_single_frame(entry.path)


def is_single_frame(path: str) -> bool:
    """Whether a JSON file begins like one frame of OpenPose."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            head = file.read(200).lstrip(b"\xef\xbb\xbf \t\r\n")
    except OSError:
        return False
    return head.startswith(b"{") and b'"people"' in head and b'"frames"' not in head


def list_frames(folder: Path, max_gap_frames: int) -> tuple[list[tuple[int, str]], Counter[str]]:
    """Find the frames of a video.

    Frames are ordered by their number, not by name. Of several series of names the longest is
    taken, and of the runs between gaps of more than `max_gap_frames` numbers the longest.

    Args:
        folder: With one JSON file for each frame.
        max_gap_frames: A longer gap in the numbers is the border to another video.

    Returns:
        (frame number, path) in order, and what else there is, in words, with how often.
    """
    problems: Counter[str] = Counter()
    series: dict[str, list[tuple[int, str]]] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.lower().endswith(".json"):
                problems["other files passed over"] += 1
                continue
            name, number = split_frame_name(entry.name)
            if number is None:
                problems["JSON files without a frame number"] += 1
            elif not _is_file(entry):
                problems["directories or unreadable files named .json"] += 1
            else:
                series.setdefault(name, []).append((number, entry.path))
    if not series:
        return [], problems
    longest = max(series, key=lambda name: (len(series[name]), name))
    n_foreign = sum(map(len, series.values())) - len(series[longest])
    if n_foreign:
        problems["JSON files of another video"] += n_foreign
    numbered = dict(sorted(series[longest], reverse=True))
    n_doubles = len(series[longest]) - len(numbered)
    if n_doubles:
        problems["frame numbers that are there twice"] += n_doubles
    return _longest_run(sorted(numbered.items()), max_gap_frames, problems), problems


def split_frame_name(name: str) -> tuple[str, int | None]:
    """Split a file name such as `a_000012_keypoints.json` or `cam01.0012.json`.

    Returns:
        What stands before the frame number, and the number; None if there is none.
    """
    stem = name[: -len(".json")]
    if stem[-9:].lower() == "keypoints":
        stem = stem[:-9].rstrip(" _.-")
    start = stem.rstrip(_DIGITS)
    digits = stem[len(start) :]
    return start, int(digits) if 0 < len(digits) <= MAX_DIGITS else None


def read_bytes(path: str) -> bytes:
    """Content of a file, or as much of it as a frame can have and one byte more."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        content = os.read(descriptor, _READ_BYTES)
        while len(content) % _READ_BYTES == 0 and len(content) <= MAX_FRAME_BYTES:
            more = os.read(descriptor, _READ_BYTES)
            if not more:
                break
            content += more
    finally:
        os.close(descriptor)
    return content


def hash_files(path: Path, max_gap_frames: int) -> str:
    """Digest of the content of a video, the same that `FrameDigest` has after it was parsed."""
    digest = FrameDigest()
    try:
        whole_file = find_whole_file(path)
    except UnreadableRecordingError:
        return ""
    if whole_file is not None:
        digest.add_frame(0, whole_file.read_bytes())
        return digest.hexdigest()
    files, problems = list_frames(path, max_gap_frames)
    digest.add_problems(problems)
    for number, file_path in files:
        try:
            digest.add_frame(number, read_bytes(file_path))
        except OSError:
            digest.add_frame(number, b"")
    return digest.hexdigest()


class FrameDigest:
    """SHA-256 over frame numbers and content; names are left out, they hold patient numbers."""

    def __init__(self) -> None:
        """Start empty."""
        self._sha = sha256()

    def add_problems(self, problems: Counter[str]) -> None:
        """Add what else lies in the folder, so that a report of it cannot grow old."""
        self._sha.update(repr(sorted(problems.items())).encode())

    def add_frame(self, number: int, content: bytes) -> None:
        """Add one frame."""
        self._sha.update(b"%d:%d:" % (number, len(content)))
        self._sha.update(content)

    def hexdigest(self) -> str:
        """64 hexadecimal digits."""
        return self._sha.hexdigest()


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
