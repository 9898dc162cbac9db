"""What a run shows on its way: a bar where a person watches, else one line an epoch."""

import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import lightning
from lightning.pytorch.callbacks import RichProgressBar
from lightning.pytorch.callbacks.progress.rich_progress import RichProgressBarTheme

from pdla.data.progress import is_terminal

log = logging.getLogger(__name__)

BAR_WIDTH: Final = 18  # so that the line fits into 90 columns


def progress_callbacks(primary: Sequence[str]) -> list[lightning.Callback]:
    """A bar, or one line an epoch in a pipe, in a log and under CI.

    Args:
        primary: Keys of the primary metrics, which both show.
    """
    return [RunProgressBar(primary)] if is_terminal() else [EpochLines(primary)]


class EpochLines(lightning.Callback):
    """One line an epoch where a progress bar would be noise: in a pipe, in a log, under CI.

    Args:
        primary: Keys of the primary metrics.
    """

    def __init__(self, primary: Sequence[str]) -> None:
        self.shown = ("train/loss", "val/loss", "val/rps", *(f"val/{key}" for key in primary))

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> None:
        """Log loss and the metrics of the validation patients."""
        if not trainer.is_global_zero:
            return
        values = {name: trainer.callback_metrics.get(name) for name in self.shown}
        text = "  ".join(
            f"{name} {value:.3f}" for name, value in values.items() if value is not None
        )
        log.info("epoch %d/%d  %s", trainer.current_epoch + 1, trainer.max_epochs or 0, text)


class RunProgressBar(RichProgressBar):
    """Lightning's bar of the epoch, with the time that is left of the whole training.

    Args:
        primary: Keys of the primary metrics; their validation values stand first.
    """

    def __init__(self, primary: Sequence[str] = ()) -> None:
        super().__init__(theme=RichProgressBarTheme(metrics_text_delimiter="  "))
        self.primary = tuple(primary)
        self._started_s: float | None = None
        self._first_step = 0

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Start the clock; a resumed training has some steps behind it."""
        super().on_train_start(trainer, pl_module)
        self._started_s = time.perf_counter()
        self._first_step = _steps_done(trainer)

    def configure_columns(self, trainer: lightning.Trainer) -> list[Any]:
        """Epoch, bar, batches; a long bar and Lightning's times of an epoch would push them out."""
        epoch, bar, batches, *_ = super().configure_columns(trainer)
        bar.bar_width = BAR_WIDTH
        return [epoch, bar, batches]

    def get_metrics(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> dict[str, Any]:
        """Time left and primary metrics."""
        metrics = super().get_metrics(trainer, pl_module)
        first = [f"val/{key}" for key in self.primary]
        shown = {name: metrics[name] for name in first if name in metrics}
        left = self._time_left(trainer)
        return {"left": left, **shown} if left else shown

    def _time_left(self, trainer: lightning.Trainer) -> str:
        """As h:mm:ss, or nothing before it can be told; validation included, as it was so far."""
        total = trainer.estimated_stepping_batches * trainer.accumulate_grad_batches
        done = _steps_done(trainer)
        if self._started_s is None or done <= self._first_step or total == float("inf"):
            return ""
        pace = (time.perf_counter() - self._started_s) / (done - self._first_step)
        return str(timedelta(seconds=round(pace * max(0.0, total - done))))


def _steps_done(trainer: lightning.Trainer) -> int:
    """Training batches since the first epoch."""
    return int(trainer.fit_loop.epoch_loop.total_batch_idx + 1)
