"""Wall time of whole runs over the bare arithmetic of their clips, side by side.

Run it by `python -m tests.benchmarks.bench_runs [OUT.json]`; on a GPU with `trainer=gpu`, R3D-18
with experiment=large_clips, else on the CPU with the defaults and fewer epochs.

The yardstick is what the network alone needs on ready tensors: the steps of all training clips, and
one forward pass of all clips of validation (each epoch and once more) and test. Imports and the
simulated clinic are not counted; reading, checkpoints, evaluation and pictures are.
"""

import json
import platform
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch

from pdla.training import run as training
from pdla.training.config import build_model
from tests.fixtures.configs import compose_config

REPEATS = 10


def device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def precision() -> Any:
    return torch.autocast("cuda", torch.bfloat16) if device().type == "cuda" else nullcontext()


def drain() -> None:
    if device().type == "cuda":
        torch.cuda.synchronize()


def seconds_a_clip(model: Any, batch: Any, *, learns: bool) -> float:
    """One step, or one forward pass, of the bare network on a batch that is ready."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    model.train(learns)
    for repeat in range(2 * REPEATS):
        if repeat == REPEATS:
            drain()
            began = time.perf_counter()
        with precision(), torch.set_grad_enabled(learns):
            loss = model.head.loss(model(batch), batch["score"])
        if learns:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    drain()
    return (time.perf_counter() - began) / REPEATS / len(batch["score"])


def measure(name: str, epochs: int, *options: str) -> dict[str, Any]:
    """One run beside its arithmetic."""
    config = compose_config(
        f"model={name}",
        "leg=both",
        "model.weights=none",
        f"trainer.max_epochs={epochs}",
        "review.pictures=true",
        *options,
    )
    cohort = training.load_cohort(config["recordings"])
    data = training.build_data(config, cohort)
    loaders = {
        "train": data.train_dataloader(),
        "val": data.val_dataloader(),
        "test": data.test_dataloader(),
    }
    n_clips = {stage: len(loader.dataset) for stage, loader in loaders.items()}
    batch: Any = next(iter(loaders["train"]))
    batch = data.on_after_batch_transfer({k: v.to(device()) for k, v in batch.items()}, 0)
    model = build_model(config).to(device())
    learning = seconds_a_clip(model, batch, learns=True) * epochs * n_clips["train"]
    passes = (epochs + 1) * n_clips["val"] + n_clips["test"]
    bare = learning + seconds_a_clip(model, batch, learns=False) * passes
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        training.run(config, Path(folder) / "study" / "run")
        wall = time.perf_counter() - began
        result = json.loads((Path(folder) / "study" / "run" / "result.json").read_text())
    return {
        "model": name,
        "epochs": epochs,
        "clips": n_clips,
        "wall_s": round(wall, 2),
        "bare_s": round(bare, 2),
        "ratio": round(wall / bare, 2),
        **result["times"],
    }


def main() -> None:
    """Print and keep a line a model."""
    is_gpu = device().type == "cuda"
    options = {"r3d": ("experiment=large_clips",), "stgcn": ("trainer=gpu",)} if is_gpu else {}
    plan = {"r3d": 30, "stgcn": 30} if is_gpu else {"r3d": 2, "stgcn": 10}
    facts = {
        "machine": torch.cuda.get_device_name() if is_gpu else platform.processor(),
        "torch": torch.__version__,
        "command": "python -m tests.benchmarks.bench_runs",
    }
    rows = []
    for name, epochs in plan.items():
        rows.append(measure(name, epochs, *options.get(name, ())))
        print(
            "{model:6} {epochs} epochs: {wall_s} s, bare {bare_s} s, ratio {ratio}".format(
                **rows[-1]
            ),
            flush=True,
        )
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps({**facts, "runs": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
