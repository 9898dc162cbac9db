"""Speed and memory of the intake: `python tests/benchmarks/bench_intake.py [--videos 1000]`."""

import argparse
import resource
import tempfile
from pathlib import Path
from time import perf_counter


def cpu_seconds() -> float:
    """Of this process and those it started; on a busy machine the only fair clock."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measure(n_videos: int) -> None:
    """Print frames a second from JSON, the time to open again and the peak memory."""
    # Imported here as in the `pdla` command: each worker imports the main module once more.
    from pdla.data.intake import IntakeOptions, read_cohort
    from pdla.data.simulation import SimulationOptions, simulate_cohort

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        simulate_cohort(root / "clinic", SimulationOptions(videos=n_videos))
        videos, labels = root / "clinic" / "LA", root / "clinic" / "labels.xls"
        options = IntakeOptions()
        before = cpu_seconds()
        start = perf_counter()
        cohort = read_cohort(videos, labels, root / "store", options)
        parse_s = perf_counter() - start
        cpu_s = cpu_seconds() - before
        times = []
        for _ in range(5):
            start = perf_counter()
            again = read_cohort(videos, labels, root / "store", options)
            times.append(perf_counter() - start)
        assert again.data_hash == cohort.data_hash
        n_frames = sum(sample.recording.n_frames for sample in cohort.samples if sample.leg == "R")
        own, children = (
            resource.getrusage(who).ru_maxrss / 1024
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        print(
            f"intake of {cohort.n_videos} videos: {n_frames:,} frames in {parse_s:.1f} s with "
            f"{options.n_workers} processes, {n_frames / parse_s:,.0f} frames/s "
            f"({n_frames / cpu_s:,.0f} a CPU second); opened again in "
            f"{min(times):.3f} s (median {sorted(times)[2]:.3f} s); peak memory {own:.0f} MiB, "
            f"largest worker {children:.0f} MiB"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=62)
    measure(parser.parse_args().videos)
