"""A fold of the simulated clinic for each model on keypoints.

Run it by `python -m tests.benchmarks.bench_keypoints`.

A whole run, from the store of keypoints to result.json, on the cores of this machine; the limit is
two minutes. Then how long ST-GCN++ needs for one clip on one core, as when a video is scored.
"""

import contextlib
import io
import os
import platform
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from rich.console import Console
from rich.table import Table

from pdla.training import run as training
from pdla.training.config import build_model
from tests.fixtures.configs import compose_config
from tests.fixtures.people import FPS, make_recording

MODELS = ("kinematic", "kinematic_mlp", "tcn", "kinematic_tcn", "stgcn", "posec3d")
LIMIT_S = 120.0
CLIP_S, FORWARD_LIMIT_S = 4.0, 0.015


def train_fold(name: str) -> tuple[float, float]:
    """Wall and CPU seconds of a run on both legs of fold 0."""
    config = compose_config(f"model={name}", "leg=both")
    with TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        wall, cpu = time.perf_counter(), time.process_time()
        training.run(config, Path(folder) / name)
        return time.perf_counter() - wall, time.process_time() - cpu


def forward_one_clip(name: str, repeats: int = 100) -> float:
    """Median seconds of a forward pass of one clip on one core."""
    torch.set_num_threads(1)
    model = build_model(compose_config(f"model={name}")).eval()
    n_frames = round(CLIP_S * FPS / 2)  # 15 frames a second, half of the recording's
    keypoints = torch.from_numpy(make_recording().keypoints[: 2 * n_frames : 2].copy())[None]
    times = []
    with torch.inference_mode():
        for _ in range(repeats):
            started = time.perf_counter()
            model({"keypoints": keypoints})
            times.append(time.perf_counter() - started)
    return statistics.median(times)


def main() -> None:
    """Print a table."""
    title = f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}"
    table = Table("what", "here", "limit", title=title)
    training.load_cohort(compose_config()["recordings"])  # read once, as for every later run
    for name in MODELS:
        wall, cpu = train_fold(name)
        table.add_row(f"train and test a fold, {name}", f"{wall:.0f} s, {cpu:.0f} s CPU",
                      f"{LIMIT_S:.0f} s")  # fmt: skip
    forward = forward_one_clip("stgcn")
    table.add_row("ST-GCN++, one clip of 4 s, one core", f"{forward * 1000:.1f} ms",
                  f"{FORWARD_LIMIT_S * 1000:.0f} ms")  # fmt: skip
    Console().print(table)


if __name__ == "__main__":
    main()
