"""Callbacks that log how a training goes, once an epoch.

In a step they only keep tensors where they are: no hook here waits for a GPU before the epoch ends.
Tags are the same for every model: `train/` beside `val/`, `optimizer/`, `speed/`.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import lightning
import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer

from pdla.data.recordings import LegSample
from pdla.evaluation.clip_collector import ClipCollector
from pdla.evaluation.metrics import curve_metrics, predicted_score
from pdla.evaluation.video_scores import Combination, combine_clips
from pdla.models.scorer import ClipScores

GIB: Final = 2**30


class TrainingScores(lightning.Callback):
    """Makes one score of each training leg's clips, as for validation: train/qwk and others.

    The clips are those of the epoch's steps, augmented and with dropout, each from the network of
    its own step: so train/ lags a little behind val/, and costs no second pass.

    Args:
        samples: The legs that `sample` in a batch counts.
        clips: How the clips of a leg become one score.
    """

    def __init__(self, samples: Sequence[LegSample], clips: Combination = "mean") -> None:
        self.samples = samples
        self.combination = clips
        self._clips = ClipCollector()

    def on_train_epoch_start(self, trainer: lightning.Trainer, module: Any) -> None:
        """Forget an epoch that was not finished."""
        self._clips.reset()
        self._clips.to(trainer.strategy.root_device)

    def on_train_batch_end(
        self, trainer: lightning.Trainer, module: Any, outputs: Any, *_: Any
    ) -> None:
        """Keep what the step gave, on its device."""
        scores: ClipScores = outputs
        self._clips.update(scores["sample"], scores["probabilities"])

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> None:
        """Log the metrics over legs."""
        clips = self._clips.take(trainer.world_size)
        legs = [leg for leg in sorted(clips) if self.samples[leg].is_rated]
        if not legs:
            return
        probabilities = np.array([combine_clips(clips[leg], self.combination) for leg in legs])
        score = np.array([self.samples[leg].score for leg in legs], dtype=np.int64)
        metrics = curve_metrics(score, predicted_score(probabilities))
        log_finite(trainer, {f"train/{name}": value for name, value in metrics.items()})


class OptimizerMonitor(lightning.Callback):
    """Logs learning rate and gradient norm: optimizer/learning_rate, optimizer/gradient_norm.

    The norm is that of all gradients before clipping, the mean over the steps of an epoch; the
    largest stands beside it.
    """

    def __init__(self) -> None:
        self._norms: list[Tensor] = []
        self._rate = np.nan

    def on_train_epoch_start(self, trainer: lightning.Trainer, module: Any) -> None:
        """Begin anew; at the end of an epoch its rate has been changed already."""
        self._norms.clear()
        self._rate = float(trainer.optimizers[0].param_groups[0]["lr"])

    def on_before_optimizer_step(
        self,
        trainer: lightning.Trainer,
        module: lightning.LightningModule,
        optimizer: Optimizer,
    ) -> None:
        """Keep the norm of the gradients of one step, on its device."""
        gradients = [
            value.grad
            for group in optimizer.param_groups
            for value in group["params"]
            if value.grad is not None
        ]
        if gradients:
            self._norms.append(torch.nn.utils.get_total_norm(gradients).detach())

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> None:
        """Log both; the rate is the one that this epoch's steps were taken with."""
        values = {"optimizer/learning_rate": self._rate}
        if self._norms:
            norms = torch.stack(self._norms).float()
            mean, largest = torch.stack([norms.mean(), norms.max()]).tolist()
            values |= {"optimizer/gradient_norm": mean, "optimizer/gradient_norm_max": largest}
        log_finite(trainer, values)


class SpeedMonitor(lightning.Callback):
    """Logs clips a second, the share of time spent waiting for data, and GPU memory.

    speed/clips_per_second counts all devices together, training steps alone. speed/data_wait_share
    is the time between the end of a step and the start of the next, over the time of both: loading
    clips, moving, augmenting and drawing them. On a GPU drawing is queued like the step itself and
    costs no such time. speed/gpu_memory_gib is the most that tensors took in the epoch; CUDA only.
    """

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._clips = 0
        self._waited_s = self._stepped_s = 0.0
        self._since_s = time.perf_counter()

    def on_train_epoch_start(self, trainer: lightning.Trainer, module: Any) -> None:
        """Start the clock."""
        self._begin()

    def on_train_batch_start(self, trainer: lightning.Trainer, module: Any, *_: Any) -> None:
        """Data is there: what passed since the last step was waiting."""
        now_s = time.perf_counter()
        self._waited_s += now_s - self._since_s
        self._since_s = now_s

    def on_train_batch_end(
        self, trainer: lightning.Trainer, module: Any, outputs: Any, batch: Any, *_: Any
    ) -> None:
        """The step was given to the device; after the last one of an epoch it is waited for."""
        self._clips += len(batch["sample"])
        if trainer.is_last_batch and trainer.strategy.root_device.type == "cuda":
            torch.cuda.synchronize(trainer.strategy.root_device)
        now_s = time.perf_counter()
        self._stepped_s += now_s - self._since_s
        self._since_s = now_s

    def on_validation_end(self, trainer: lightning.Trainer, module: Any) -> None:
        """Validation in the middle of an epoch is not waiting."""
        self._since_s = time.perf_counter()

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> None:
        """Log the epoch."""
        total_s = self._waited_s + self._stepped_s
        if total_s <= 0:
            return
        values = {
            "speed/clips_per_second": trainer.world_size * self._clips / total_s,
            "speed/data_wait_share": self._waited_s / total_s,
        }
        device = trainer.strategy.root_device
        if device.type == "cuda":
            values["speed/gpu_memory_gib"] = torch.cuda.max_memory_allocated(device) / GIB
            torch.cuda.reset_peak_memory_stats(device)
        log_finite(trainer, values)


def log_finite(trainer: lightning.Trainer, values: Mapping[str, float]) -> None:
    """Log what is defined, beside train/loss; a curve has a gap where a metric is not.

    Straight to the loggers: Lightning's own collection of results would take longer than a small
    network's step.
    """
    finite = {name: value for name, value in values.items() if np.isfinite(value)}
    for logger in trainer.loggers:
        logger.log_metrics(finite, step=max(0, trainer.global_step - 1))
