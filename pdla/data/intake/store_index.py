"""The index of a recording store: what each of its files is, and from what it was made."""

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from pdla.data.files import write_text
from pdla.data.intake.parsing import ParseResult
from pdla.data.intake.pseudonyms import Pseudonyms
from pdla.data.openpose.quality_facts import Facts
from pdla.data.reasons import Finding, Reason

VERSION: Final = 4  # raise it whenever the same files would be parsed into other keypoints
_NEEDED: Final = {"stamp", "recipe", "content"}
_NEEDED_IF_READ: Final = {"sha256", "fps", "frame_size", "facts"}
_FACTS: Final = {fact.name for fact in fields(Facts)}
_log = logging.getLogger(__name__)

Index = dict[str, dict[str, Any]]


def read_index(root: Path) -> Index:
    """Read the index of a store; an empty one if it is missing, damaged or of another version."""
    try:
        index = json.loads((root / "index.json").read_bytes())
        entries = index["videos"].items() if index["version"] == VERSION else ()
        return {name: entry for name, entry in entries if _is_entry(entry)}
    except FileNotFoundError:
        return {}
    except (AttributeError, KeyError, OSError, RecursionError, TypeError, ValueError):
        _log.warning("%s: the index is damaged; the store is built again", root)
        return {}


def write_index(root: Path, index: Index) -> None:
    """Write the index whole or not at all."""
    write_text(root / "index.json", json.dumps({"version": VERSION, "videos": index}))


def index_entry(result: ParseResult) -> dict[str, Any]:
    """Entry of a video that was parsed, without stamp and recipe."""
    if result.facts is None:
        problem = result.problem or Finding(Reason.UNEXPECTED_CONTENT)
        return {"reason": problem.reason.code, "detail": problem.detail, "content": ""}
    return {
        "sha256": result.sha256,
        "content": result.content,
        "fps": result.fps,
        "frame_size": list(result.frame_size),
        "facts": result.facts.to_json(),
    }


def stamp_files(path: Path, pseudonyms: Pseudonyms) -> str:
    """Digest of names, sizes and times of the files of a video; empty if they can't be listed.

    It is keyed, because the names hold patient numbers.
    """
    try:
        names = sorted(os.listdir(path)) if path.is_dir() else [""]  # noqa: PTH208
        sizes_and_times = np.asarray([_size_and_time(f"{path}/{name}") for name in names])
    except OSError:
        return ""
    return pseudonyms.digest("files", "\n".join(names) + sizes_and_times.tobytes().hex())


def _size_and_time(path: str) -> tuple[int, int]:
    try:
        info = os.stat(path.rstrip("/"))  # noqa: PTH116 - Path takes twice as long
    except OSError:  # a link to nowhere
        return -1, -1
    return info.st_size, info.st_mtime_ns


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, Mapping) or not set(entry) >= _NEEDED:
        return False
    if "reason" in entry:
        return entry["reason"] in {reason.code for reason in Reason}
    is_complete = set(entry) >= _NEEDED_IF_READ and isinstance(entry["facts"], Mapping)
    return is_complete and set(entry["facts"]) == _FACTS
