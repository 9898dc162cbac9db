"""Runs that are killed at a random moment and repeated: all end as the straight run, bit for bit.

`python -m tests.benchmarks.bench_kills [RUNS] [KILLS] [SEED]`: 100 runs, each killed once, by
default; SEED draws the moments, so that several processes can share the runs.
"""

import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from pdla.runs.folder import BEST, checkpoint_path
from tests.fixtures.killing import attempt, kill_until_done
from tests.fixtures.runs import TINY

OVERRIDES = (
    *TINY, "leg=both", "sampling=recording", "augment=strong", "save_every_s=0", "model=tcn",
    "data.batch_size=4", "model.channels=8", "model.layers=2", "trainer.max_epochs=12",
)  # fmt: skip


def content(run_dir):
    """What must be the same."""
    return (
        (run_dir / "predictions.csv").read_bytes(),
        checkpoint_path(run_dir, BEST).read_bytes(),
    )


def main(n_runs=100, n_kills=1, seed=0):
    """Print how many runs were the same."""
    folder = Path(tempfile.mkdtemp())
    began = time.monotonic()
    os.waitpid(attempt(folder / "straight", OVERRIDES), 0)
    straight_s = time.monotonic() - began
    straight = content(folder / "straight")
    print(f"the straight run took {straight_s:.1f} s", flush=True)
    moments = random.Random(seed)
    same = ended = kills = in_write = 0
    while ended < n_runs:
        run_dir = folder / "killed"
        began = time.monotonic()
        done = kill_until_done(run_dir, n_kills, moments, OVERRIDES, straight_s)
        if done["kills"] < n_kills:  # it ended before the moment came: that shows nothing
            straight_s = time.monotonic() - began
        else:
            ended += 1
            same += content(run_dir) == straight
            kills += done["kills"]
            in_write += done["in_write"]
            print(f"{same} of {ended} the same; {kills} kills, {in_write} in a write", flush=True)
        shutil.rmtree(run_dir)
    shutil.rmtree(folder)
    return same == n_runs


if __name__ == "__main__":
    sys.exit(0 if main(*map(int, sys.argv[1:])) else 1)
