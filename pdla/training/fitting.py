"""Lightning's part of a run: its loggers and Trainer, the training, the test of the best epoch."""

import logging
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.fabric.plugins import CheckpointIO
from lightning.fabric.plugins.environments.slurm import SLURMEnvironment

from pdla.data.clips.datamodules import KeypointClips
from pdla.data.progress import is_terminal
from pdla.models.scorer import LegScorer
from pdla.models.weights import check_same_layers
from pdla.review.logger import HistoryLogger, RunLogger
from pdla.review.other_loggers import TENSORBOARD, other_loggers
from pdla.runs.config import Section
from pdla.runs.folder import BEST, LAST, checkpoint_path, is_first_process
from pdla.targets import build
from pdla.training.checkpoints import Start
from pdla.training.schedules import LongerSchedule

log = logging.getLogger(__name__)


def open_loggers(
    chosen: Mapping[str, Any], run_dir: Path, start: Start
) -> tuple[RunLogger, HistoryLogger]:
    """Of the run itself first; what other tools are wanted hangs on it, in the first process."""
    steps = start.last.steps if start.last else None
    board = RunLogger(run_dir, steps, writes_events=TENSORBOARD in chosen)
    if is_first_process():
        board.others = other_loggers(chosen, run_dir)
    return board, HistoryLogger(run_dir)


def build_trainer(
    options: Section,
    loggers: Sequence[Any],
    callbacks: Sequence[lightning.Callback],
    files: CheckpointIO,
) -> lightning.Trainer:
    """A Trainer that logs to the run folder.

    Args:
        options: Section `trainer` of the config.
        loggers: Of the run, TensorBoard first.
        callbacks: What goes along, in this order.
        files: Writes checkpoints.
    """
    plugins: list[Any] = [files]
    if SLURMEnvironment.detect():  # signals are handled by pdla.training.signals
        plugins.append(SLURMEnvironment(auto_requeue=False))
    if torch.cuda.is_available():
        torch.backends.cuda.matmul.allow_tf32 = True  # as in convolutions; its inputs have 10 bits
    trainer: lightning.Trainer = build(
        {**options, "enable_progress_bar": is_terminal()},
        "trainer",
        default_root_dir=loggers[0].root_dir,
        logger=[*loggers, *loggers[0].others],
        plugins=plugins,
        callbacks=list(callbacks),
    )
    return trainer


def fit(
    trainer: lightning.Trainer, model: LegScorer, data: KeypointClips, run_dir: Path, start: Start
) -> None:
    """Train from the beginning or go on.

    Raises:
        ValueError: If the last checkpoint is one of another network.
    """
    if start.last is None:
        _fit_all(trainer, model, data)
        return
    last = checkpoint_path(run_dir, LAST)
    check_same_layers(model, last)
    done, wanted = start.last.epochs, trainer.max_epochs
    log.info("goes on after epoch %d of %s (%s)", done, wanted, last)
    if wanted is not None and wanted != start.last.max_epochs:
        trainer.callbacks.append(LongerSchedule(model.optim))  # type: ignore[attr-defined]
    _fit_all(trainer, model, data, ckpt_path=last, weights_only=True)


def _fit_all(trainer: lightning.Trainer, *values: Any, **options: Any) -> None:
    """Fit; a failure of the first process ends those that it has started."""
    try:
        trainer.fit(*values, **options)
    except BaseException:
        if (stop := getattr(trainer.strategy.launcher, "kill", None)) is not None:
            stop(signal.SIGKILL)
        raise


def is_first_after(trainer: lightning.Trainer) -> bool:
    """End the distributed part of a run; True for the process that evaluates and writes."""
    if torch.distributed.is_initialized():
        trainer.strategy.barrier("end of the training")
        torch.distributed.destroy_process_group()
    return trainer.is_global_zero


def evaluate_best(
    model: LegScorer,
    data: KeypointClips,
    trainer: lightning.Trainer,
    run_dir: Path,
    callbacks: Sequence[lightning.Callback],
) -> None:
    """Validate and test the best checkpoint; a VideoScores among the callbacks keeps what it said.

    A trainer of its own, on one device and without a logger: each leg is scored exactly once, and
    the curves of the training stay as they were.
    """
    evaluator = lightning.Trainer(
        accelerator=trainer.strategy.root_device.type.replace("cuda", "gpu"),
        devices=1,
        precision=trainer.precision,
        logger=False,
        enable_progress_bar=is_terminal(),
        enable_model_summary=False,
        callbacks=list(callbacks),
    )
    best = checkpoint_path(run_dir, BEST)
    evaluator.validate(model, data, ckpt_path=best, verbose=False, weights_only=True)
    evaluator.test(model, data, ckpt_path=best, verbose=False, weights_only=True)
