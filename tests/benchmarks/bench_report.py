"""How long `pdla report` takes.

Run it by `python -m tests.benchmarks.bench_report [--patients 31] [--legs L,R]`.

By default a study as in a clinic: 62 videos, three models, two legs, five folds, 30 runs.
"""

import argparse
import cProfile
import io
import pstats
import subprocess
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.bench_intake import cpu_seconds

MODELS = ("kinematic", "tcn", "resnet_lstm")
N_EPOCHS = 30
N_CURVES = 25  # as many as a run logs in an epoch
COMMAND = "from pdla.cli import main; main()"


def write_study(folder: Path, n_patients: int, legs: list[str], n_seeds: int) -> Path:
    """Finished runs with training curves, and a table of legs as wide as a real one."""
    # Imported here, as below: what is measured is a process that starts with nothing.
    from torch.utils.tensorboard import SummaryWriter

    from tests.fixtures.studies import make_study

    make_study(
        folder, MODELS, legs, n_folds=5, seeds=range(n_seeds), n_patients=n_patients, n_more=13
    )
    for result in folder.glob("*/result.json"):
        with SummaryWriter(str(result.parent)) as writer:
            for epoch in range(N_EPOCHS):
                for name in ("train/loss", "val/loss", "val/rps"):
                    writer.add_scalar(name, 1 / (epoch + 1), epoch)
                for number in range(N_CURVES):
                    writer.add_scalar(f"val/metric_{number}", 0.5, epoch)
    return folder


def time_command(study: Path) -> tuple[float, float]:
    """Wall and CPU seconds of `pdla report STUDY`, from the start of the process to its end."""
    cpu_s, start = cpu_seconds(), time.perf_counter()
    command = [sys.executable, "-c", COMMAND, "report", str(study)]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start, cpu_seconds() - cpu_s


def largest_parts(study: Path, n_parts: int = 14) -> list[tuple[str, float]]:
    """The functions of pdla in which a report spends most of its time, and their share of it."""
    profile = cProfile.Profile()
    start = time.perf_counter()
    profile.enable()
    from pdla.commands.report import report_study

    imported = time.perf_counter() - start
    with redirect_stdout(io.StringIO()):
        report_study(study)
    profile.disable()
    whole = time.perf_counter() - start
    stats = pstats.Stats(profile).get_stats_profile().func_profiles
    own = {
        f"{Path(found.file_name).stem}.{name}": found.cumtime / whole
        for name, found in stats.items()
        if "/pdla/" in found.file_name and not name.startswith("<")
    }
    parts = {"import": imported / whole, **own}
    return sorted(parts.items(), key=lambda part: -part[1])[:n_parts]


def main() -> None:
    """Print seconds, then shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=31)
    parser.add_argument("--legs", default="L,R")
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    legs = options.legs.split(",")
    with TemporaryDirectory() as folder:
        study = write_study(Path(folder) / "study", options.patients, legs, options.seeds)
        n_runs = len(list(study.glob("*/result.json")))
        wall_s, cpu_s = time_command(study)
        print(
            f"report of {n_runs} runs, {2 * options.patients} videos: {wall_s:.1f} s, "
            f"{cpu_s:.1f} CPU seconds"
        )
        for name, share in largest_parts(study):
            print(f"{share:6.1%}  {name}")


if __name__ == "__main__":
    main()
