"""Parses many videos at once, in several processes, and shows how far it is."""

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from time import monotonic
from typing import Final

from rich.progress import TextColumn

from pdla.data.intake.parsing import ParseResult, ParseTask, parse_one
from pdla.data.processes import FreshProcesses
from pdla.data.progress import show_progress

# Starting a process costs about a second, as much as parsing ten short videos.
MIN_VIDEOS_FOR_PROCESSES: Final = 12


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


def _parse_parallel(tasks: Sequence[ParseTask], workers: int) -> Iterator[ParseResult]:
    waiting = iter(tasks)
    running: set[Future[ParseResult]] = set()
    try:
        with FreshProcesses(workers) as pool:
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
