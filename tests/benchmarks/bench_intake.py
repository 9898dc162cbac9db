"""Speed and memory of the intake: `python tests/benchmarks/bench_intake.py [--videos 1000]`.

It simulates a clinic, or takes one with `--clinic`, reads it into a new store with all cores, and
opens it again. Another version reads the same files where PYTHONPATH names its checkout.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TypeVar

Value = TypeVar("Value")
N_REOPENED = 3


def cpu_seconds() -> float:
    """Of this process and those it started; on a busy machine the only fair clock."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak_mib(who: int) -> float:
    """Largest memory of this process, or of the largest one that it started, in MiB."""
    return resource.getrusage(who).ru_maxrss / 1024


def timed(action: Callable[[], Value]) -> tuple[Value, float, float]:
    """What an action returns, its wall seconds and its CPU seconds."""
    wall, cpu = perf_counter(), cpu_seconds()
    value = action()
    return value, perf_counter() - wall, cpu_seconds() - cpu


def measure(clinic: Path, store: Path) -> None:
    """Print speed from the files, the time to open again, and the peak memory."""
    # Imported here as in the `pdla` command: each worker imports the main module once more.
    from pdla.data.intake import IntakeOptions, read_cohort

    options = IntakeOptions()
    load = os.getloadavg()[0]
    cohort, wall, cpu = timed(
        lambda: read_cohort(clinic / "LA", clinic / "labels.xls", store, options)
    )
    n_videos, data_hash = cohort.n_videos, cohort.data_hash
    n_frames = sum(sample.recording.n_frames for sample in cohort.samples if sample.leg == "R")
    peak = peak_mib(resource.RUSAGE_SELF)
    reopened = []
    for _ in range(N_REOPENED):
        del cohort  # its files are mapped into memory: two cohorts would count twice
        cohort, *seconds = timed(
            lambda: read_cohort(clinic / "LA", clinic / "labels.xls", store, options)
        )
        assert cohort.data_hash == data_hash
        reopened.append(seconds)
    walls, cpus = zip(*reopened, strict=True)
    print(
        f"{n_videos:,} videos, {n_frames:,} frames of usable right legs; "
        f"{options.n_workers} processes on {os.cpu_count()} cores, load {load:.1f} before\n"
        f"read:         {wall:.1f} s, {n_frames / wall:,.0f} frames/s; "
        f"{cpu:.1f} CPU s, {n_frames / cpu:,.0f} frames a CPU second\n"
        f"opened again: {median(walls):.2f} s; {median(cpus):.2f} CPU s\n"
        f"peak memory:  {peak:.0f} MiB to read, {peak_mib(resource.RUSAGE_SELF):.0f} MiB in all"
    )


def main() -> None:
    """Simulate if need be, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=62)
    parser.add_argument("--clinic", type=Path, help="a folder of pdla simulate, to be read instead")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clinic: Path = given.clinic or Path(folder) / "clinic"
        if given.clinic is None:
            # In a process of its own, so that its memory is not counted.
            command = ["simulate", str(clinic), "--videos", str(given.videos)]
            subprocess.run([sys.executable, "-m", "pdla", *command], check=True)
        measure(clinic, Path(folder) / "store")


if __name__ == "__main__":
    main()
