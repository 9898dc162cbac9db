"""What a training run calls of the review: callbacks before, texts and pictures after."""

import logging
from pathlib import Path

import lightning
import pandas as pd
import torch

from pdla.data.clips.datamodules import KeypointClips
from pdla.data.recordings import Cohort
from pdla.data.splits.files import FoldsRecord
from pdla.evaluation.video_scores import Combination
from pdla.models.scorer import LegScorer
from pdla.review import texts
from pdla.review.clip_pictures import TrainingBatchPictures
from pdla.review.failures import saying_failures
from pdla.review.legs import ClipKeeper
from pdla.review.logger import RunLogger
from pdla.review.monitors import OptimizerMonitor, SpeedMonitor, TrainingScores
from pdla.review.options import ReviewOptions
from pdla.runs.config import RunConfig
from pdla.runs.folder import SPLIT
from pdla.runs.result import RunResult

log = logging.getLogger(__name__)


def training_callbacks(
    options: ReviewOptions, data: KeypointClips, clips: Combination
) -> list[lightning.Callback]:
    """What goes along with a training; the clock comes last, so that it counts all others."""
    found: list[lightning.Callback] = []
    if options.pictures:
        found.append(TrainingBatchPictures(data.sampling.fps))
    if options.curves:
        found += [TrainingScores(data.samples, clips), OptimizerMonitor(), SpeedMonitor()]
    return found


def log_texts(
    trainer: lightning.Trainer, config: RunConfig, result: RunResult, cohort: Cohort
) -> None:
    """Config, split, data and exclusions for the Text tab."""
    logger = trainer.logger
    if not isinstance(logger, RunLogger) or not trainer.is_global_zero or logger.board is None:
        return
    run_dir, board = Path(logger.log_dir), logger.board
    with saying_failures(run_dir, "texts"):
        rated = cohort.rated_legs
        for tag, text in {
            "config": texts.config_text(config),
            "split": texts.split_text(FoldsRecord.read(run_dir / SPLIT), rated, result.split.fold),
            "data": texts.data_text(result),
            "left_out": texts.excluded_text(cohort),
        }.items():
            board.add_text(tag, text, trainer.global_step)
        board.flush()


def prepare_pictures() -> None:
    """Let the processes that draw start while a run is tested."""
    from pdla.review.leg_page import start_drawing_processes

    start_drawing_processes(torch.get_num_threads())


def log_pictures(
    trainer: lightning.Trainer,
    model: LegScorer,
    data: KeypointClips,
    keeper: ClipKeeper,
    predictions: pd.DataFrame,
    cohort: Cohort,
    fold: int,
    n_legs: int,
) -> None:
    """Draw what the finished run shows; see `pdla.review.run_review`."""
    logger = trainer.logger
    if not isinstance(logger, RunLogger) or not trainer.is_global_zero:
        return
    # Imported here: a run without pictures needs no matplotlib.
    from pdla.review.run_review import RunReview, review_run

    log.info("drawing what the model looked at")
    run_dir = Path(logger.log_dir)
    with saying_failures(run_dir, "clip of a training batch"):
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(callback, TrainingBatchPictures):
                callback.log_clip(logger)
    stamp = "LEAKY: " if data.is_leaky else ""
    legs = "/".join(sorted({sample.leg for sample in data.samples}))
    review_run(
        RunReview(
            logger=logger,
            run_dir=run_dir,
            step=trainer.global_step,
            data=data,
            model=model,
            device=trainer.strategy.root_device,
            keeper=keeper,
            predictions=predictions,
            split=FoldsRecord.read(run_dir / SPLIT),
            rated=cohort.rated_legs,
            fold=fold,
            n_legs=n_legs,
            name=f"{stamp}{model.name}, leg {legs}",
        )
    )
