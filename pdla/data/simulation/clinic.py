"""Making a whole cohort: plan, film and write every video, then put it in place in one step."""

import json
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

from pdla.data.files import write_json
from pdla.data.processes import FreshProcesses
from pdla.data.progress import track
from pdla.data.simulation.cohort import VideoPlan, plan_videos
from pdla.data.simulation.file_traps import FILE_TRAPS
from pdla.data.simulation.framings import FRAMINGS
from pdla.data.simulation.options import MAX_VIDEOS, SimulationOptions, place_traps
from pdla.data.simulation.randomness import stream
from pdla.data.simulation.scene import scene_files, start_scene
from pdla.data.simulation.traps import PEOPLE_TRAPS, TrapContext
from pdla.data.simulation.truth import Value, truth_rows
from pdla.data.simulation.video import Footage, film
from pdla.data.simulation.writer import write_frames, write_label_sheet, write_strays, write_truth

log = logging.getLogger(__name__)

MIN_VIDEOS_FOR_POOL = 100  # below, starting processes costs more than it saves
MAX_WORKERS = 32  # more wait for the disk
OPTIONS_FILE = "simulation.json"
# In this order: who is seen, how the phone is held, in which layout, in which files.
TRAPS = {**PEOPLE_TRAPS, **FRAMINGS, **FILE_TRAPS}
COHORT_FILES = ("LA", "labels.xls", "truth.csv", OPTIONS_FILE)


def simulate_cohort(
    out: Path, options: SimulationOptions, *, force: bool = False, workers: int | None = None
) -> None:
    """Write a cohort: `LA/CV<id>Json/*.json`, `labels.xls`, `truth.csv`, `simulation.json`.

    Everything is made in a hidden folder beside `out` and renamed at the end, so that a run that
    was stopped leaves no half cohort. Videos are made one at a time: memory does not grow with
    their number.

    Args:
        out: Folder of the cohort; made with its parents.
        options: What to simulate.
        force: Replace a simulated cohort that is already there. Any other folder is never replaced.
        workers: Processes; by default one per core from 100 videos on, else none beside this
            one. The bytes written do not depend on it.

    Raises:
        ValueError: If `out` holds anything, unless it is a simulated cohort and `force` is given.
    """
    _check_place(out, force=force)
    traps = place_traps(options.videos, options.trap_rates, options.seed)
    plans = [
        replace(plan, traps=names) for plan, names in zip(plan_videos(options), traps, strict=True)
    ]
    with _in_place_of(out) as partial_out:
        (partial_out / "LA").mkdir(parents=True)
        labelled = [plan for plan in plans if "unlabelled_video" not in plan.traps]
        write_label_sheet(partial_out / "labels.xls", labelled, options.n_raters)
        made = _make_videos(partial_out / "LA", plans, options, workers)
        write_json(partial_out / OPTIONS_FILE, options.as_record())
        rows = chain.from_iterable(track(made, "Simulating", total=len(plans)))
        write_truth(partial_out / "truth.csv", rows)


def simulate_once(out: Path, options: SimulationOptions) -> None:
    """Write a simulated clinic unless it is there already.

    Raises:
        ValueError: If the folder holds something else.
    """
    if out.exists():
        check_same_simulation(out, options)
        return
    log.info("%s is not there yet: writing a simulated clinic", out)
    simulate_cohort(out, options)


def check_same_simulation(out: Path, options: SimulationOptions) -> None:
    """Refuse to take a simulated cohort for another one.

    Raises:
        ValueError: If the cohort in `out` was made with other options; names the first of them.
    """
    path = out / OPTIONS_FILE
    known = json.loads(path.read_text()) if path.is_file() else {}
    known = {"variety": "clinic", "raters": "clinic", "n_raters": 1} | known  # before the choice
    for name, asked in options.as_record().items():
        if known.get(name) != asked:
            raise ValueError(
                f"{out}: was simulated with {name}={known.get(name)}, not {asked}. Choose another "
                f"folder (recordings.videos, labels, store), or `pdla simulate {out} --force ...`"
            )


def make_video(folder: Path, options: SimulationOptions, plan: VideoPlan) -> list[dict[str, Value]]:
    """Film and write one video; returns its rows of truth.csv."""
    footage = film(plan, options)
    scene = start_scene(footage.keypoints.copy(), options.frame_size)
    details = {
        name: trap(scene, _trap_context(name, footage, plan, options))
        for name, trap in TRAPS.items()
        if name in plan.traps
    }
    if "label_without_video" not in plan.traps:
        clinic_id = plan.row.clinic_id
        video_folder = folder / scene.folder_name.format(id=clinic_id)
        write_frames(video_folder, scene_files(scene, clinic_id))
        write_strays(video_folder, scene.strays)
    return truth_rows(plan, footage, scene, details)


def _trap_context(
    name: str, footage: Footage, plan: VideoPlan, options: SimulationOptions
) -> TrapContext:
    """What a trap may know; its chance does not depend on the other traps."""
    if name in FRAMINGS:
        rng = stream(options.seed, "framings", plan.index)
    else:
        numbers = (*PEOPLE_TRAPS, *FILE_TRAPS)
        rng = stream(options.seed, "traps", plan.index * len(numbers) + numbers.index(name))
    stranger = replace(
        plan,
        index=plan.index + MAX_VIDEOS,
        row=replace(plan.row, person=plan.row.person + 100 * MAX_VIDEOS),
    )
    return TrapContext(
        rng=rng,
        fps=options.fps,
        camera=footage.camera,
        stale=lambda: film(stranger, options).keypoints,
        is_mild=options.traps in ("clinic", "wide"),
    )


def _make_videos(
    folder: Path, plans: list[VideoPlan], options: SimulationOptions, workers: int | None
) -> Iterator[list[dict[str, Value]]]:
    """Make every video, in this process or in several; truth comes in the order of the plans."""
    if workers is None:
        workers = min(os.cpu_count() or 1, MAX_WORKERS) if len(plans) >= MIN_VIDEOS_FOR_POOL else 1
    make = partial(make_video, folder, options)
    if workers <= 1:
        yield from map(make, plans)
        return
    with FreshProcesses(workers) as pool:
        yield from pool.map(make, plans, chunksize=4)


def _check_place(out: Path, *, force: bool) -> None:
    """Refuse a place where something would be lost."""
    if not out.exists():
        place = next(path for path in out.absolute().parents if path.exists())
        if not place.is_dir():
            raise NotADirectoryError(f"{out}: {place} is a file; name another folder")
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
    out = out.resolve()
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
