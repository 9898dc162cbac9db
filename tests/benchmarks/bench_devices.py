"""R3D-18 on all GPUs of a machine beside one GPU: clips a second, and the metrics of both.

Run it by `python -m tests.benchmarks.bench_devices [OUT.json]` on a machine with several GPUs. It
makes three runs of experiment=large_clips on 620 simulated videos: one GPU with batches of 64; all
GPUs with 64 each; and one GPU with batches as large as theirs together, whose metrics should be
those of the second run but for noise.
"""

import csv
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from tests.fixtures.places import ROOT

BATCH = 64  # clips a GPU
EPOCHS = 8
METRICS = ("qwk", "mae", "rps")
SPEED = "speed/clips_per_second"


def measure(name: str, folder: Path, *overrides: str) -> dict[str, Any]:
    """One run as a user starts it; its speed is the median over epochs, the first left out."""
    command = [
        sys.executable, str(ROOT / "train.py"), "experiment=large_clips", "model=r3d", "leg=both",
        "model.weights=none", "recordings=simulated_large", f"trainer.max_epochs={EPOCHS}",
        "review.pictures=false", f"hydra.run.dir={folder / name}", *overrides,
    ]  # fmt: skip
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True)
    wall = time.perf_counter() - began
    result = json.loads((folder / name / "result.json").read_text())
    with (folder / name / "history" / "version_0" / "metrics.csv").open(newline="") as lines:
        speeds = [float(row[SPEED]) for row in csv.DictReader(lines) if row.get(SPEED)]
    with (folder / name / "predictions.csv").open(newline="") as lines:
        scored = [(row["stage"], row["video_id"], row["leg"]) for row in csv.DictReader(lines)]
    return {
        "run": name,
        "clips_per_second": round(statistics.median(speeds[1:]), 1),
        "wall_s": round(wall, 1),
        "train_s": result["times"]["train_s"],
        "legs_scored": len(scored),
        "legs_scored_twice": len(scored) - len(set(scored)),
        **{f"test_{key}": result["metrics"]["test"][key] for key in METRICS},
    }


def main() -> None:
    """Print and keep a line a run, and the ratio of speeds."""
    n_gpus = torch.cuda.device_count()
    if n_gpus < 2:
        sys.exit(f"{n_gpus} GPUs here: this compares several with one")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "study"
        plan = {
            "one": ("trainer=gpu", f"data.batch_size={BATCH}"),
            "all": ("trainer=ddp", "trainer.precision=bf16-mixed", f"data.batch_size={BATCH}"),
            "one-same-batch": ("trainer=gpu", f"data.batch_size={BATCH * n_gpus}"),
        }
        runs = {}
        for name, overrides in plan.items():
            runs[name] = measure(name, place, *overrides)
            print(runs[name], flush=True)
    ratio = runs["all"]["clips_per_second"] / runs["one"]["clips_per_second"]
    print(f"{n_gpus} GPUs over one: {ratio:.2f} times the clips a second")
    if len(sys.argv) > 1:
        facts = {
            "machine": f"{n_gpus} x {torch.cuda.get_device_name()}",
            "torch": torch.__version__,
            "command": "python -m tests.benchmarks.bench_devices",
            "ratio": round(ratio, 3),
            "runs": list(runs.values()),
        }
        Path(sys.argv[1]).write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
