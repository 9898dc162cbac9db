"""The index of a recording store: what each of its files is, and from what it was made."""

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from pdla.data.files import replacing
from pdla.data.intake.parsing import ParseResult
from pdla.data.intake.pseudonyms import Pseudonyms
from pdla.data.openpose.quality_facts import Facts
from pdla.data.reasons import Finding, Reason

VERSION: Final = 6  # raise it whenever the same files would be parsed into other keypoints
INDEX: Final = "index.json"
_FACTS: Final = {fact.name for fact in fields(Facts)}
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoreEntry:
    """What the index says of one video: it was read, or there is a problem.

    Attributes:
        content: Digest of the input files; empty if it could not be read.
        stamp: Digest of their names, sizes and times; empty if it must be tried again.
        recipe: Options that it was read with.
        sha256: Of the keypoints.
        fps: Frames a second.
        frame_size: (H, W) in px.
        facts: What was measured.
        problem: Why it could not be read.
    """

    content: str
    stamp: str = ""
    recipe: str = ""
    sha256: str = ""
    fps: float = 0.0
    frame_size: tuple[int, int] = (0, 0)
    facts: Facts | None = None
    problem: Finding | None = None

    @classmethod
    def of(cls, result: ParseResult) -> "StoreEntry":
        """Entry of a video that was parsed, without stamp and recipe."""
        if result.facts is None:
            return cls("", problem=result.problem or Finding(Reason.UNEXPECTED_CONTENT))
        return cls(
            result.content,
            sha256=result.sha256,
            fps=result.fps,
            frame_size=result.frame_size,
            facts=result.facts,
        )

    def made_from(self, stamp: str, recipe: str) -> "StoreEntry":
        """The same, with what it was made from and how."""
        return replace(self, stamp=stamp, recipe=recipe)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        made = {"content": self.content, "stamp": self.stamp, "recipe": self.recipe}
        if self.problem:
            return {**made, "reason": self.problem.reason.code, "detail": self.problem.detail}
        return {
            **made,
            "sha256": self.sha256,
            "fps": self.fps,
            "frame_size": list(self.frame_size),
            "facts": self.facts.to_json() if self.facts else None,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "StoreEntry":
        """Read plain values.

        Raises:
            KeyError, TypeError, ValueError: If they are not those of an entry.
        """
        made = cls(str(values["content"]), str(values["stamp"]), str(values["recipe"]))
        if "reason" in values:
            problem = Finding(Reason.from_code(values["reason"]), str(values["detail"]))
            return replace(made, problem=problem)
        height, width = values["frame_size"]
        if set(values["facts"]) != _FACTS:
            raise ValueError("facts of another version")
        return replace(
            made,
            sha256=str(values["sha256"]),
            fps=float(values["fps"]),
            frame_size=(int(height), int(width)),
            facts=Facts.from_json(values["facts"]),
        )


Index = dict[str, StoreEntry]


def read_index(root: Path, pseudonyms: Pseudonyms) -> Index:
    """Read the index of a store.

    An entry whose digest does not fit is left out, so that the video is read again. Nobody can
    write one that fits without the secret.

    Returns:
        An empty index if the file is missing, damaged or of another version.
    """
    try:
        content = json.loads((root / INDEX).read_bytes())
        listed = content["videos"].items() if content["version"] == VERSION else ()
        index = {
            name: StoreEntry.from_json(values["entry"])
            for name, values in listed
            if values["digest"] == _digest(name, values["entry"], pseudonyms)
        }
    except FileNotFoundError:
        return {}
    except (AttributeError, KeyError, OSError, RecursionError, TypeError, ValueError):
        _log.warning("%s: the index is damaged; the store is built again", root)
        return {}
    if len(index) < len(listed):
        n_changed = len(listed) - len(index)
        _log.warning("%s: %d entries were changed by others; read again", root, n_changed)
    return index


def write_index(root: Path, index: Index, pseudonyms: Pseudonyms) -> None:
    """Write the index whole or not at all."""
    listed = {name: entry.to_json() for name, entry in index.items()}
    videos = {
        name: {"digest": _digest(name, values, pseudonyms), "entry": values}
        for name, values in listed.items()
    }
    with replacing(root / INDEX) as temporary:
        temporary.write_text(json.dumps({"version": VERSION, "videos": videos}))


def is_index(path: Path) -> bool:
    """Whether a file is the index of a store, of whatever version."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, RecursionError, ValueError):
        return False
    return isinstance(content, dict) and set(content) == {"version", "videos"}


def stamp_files(path: Path, pseudonyms: Pseudonyms) -> str:
    """Digest of names, sizes and times of the files of a video; empty if they can't be listed.

    It is keyed, because the names hold patient numbers.
    """
    try:
        names, paths = [""], [str(path)]
        if path.is_dir():
            names = sorted(os.listdir(path))  # noqa: PTH208
            paths = [f"{paths[0]}/{name}" for name in names]
        sizes_and_times = np.asarray([value for one in paths for value in _size_and_time(one)])
    except OSError:
        return ""
    return pseudonyms.digest("files", "\n".join(names) + sizes_and_times.tobytes().hex())


def _digest(name: str, entry: Mapping[str, Any], pseudonyms: Pseudonyms) -> str:
    return pseudonyms.digest("entry", name + json.dumps(entry, sort_keys=True))


def _size_and_time(path: str) -> tuple[int, int]:
    try:
        info = os.stat(path)  # noqa: PTH116 - Path takes twice as long
    except OSError:  # a link to nowhere
        return -1, -1
    return info.st_size, info.st_mtime_ns
