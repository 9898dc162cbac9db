"""One video: its files are read and its keypoints written, whatever is wrong with it.

Every process that parses imports this module, so it must be quick to import.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pdla.data.files import replacing
from pdla.data.openpose import OpenPoseOptions, read_recording
from pdla.data.openpose.frame_files import UnreadableRecordingError, hash_files
from pdla.data.openpose.quality_facts import Facts
from pdla.data.reasons import Finding, Reason


@dataclass(frozen=True)
class ParseTask:
    """One video to parse.

    Attributes:
        video_id: Pseudonym.
        path: The folder or file; never shown.
        target: Where the keypoints go.
        options: How to read them.
        known_content: Digest of the content that `target` was parsed from; the video is not parsed
            again if it is still the same. Empty if there is none.
    """

    video_id: str
    path: Path = field(repr=False)
    target: Path
    options: OpenPoseOptions
    known_content: str = ""


@dataclass(frozen=True)
class ParseResult:
    """What came out; `facts` is None if the video cannot be used.

    Attributes:
        video_id: Pseudonym.
        content: Digest of the input files.
        sha256: Of the keypoints.
        fps: Frames a second.
        frame_size: (H, W) in px.
        facts: What was measured.
        problem: Why the video cannot be used.
        is_unchanged: Whether the content was the known one, so that nothing was written.
        is_transient: Whether another try may go better.
    """

    video_id: str
    content: str = ""
    sha256: str = ""
    fps: float = 0.0
    frame_size: tuple[int, int] = (0, 0)
    facts: Facts | None = None
    problem: Finding | None = None
    is_unchanged: bool = False
    is_transient: bool = False


def parse_one(task: ParseTask) -> ParseResult:
    """Parse one video and write its keypoints; whatever is wrong with it ends in the result."""
    try:
        known = task.known_content
        if known and hash_files(task.path, task.options.max_pause_frames) == known:
            return ParseResult(task.video_id, known, is_unchanged=True)
        parsed = read_recording(task.path, task.options)
        _write_array(task.target, parsed.keypoints)
    except UnreadableRecordingError as error:
        return ParseResult(task.video_id, problem=Finding(error.reason, error.detail))
    except OSError as error:
        problem = Finding(Reason.FOLDER_NOT_OPENED, type(error).__name__)
        return ParseResult(task.video_id, problem=problem, is_transient=True)
    except (ArithmeticError, LookupError, MemoryError, TypeError, ValueError) as error:
        problem = Finding(Reason.UNEXPECTED_CONTENT, type(error).__name__)
        return ParseResult(task.video_id, problem=problem)
    return ParseResult(
        task.video_id, parsed.content, hash_keypoints(parsed.keypoints), parsed.fps,
        parsed.frame_size, parsed.facts,
    )  # fmt: skip


def hash_keypoints(keypoints: NDArray[np.float32]) -> str:
    """SHA-256 of (T, 25, 3) keypoints and their shape."""
    digest = sha256(str(keypoints.shape).encode())
    digest.update(np.ascontiguousarray(keypoints, dtype="<f4").data)
    return digest.hexdigest()


def _write_array(target: Path, keypoints: NDArray[np.float32]) -> None:
    with replacing(target) as temporary:
        np.save(temporary, keypoints)
