"""Dropout depends on (seed, epoch, batch) only: a resumed run draws what the straight one does."""

from typing import Any

import lightning
import torch

from pdla.data.clips.randomness import seed_of


class StepSeeds(lightning.Callback):
    """Sets torch's global random state, from which dropout draws, before each training step.

    Args:
        seed: Seed of the run.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(
        self, trainer: lightning.Trainer, module: Any, batch: Any, batch_idx: int
    ) -> None:
        """Choose the state of this step; each process of a distributed run has its own."""
        step = seed_of(self.seed, "step", trainer.current_epoch, batch_idx, trainer.global_rank)
        torch.default_generator.manual_seed(step)
        # Without a GPU torch would keep every seed for the day that there is one.
        if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
            torch.cuda.manual_seed_all(step)
