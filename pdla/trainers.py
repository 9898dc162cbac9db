"""The two trainers of a run: one that fits, and one that scores the best checkpoint."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import lightning
from lightning.pytorch.callbacks import ModelCheckpoint

from pdla.training.config import build
from pdla.data.clips.datamodules import KeypointClips
from pdla.data.progress import is_terminal
from pdla.models.scorer import LegScorer
from pdla.review.logger import RunLogger

MONITOR: Final = "val/rps"


def build_trainer(
    options: dict[str, Any],
    run_dir: Path,
    video_scores: lightning.Callback,
    callbacks: Sequence[lightning.Callback] = (),
) -> lightning.Trainer:
    """A Trainer that logs to the run folder and keeps the best and the last checkpoint.

    Args:
        options: Section `trainer` of the config.
        run_dir: Folder of the run.
        video_scores: Gives val/rps, by which the best checkpoint is chosen.
        callbacks: What else goes along, in this order.
    """
    folder = run_dir / "checkpoints"
    best = ModelCheckpoint(
        folder, "best", MONITOR, save_weights_only=True, enable_version_counter=False
    )
    last = ModelCheckpoint(folder, "last", enable_version_counter=False)
    trainer: lightning.Trainer = build(
        {**options, "enable_progress_bar": is_terminal()},
        default_root_dir=run_dir,
        logger=RunLogger(run_dir),
        callbacks=[video_scores, best, last, *callbacks],
    )
    return trainer


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
    best = run_dir / "checkpoints" / "best.ckpt"
    evaluator.validate(model, data, ckpt_path=best, verbose=False, weights_only=True)
    evaluator.test(model, data, ckpt_path=best, verbose=False, weights_only=True)
