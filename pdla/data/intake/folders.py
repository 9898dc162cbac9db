"""Folders of keypoints, and the video ids in their names."""

import os
import unicodedata
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from pydantic import dataclasses as checked

from pdla.data.checked_options import CHECKED
from pdla.data.intake.sheets import mask_numbers
from pdla.data.openpose.formats import OTHER_SUFFIXES, WHOLE_FILES
from pdla.data.openpose.pose_file import holds_video
from pdla.data.openpose.pose_rows import decode

SAMPLE_FILES: Final = 1000  # a folder with so many other files and no JSON is no OpenPose folder
HEADER_BYTES: Final = 2000
SUFFIXES: Final = (*WHOLE_FILES, *OTHER_SUFFIXES)


@checked.dataclass(frozen=True, config=CHECKED)
class FolderOptions:
    """How folder names become video ids.

    Attributes:
        prefix: Taken off the front of a folder name where it stands there.
        suffix: Taken off its end where it stands there.
        ignore_case: Whether ABC and abc are the same id.
    """

    prefix: str = "CV"
    suffix: str = "Json"
    ignore_case: bool = True

    def key(self, name: str) -> str:
        """Id for comparison: one form of each character, no outer spaces, prefix and suffix off."""
        text = unicodedata.normalize("NFKC", name).strip()
        return text.casefold() if self.ignore_case else text

    def clinic_id(self, folder: str) -> str:
        """Id in a folder name, without prefix and suffix."""
        text = unicodedata.normalize("NFKC", folder).strip()
        key, prefix, suffix = self.key(text), self.key(self.prefix), self.key(self.suffix)
        start = len(prefix) if prefix and key.startswith(prefix) else 0
        end = len(suffix) if suffix and key.endswith(suffix) else 0
        inner = text[start : len(text) - end].strip()
        return inner or text


@dataclass(frozen=True)
class VideoFolder:
    """One folder (or one csv or json file) with the keypoints of one video.

    Attributes:
        path: Where it is; holds a patient number, so it is never shown.
        clinic_id: The clinic's id.
        position: Its place among all by name, counted from 1: how a person can find it.
    """

    path: Path = field(repr=False)
    clinic_id: str = field(repr=False)
    position: int


def find_folders(videos: Path, options: FolderOptions) -> tuple[list[VideoFolder], int]:
    """Find the OpenPose folders in a directory, by name, and count what else lies there.

    Args:
        videos: The directory; the folder or file of a single video is found as one.
        options: How names become ids.

    Raises:
        OSError: If there is no such directory.
        ValueError: If nothing in it holds keypoints; says what to give instead.
    """
    if videos.is_file() and holds_video(videos):
        return [VideoFolder(videos, options.clinic_id(videos.stem), 1)], 0
    if videos.is_file():
        raise NotADirectoryError(
            f"{videos}: is a file, but no pose file; give a folder with one folder or pose file "
            "for each video (docs/pose_formats.md)"
        )
    if not videos.is_dir():
        raise FileNotFoundError(f"{videos}: no such folder of videos")
    names: list[tuple[Path, str]] = []
    n_others = 0
    for entry in _entries(videos):
        path = Path(entry.path)
        if _holds_keypoints(entry):
            names.append((path, entry.name))
        elif path.is_file() and holds_video(path):
            names.append((path, path.stem))
        else:
            n_others += not entry.name.startswith(".")
    if not names and _is_one_video(videos):
        return [VideoFolder(videos, options.clinic_id(videos.resolve().name), 1)], 0
    if not names:
        raise ValueError(f"{videos}: {_why_nothing(videos)}")
    folders = [
        VideoFolder(path, options.clinic_id(name), position)
        for position, (path, name) in enumerate(names, start=1)
    ]
    return folders, n_others


def _is_one_video(folder: Path) -> bool:
    """Whether a folder holds the frames of a single video."""
    frames = (entry.name.lower().endswith("_keypoints.json") for entry in _entries(folder))
    return sum(frames) > 1


def _entries(folder: Path | str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir() and not entry.name.startswith(".")
    except OSError:  # a loop of links
        return False


def _holds_keypoints(folder: os.DirEntry[str]) -> bool:
    """Whether a folder has files in it that a pose estimator may have written."""
    if not _is_folder(folder):
        return False
    try:
        with os.scandir(folder.path) as files:
            return any(
                file.name.lower().endswith(SUFFIXES) and file.is_file()
                for file in islice(files, SAMPLE_FILES)
            )
    except OSError:
        return False


def _why_nothing(videos: Path) -> str:
    """What is wrong with a directory in which no keypoints were found, and what to give instead."""
    entries = _entries(videos)
    if not entries:
        return "the folder is empty; expected one folder of OpenPose JSON files for each video"
    for folder in filter(_is_folder, entries):
        try:
            if any(_holds_keypoints(inner) for inner in _entries(folder.path)):
                return "the video folders lie one folder deeper; give that one"
        except OSError:
            continue
    tables = [entry for entry in entries if entry.name.lower().endswith((".csv", ".tsv"))]
    if tables:
        return (
            f"no OpenPose output here, and no table ({len(tables)} csv) that was understood as "
            "joints of a person; the first "
            f"has the columns {_header(Path(tables[0].path))}; docs/pose_formats.md shows which "
            "names are read"
        )
    return (
        "no OpenPose output here; expected one folder for each video with one JSON file for each "
        "frame, as OpenPose --write_json writes, or one csv or JSON file for each video "
        "(docs/pose_formats.md)"
    )


def _header(path: Path) -> str:
    """The first line of a table, as far as it goes into a message."""
    with path.open("rb") as file:
        lines = decode(file.read(HEADER_BYTES)).splitlines()
    text = mask_numbers(lines[0]) if lines else ""
    return repr(text) if text else "(none)"
