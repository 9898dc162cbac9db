"""Making a whole cohort: plan, film and write every video, then put it in place in one step."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

from pdla.data.progress import track
from pdla.data.simulation.cohort import VideoPlan, plan_videos
from pdla.data.simulation.options import SimulationOptions
from pdla.data.simulation.truth import Value, truth_rows
from pdla.data.simulation.video import film
from pdla.data.simulation.writer import (
    frame_json,
    pose_lists,
    write_frames,
    write_label_sheet,
    write_truth,
)

MIN_VIDEOS_FOR_POOL = 100  # below, starting processes costs more than it saves
COHORT_FILES = ("LA", "labels.xls", "truth.csv")


def simulate_cohort(
    out: Path, options: SimulationOptions, *, force: bool = False, workers: int | None = None
) -> None:
    """Write a simulated cohort: `LA/CV<video id>Json/*.json`, `labels.xls`, `truth.csv`.

    Everything is made in a hidden folder beside `out` and renamed at the end, so that a run that
    was stopped leaves no half cohort. Videos are made one at a time: memory does not grow with
    their number.

    Args:
        out: Folder of the cohort; made with its parents.
        options: What to simulate.
        force: Replace a simulated cohort that is already there. Any other folder is never replaced.
        workers: Processes; by default as many as cores from 100 videos on, else none beside this
            one. The bytes written do not depend on it.

    Raises:
        ValueError: If `out` holds anything, unless it is a simulated cohort and `force` is given.
    """
    _check_place(out, force=force)
    plans = plan_videos(options)
    with _in_place_of(out) as partial_out:
        (partial_out / "LA").mkdir(parents=True)
        write_label_sheet(partial_out / "labels.xls", plans)
        made = _make_videos(partial_out / "LA", plans, options, workers)
        rows = chain.from_iterable(track(made, "Simulating", total=len(plans)))
        write_truth(partial_out / "truth.csv", rows)


def make_video(folder: Path, options: SimulationOptions, plan: VideoPlan) -> list[dict[str, Value]]:
    """Film and write one video; returns its rows of truth.csv."""
    footage = film(plan, options)
    stem = f"CV{plan.row.video_id}"
    files = (
        (f"{plan.row.video_id}_{number:012d}_keypoints.json", frame_json([pose]))
        for number, pose in enumerate(pose_lists(footage.keypoints))
    )
    write_frames(folder / f"{stem}Json", files)
    return truth_rows(plan, footage)


def _make_videos(
    folder: Path, plans: list[VideoPlan], options: SimulationOptions, workers: int | None
) -> Iterator[list[dict[str, Value]]]:
    """Make every video, in this process or in several; truth comes in the order of the plans."""
    if workers is None:
        workers = (os.cpu_count() or 1) if len(plans) >= MIN_VIDEOS_FOR_POOL else 1
    make = partial(make_video, folder, options)
    if workers <= 1:
        yield from map(make, plans)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(make, plans, chunksize=4)


def _check_place(out: Path, *, force: bool) -> None:
    """Refuse a place where something would be lost."""
    if not out.exists():
        return
    if not out.is_dir():
        raise ValueError(f"{out}: a file is there; name a folder that is new or empty")
    names = {path.name for path in out.iterdir()}
    if names and not force:
        raise ValueError(f"{out}: not empty; choose another folder or add --force")
    if names and names != set(COHORT_FILES):
        raise ValueError(f"{out}: holds more than a simulated cohort; --force will not delete it")


@contextmanager
def _in_place_of(out: Path) -> Iterator[Path]:
    """A hidden folder beside `out` that takes its place if all goes well and else is removed."""
    out = out.absolute()
    fresh = out.with_name(f".{out.name}.new-{os.getpid()}")
    old = out.with_name(f".{out.name}.old-{os.getpid()}")
    try:
        yield fresh
        if out.exists():
            out.rename(old)
        fresh.rename(out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        if old.exists() and not out.exists():
            old.rename(out)
        shutil.rmtree(old, ignore_errors=True)
