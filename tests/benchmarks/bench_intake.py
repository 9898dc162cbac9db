"""Speed and memory of the intake: `python tests/benchmarks/bench_intake.py [--videos 62 620 6200]`.

It simulates clinics, or takes one with `--clinic`, reads each into a new store with all cores, and
opens it again. Another version reads the same files where PYTHONPATH names its checkout.
"""

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TypeVar

Value = TypeVar("Value")
N_REOPENED = 3


@dataclass(frozen=True)
class Figures:
    """What reading one clinic took.

    Attributes:
        n_videos: Videos found.
        n_frames: Frames of usable right legs.
        load: Of the machine before.
        read_s: Wall seconds to read all files into a new store.
        read_cpu_s: CPU seconds of all processes for it.
        read_mib: Peak memory of the main process until then.
        opened_s: Wall seconds to open the store again, median.
        opened_cpu_s: CPU seconds for it.
        peak_mib: Peak memory of the main process in all.
    """

    n_videos: int
    n_frames: int
    load: float
    read_s: float
    read_cpu_s: float
    read_mib: float
    opened_s: float
    opened_cpu_s: float
    peak_mib: float


def cpu_seconds() -> float:
    """Of this process and those it started; on a busy machine the only fair clock."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak_mib() -> float:
    """Largest memory of this process, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(action: Callable[[], Value]) -> tuple[Value, float, float]:
    """What an action returns, its wall seconds and its CPU seconds."""
    wall, cpu = perf_counter(), cpu_seconds()
    value = action()
    return value, perf_counter() - wall, cpu_seconds() - cpu


def measure(clinic: Path, store: Path) -> Figures:
    """Read a clinic and open it again."""
    # Imported here as in the `pdla` command: each worker imports the main module once more.
    from pdla.data.intake import IntakeOptions, read_cohort

    options = IntakeOptions()
    load = os.getloadavg()[0]
    cohort, wall, cpu = timed(
        lambda: read_cohort(clinic / "LA", clinic / "labels.xls", store, options)
    )
    n_videos, data_hash = cohort.n_videos, cohort.data_hash
    n_frames = sum(sample.recording.n_frames for sample in cohort.samples if sample.leg == "R")
    read_mib = peak_mib()
    reopened = []
    for _ in range(N_REOPENED):
        del cohort  # its files are mapped into memory: two cohorts would count twice
        cohort, *seconds = timed(
            lambda: read_cohort(clinic / "LA", clinic / "labels.xls", store, options)
        )
        assert cohort.data_hash == data_hash
        reopened.append(seconds)
    walls, cpus = zip(*reopened, strict=True)
    return Figures(
        n_videos, n_frames, load, wall, cpu, read_mib, median(walls), median(cpus), peak_mib()
    )


def measure_apart(clinic: Path) -> Figures:
    """Measure in a process of its own, so that no memory of another clinic is counted."""
    command = [sys.executable, __file__, "--json", "--clinic", str(clinic)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Figures(**json.loads(done.stdout.splitlines()[-1]))


def show(figures: Figures) -> None:
    """Print the figures of one clinic."""
    frames = figures.n_frames
    print(
        f"{figures.n_videos:,} videos, {frames:,} frames of usable right legs; "
        f"{os.cpu_count()} cores, load {figures.load:.1f} before\n"
        f"read:         {figures.read_s:.1f} s, {frames / figures.read_s:,.0f} frames/s; "
        f"{figures.read_cpu_s:.1f} CPU s, {frames / figures.read_cpu_s:,.0f} frames a CPU second\n"
        f"opened again: {figures.opened_s:.2f} s; {figures.opened_cpu_s:.2f} CPU s\n"
        f"peak memory:  {figures.read_mib:.0f} MiB to read, {figures.peak_mib:.0f} MiB in all",
        flush=True,
    )


def show_growth(smaller: Figures, larger: Figures) -> None:
    """Print how seconds and memory grow with the number of videos: exponent 1 is linear."""
    step = math.log(larger.n_videos / smaller.n_videos)
    exponents = {
        name: math.log(getattr(larger, key) / getattr(smaller, key)) / step
        for name, key in (
            ("CPU seconds to read", "read_cpu_s"),
            ("to open again", "opened_cpu_s"),
            ("memory to read", "read_mib"),
        )
    }
    told = ", ".join(f"{name} {value:.2f}" for name, value in exponents.items())
    print(f"{smaller.n_videos:,} to {larger.n_videos:,} videos, exponents of growth: {told}")


def show_all(clinics: Sequence[Path]) -> None:
    """Measure and print clinics, the smallest first."""
    measured = [measure_apart(clinic) for clinic in clinics]
    for figures in measured:
        show(figures)
    for smaller, larger in pairwise(measured):
        show_growth(smaller, larger)


def main() -> None:
    """Simulate if need be, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, nargs="+", default=[62])
    parser.add_argument(
        "--clinic", type=Path, nargs="+", help="folders of pdla simulate, to be read instead"
    )
    parser.add_argument("--json", action="store_true", help="print one clinic's figures as JSON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.json:
            print(json.dumps(asdict(measure(given.clinic[0], Path(folder) / "store"))))
            return
        clinics: list[Path] = given.clinic or []
        for n_videos in [] if given.clinic else sorted(given.videos):
            clinics.append(Path(folder) / f"clinic{n_videos}")
            # In a process of its own, so that its memory is not counted.
            command = ["simulate", str(clinics[-1]), "--videos", str(n_videos)]
            subprocess.run([sys.executable, "-m", "pdla", *command], check=True)
        show_all(clinics)


if __name__ == "__main__":
    main()
