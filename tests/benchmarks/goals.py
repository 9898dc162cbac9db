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
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from tests.fixtures.places import ROOT

BEGIN: Final = "<!-- benchmarks: written by make bench -->"
PLAIN: Final = "review.pictures=false"
END: Final = "<!-- end of benchmarks -->"
COMMAND: Final = "from pdla.cli import main; main()"


@dataclass(frozen=True)
class Row:
    """What one piece of work took.

    Attributes:
        name: Of the work; rows of two machines are compared by it.
        wall_s: Seconds until it was done.
        cpu_s: Seconds of all cores that it used.
        goal_s: Wall seconds on two cores that are wanted.
        peak_mib: Largest resident memory of a process.
        command: What was run.
    """

    name: str
    wall_s: float
    cpu_s: float
    goal_s: float | None
    peak_mib: float
    command: str


@dataclass(frozen=True)
class Place:
    """Where commands run.

    Attributes:
        folder: Working folder, with data/ and the store.
    """

    folder: Path

    def run(self, name: str, goal_s: float | None, *arguments: str) -> Row:
        """Run Python with these arguments.

        Raises:
            subprocess.CalledProcessError: If the command failed; its output is in the error.
        """
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=self.folder, env=env,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        with process:
            output = process.stdout.read() if process.stdout else ""
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - began
        if process.returncode:
            sys.stderr.write(output)
            raise subprocess.CalledProcessError(process.returncode, arguments)
        cpu = usage.ru_utime + usage.ru_stime  # of the process and those that it started
        command = " ".join(Path(part).name if "/" in part else part for part in arguments)
        command = command.replace(f"-c {COMMAND}", "pdla")
        return Row(name, round(wall, 2), round(cpu, 2), goal_s, usage.ru_maxrss / 1024, command)

    def train(self, name: str, goal_s: float | None, *overrides: str) -> Row:
        """One command of train.py."""
        return self.run(name, goal_s, str(ROOT / "train.py"), *overrides)

    def pdla(self, name: str, goal_s: float | None, *arguments: str) -> Row:
        """One command of pdla."""
        return self.run(name, goal_s, "-c", COMMAND, *arguments)


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
        study = write_study(place.folder / f"study{n_seeds}", 31, ["L", "R"], n_seeds)
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


WORK: Final[dict[str, Callable[[Place], Iterator[Row]]]] = {
    "kinematic": kinematic_study, "stgcn": stgcn_fold, "report": large_report, "intake": intake,
    "train": first_run,
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


def as_markdown(facts: dict[str, Any], rows: Sequence[Row]) -> str:
    """The table of the docs."""
    versions = ", ".join(f"{name} {text}" for name, text in facts["versions"].items())
    text = (
        f"{facts['date']}, {facts['machine']}, Python {facts['python']}, {versions}; load of the "
        f"machine when this began: {facts['load']}.\n\n"
        "| what | wall | CPU | goal, wall | peak memory | command |\n|---|---|---|---|---|---|\n"
    )
    for row in rows:
        goal = "" if row.goal_s is None else f"{row.goal_s:g} s"
        text += (
            f"| {row.name} | {row.wall_s:.1f} s | {row.cpu_s:.1f} s | {goal} | "
            f"{row.peak_mib:.0f} MiB | `{row.command}` |\n"
        )
    return text


def write_docs(path: Path, table: str) -> None:
    """Put the table between its marks.

    Raises:
        ValueError: If the file has no such marks.
    """
    text = path.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise ValueError(f"{path}: no lines {BEGIN} and {END}")
    before, rest = text.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    path.write_text(f"{before}{BEGIN}\n\n{table}\n{END}{after}", encoding="utf-8")


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
