"""Wall time of whole studies on one GPU, from the first import to the report.

Run it by `python -m tests.benchmarks.bench_studies OUT.json [STUDY...]`: `r3d` on large clips (2
legs x 5 folds x 30 epochs), then `keypoints`: four models (5 folds x 2 seeds, both legs in one
network), four runs at once. The simulated clinic of 62 videos is written before.
"""

import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from tests.fixtures.benchmarks import COMMAND
from tests.fixtures.places import ROOT

STUDIES = {
    "r3d": (
        "experiment=large_clips", "model=r3d", "model.weights=none", "leg=L,R",
        "split.fold=range(5)", "trainer.max_epochs=30",
    ),
    "keypoints": (
        "trainer=gpu", "model=tcn,stgcn,kinematic_tcn,posec3d", "leg=both", "split.fold=range(5)",
        "seed=0,1", "launcher=joblib", "hydra.launcher.n_jobs=4",
    ),
}  # fmt: skip


def seconds(*arguments: str) -> float:
    """Wall seconds of a Python command that must succeed."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True)
    return time.perf_counter() - began


def measure(name: str, place: Path) -> dict[str, Any]:
    """One study and its report."""
    study = place / name
    folders = (f"hydra.sweep.dir={study}", f"study={name}")
    training_s = seconds("train.py", "-m", *STUDIES[name], *folders)
    report_s = seconds("-c", COMMAND, "report", str(study))
    return {
        "study": name,
        "runs": len(list(study.glob("*/result.json"))),
        "training_s": round(training_s, 1),
        "report_s": round(report_s, 1),
        "wall_s": round(training_s + report_s, 1),
        "command": f"python train.py -m {' '.join(STUDIES[name])}",
    }


def main() -> None:
    """Print and keep a line a study."""
    out, names = Path(sys.argv[1]), sys.argv[2:] or list(STUDIES)
    is_gpu = torch.cuda.is_available()
    facts = {
        "machine": torch.cuda.get_device_name() if is_gpu else platform.processor(),
        "torch": torch.__version__,
    }
    if not (ROOT / "data" / "simulated").is_dir():
        seconds("-c", COMMAND, "simulate", "data/simulated")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            rows.append(measure(name, Path(folder)))
            print(rows[-1], flush=True)
            out.write_text(json.dumps({**facts, "studies": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
