"""Clips a second of a whole run on a GPU, beside its bare network.

Run it by `python -m tests.benchmarks.bench_gpu`.

The run is what `experiment=large_clips` does: clips of keypoints cross to the GPU, are augmented
and drawn there and train under Lightning. The yardstick is the same network and optimizer in the
same precision on ready tensors, without data, drawing, Lightning or CUDA graphs.
"""

import time
from pathlib import Path
from typing import Any

import lightning
import torch

from pdla.training.config import build_data, build_model
from pdla.training.cuda_graphs import GraphedSteps
from tests.fixtures.configs import compose_config
from tests.fixtures.people import make_cohort

STEPS = 60
WARM_UP = 20


class Clock(lightning.Callback):
    """Seconds from the end of the warm-up to the last step, with the GPU drained at both."""

    def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, *_: Any) -> None:
        if trainer.global_step == WARM_UP:
            torch.cuda.synchronize()
            self.started = time.perf_counter()
        if trainer.global_step == WARM_UP + STEPS:
            torch.cuda.synchronize()
            self.seconds = time.perf_counter() - self.started


def clips_a_second(name: str, batch_size: int) -> tuple[float, float]:
    """Speed of a whole run and of the bare network."""
    config = compose_config(
        f"model={name}", "experiment=large_clips", "model.weights=none", "leg=both",
        f"data.batch_size={batch_size}", "data.workers=0",
    )  # fmt: skip
    config["sampling"]["clips_per_video"] = 40 * batch_size
    data = build_data(config, make_cohort(10, visits=1))
    model = build_model(config)
    model.set_training_counts(data.score_counts("train"))
    clock = Clock()
    trainer = lightning.Trainer(
        max_steps=WARM_UP + STEPS, accelerator="gpu", devices=1, precision="bf16-mixed",
        gradient_clip_val=1.0, logger=False, enable_checkpointing=False,
        callbacks=[clock, GraphedSteps()], enable_progress_bar=False, enable_model_summary=False,
        limit_val_batches=0, default_root_dir=Path("runs"),
    )  # fmt: skip
    trainer.fit(model, data)
    return STEPS * batch_size / clock.seconds, bare_speed(model, data, batch_size)


def bare_speed(model: Any, data: Any, batch_size: int) -> float:
    """The network alone on a batch that is ready on the GPU."""
    model = model.cuda().train()
    batch = next(iter(data.train_dataloader()))
    batch = data.represent({key: value.cuda() for key, value in batch.items()})
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)

    def step() -> None:
        with torch.autocast("cuda", torch.bfloat16):
            loss = model.head.loss(model(batch), batch["score"])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    for _ in range(WARM_UP):
        step()
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(STEPS):
        step()
    torch.cuda.synchronize()
    return STEPS * batch_size / (time.perf_counter() - started)


def main() -> None:
    """Print a line a model."""
    print(torch.cuda.get_device_name(), torch.__version__)
    for name, batch_size in (("r3d", 16), ("r3d", 64), ("stgcn", 64)):
        whole, bare = clips_a_second(name, batch_size)
        print(f"{name:6} batch {batch_size:3}: {whole:8.1f} clips/s, bare {bare:8.1f}, "
              f"{whole / bare:.1%}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
