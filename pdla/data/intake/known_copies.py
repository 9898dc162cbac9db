"""What is known of copies among the recordings of one input folder, kept beside their store."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pdla.data.files import replacing
from pdla.data.intake.pseudonyms import Pseudonyms
from pdla.data.recordings import Recording

VERSION: Final = 1  # raise it whenever the same recordings would be compared in another way


@dataclass(frozen=True)
class KnownCopies:
    """Recordings that were compared with each other, by `recording_key`.

    Attributes:
        poses: Of each recording the median pose, by which it is decided what to compare it with.
        copies: Pairs that are one recording.
    """

    poses: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    copies: frozenset[tuple[str, str]] = frozenset()


def recording_key(recording: Recording) -> str:
    """All that a comparison depends on: digest of the keypoints, frame rate and frame size."""
    height, width = recording.frame_size
    return f"{recording.sha256} {recording.fps!r} {height} {width}"


def read_known_copies(path: Path, pseudonyms: Pseudonyms) -> KnownCopies:
    """Read what was written by `write_known_copies`.

    Returns:
        Nothing if the file is missing, damaged, of another version or changed by others; then all
        recordings are compared again.
    """
    try:
        content = json.loads(path.read_bytes())
        text = content["known"]
        if content["version"] != VERSION or content["digest"] != pseudonyms.digest("copies", text):
            return KnownCopies()
        known = json.loads(text)
        return KnownCopies(
            {key: tuple(pose) for key, pose in known["poses"].items()},
            frozenset((one, other) for one, other in known["copies"]),
        )
    except (AttributeError, KeyError, OSError, RecursionError, TypeError, ValueError):
        return KnownCopies()


def write_known_copies(path: Path, known: KnownCopies, pseudonyms: Pseudonyms) -> None:
    """Write the file whole or not at all; its digest needs the secret of the store."""
    text = json.dumps({"poses": known.poses, "copies": sorted(known.copies)})
    content = {"version": VERSION, "digest": pseudonyms.digest("copies", text), "known": text}
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content))
