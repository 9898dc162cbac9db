"""`make bench`: seconds of what a user waits for, kept in benchmarks.json and the docs.

Run it by `python -m tests.benchmarks.goals [--only NAME] [--out benchmarks.json] [--docs FILE]`.

Each row is a command of its own process, as a user starts it, in a folder of its own; the simulated
clinic and its store are made before and not counted. On a machine that does other work as well, CPU
seconds are the fair clock: divided by the number of cores they bound the wall time from below.
"""

import argparse
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import pandas as pd

from tests.fixtures.benchmarks import Place, Row, as_markdown, write_docs
from tests.fixtures.places import ROOT

PLAIN: Final = "review.pictures=false"


def first_run(place: Place) -> Iterator[Row]:
    """What `make train` runs."""
    yield place.train("make train", 80, "model=r3d", "leg=R")


def kinematic_study(place: Place) -> Iterator[Row]:
    """Five folds in one process, with their pictures and without, and the report."""
    study = ("-m", "model=kinematic", "split.fold=range(5)")
    yield place.train("kinematic, 5 folds", None, *study, "study=kinematic", PLAIN)
    yield place.pdla("its report", None, "report", "runs/kinematic")
    yield place.train("kinematic, 5 folds with pictures", 12, *study, "study=pictures")


def stgcn_fold(place: Place) -> Iterator[Row]:
    """ST-GCN++, both legs, one fold."""
    yield place.train("ST-GCN++ fold", 25, "model=stgcn", "leg=both")


def large_report(place: Place) -> Iterator[Row]:
    """A report of 30 runs and one of 210: time and memory."""
    from tests.benchmarks.bench_report import write_study

    for n_seeds, goal_s in ((1, None), (7, 30)):
        # In a process of its own: the peak of a command is at least that of what starts it.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            folder = place.folder / f"study{n_seeds}"
            study = pool.submit(write_study, folder, 31, ["L", "R"], n_seeds).result()
        n_runs = len(list(study.glob("*/result.json")))
        yield place.pdla(f"report of {n_runs} runs", goal_s, "report", str(study))


def intake(place: Place) -> Iterator[Row]:
    """Reading 62 and 620 videos: ten times as many should take ten times as long."""
    for n_videos in (62, 620):
        clinic = place.folder / f"clinic{n_videos}"
        place.pdla("", None, "simulate", str(clinic), "--videos", str(n_videos))
        yield place.run(
            f"intake of {n_videos} videos", None, str(ROOT / "tests/benchmarks/read_once.py"),
            str(clinic), str(place.folder / f"store{n_videos}"),
        )  # fmt: skip


def scoring(place: Place) -> Iterator[Row]:
    """JSON to csv of 62 new videos, and a page of a patient: with pages less without, per page.

    Goals are 20 times real time, 2 times for a network on drawn clips, and 3 s a page.
    """
    place.pdla("", None, "simulate", "data/new", "--seed", "7")
    for model, speed in (("simulated", 20), ("stgcn", 20), ("r3d", 2)):
        scorer = model
        if model != "simulated":  # how well it is trained changes no time
            short = ("trainer.max_epochs=1", "+trainer.limit_train_batches=1", PLAIN)
            place.train("", None, f"model={model}", "leg=both", f"study={model}", *short)
            scorer = f"runs/{model}"
        plain = score_command(place, scorer, "csv")
        table = pd.read_csv(place.folder / "csv.csv")
        video_s = float(table.drop_duplicates("video_id")["duration_s"].sum())
        name = f"score {video_s / 60:.1f} min of video, {model}"
        yield replace(plain, name=name, goal_s=round(video_s / speed, 1))
        paged = score_command(place, scorer, "html", "--html", "pages")
        n_pages = table["patient"].nunique()
        yield replace(
            paged,
            name=f"page of a patient, {model} (mean of {n_pages})",
            wall_s=round((paged.wall_s - plain.wall_s) / n_pages, 2),
            cpu_s=round((paged.cpu_s - plain.cpu_s) / n_pages, 2),
            goal_s=3,
        )


def score_command(place: Place, scorer: str, name: str, *more: str) -> Row:
    """`pdla score` of the new videos into an empty store: JSON is parsed each time."""
    shutil.rmtree(place.folder / "data/store" / name, ignore_errors=True)
    store = f"data/store/{name}"
    return place.pdla(
        "", None, "score", scorer, "data/new/LA", "--out", f"{name}.csv", "--store", store, *more
    )


WORK: Final[dict[str, Callable[[Place], Iterator[Row]]]] = {
    "kinematic": kinematic_study, "stgcn": stgcn_fold, "report": large_report, "intake": intake,
    "train": first_run, "score": scoring,
}  # fmt: skip


def machine() -> dict[str, Any]:
    """What figures depend on."""
    names = ("torch", "lightning", "numpy", "matplotlib")
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in names},
        "load": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    """Run, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=list(WORK))
    parser.add_argument("--out", type=Path, default=Path("benchmarks.json"))
    parser.add_argument("--docs", type=Path)
    options = parser.parse_args()
    facts, rows = machine(), []
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder))
        if not {"report", "intake"}.issuperset(options.only or WORK):
            place.pdla("", None, "simulate", "data/simulated")
            place.train("", None, "model=kinematic", "study=warm", PLAIN)
        for name in options.only or WORK:
            for row in WORK[name](place):
                rows.append(row)
                print(f"{row.name}: {row.wall_s} s, {row.cpu_s} s CPU, {row.peak_mib:.0f} MiB",
                      flush=True)  # fmt: skip
                kept = {**facts, "rows": [asdict(one) for one in rows]}
                options.out.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    if options.docs:
        write_docs(options.docs, as_markdown(facts, rows))


if __name__ == "__main__":
    main()
