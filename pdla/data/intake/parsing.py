"""Parses many videos at once, in several processes, and shows how far it is."""

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from time import monotonic
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.progress import TextColumn

from pdla.data.files import replacing
from pdla.data.openpose import OpenPoseOptions, read_recording
from pdla.data.openpose.frame_files import UnreadableRecordingError, hash_files
from pdla.data.openpose.quality_facts import Facts
from pdla.data.progress import show_progress
from pdla.data.reasons import Finding, Reason

# Starting a process costs about a second, as much as parsing ten short videos.
MIN_VIDEOS_FOR_PROCESSES: Final = 12


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


def parse_all(tasks: Sequence[ParseTask], workers: int) -> Iterator[ParseResult]:
    """Parse videos and yield each as it is done, in any order; a bar on stderr shows progress.

    Raises:
        ValueError: If a worker process was killed, which mostly means that memory ran out.
    """
    if not tasks:
        return
    is_small = len(tasks) < MIN_VIDEOS_FOR_PROCESSES
    results = map(parse_one, tasks) if workers < 2 or is_small else _parse_parallel(tasks, workers)
    yield from _show_progress(results, len(tasks))


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


def _parse_parallel(tasks: Sequence[ParseTask], workers: int) -> Iterator[ParseResult]:
    waiting = iter(tasks)
    running: set[Future[ParseResult]] = set()
    try:
        # Fresh processes: a fork of one in which torch runs threads can hang.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            for task in waiting:
                running.add(pool.submit(parse_one, task))
                if len(running) >= 4 * workers:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
    except BrokenProcessPool:
        raise ValueError(
            "a process that reads videos was killed; if memory ran out, set recordings.workers=1"
        ) from None


def _show_progress(results: Iterator[ParseResult], total: int) -> Iterator[ParseResult]:
    with show_progress("videos", TextColumn("{task.fields[speed]}"), transient=True) as progress:
        bar = progress.add_task("Reading keypoints", total=total, speed="")
        started, n_frames = monotonic(), 0
        for result in results:
            n_frames += result.facts.n_frames if result.facts else 0
            speed = n_frames / max(monotonic() - started, 1e-3)
            progress.update(bar, advance=1, speed=f"{speed:,.0f} frames/s")
            yield result
