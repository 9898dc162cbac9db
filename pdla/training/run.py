"""One run: config -> data, model, trainer; fit, test the best checkpoint, write the result last."""

import logging
import os
import signal
import time
from pathlib import Path

import lightning
import pandas as pd

from pdla.data.clips.datamodules import KeypointClips
from pdla.data.intake import check_rater_rule
from pdla.data.recordings import Cohort
from pdla.evaluation.metrics import check_contrast, check_primary
from pdla.evaluation.video_scores import VideoScores
from pdla.models.scorer import LegScorer
from pdla.review.legs import ClipKeeper
from pdla.review.logger import flush_all
from pdla.review.options import ReviewOptions
from pdla.review.other_loggers import DEFAULT, check_loggers
from pdla.review.progress import progress_callbacks
from pdla.review.session import (
    log_pictures,
    log_texts,
    prepare_pictures,
    training_callbacks,
)
from pdla.runs.config import RunConfig
from pdla.runs.folder import (
    BEST,
    LAST,
    checkpoint_path,
    claim_folder,
    clear_curves,
    error_text,
    fail_run,
    file_hash,
    finish_run,
    is_first_process,
    open_run,
    read_result,
)
from pdla.runs.result import RunResult
from pdla.runs.searched import check_unseen, read_searched
from pdla.training.checkpoint_files import BackgroundCheckpointIO
from pdla.training.checkpoints import SAVE_EVERY_S, RunCheckpoints, find_start
from pdla.training.cohorts import load_cohort, share_cohort
from pdla.training.config import build_data, build_model, check_config, check_machine
from pdla.training.console import print_line, print_result
from pdla.training.cuda_graphs import GraphedSteps
from pdla.training.fitting import build_trainer, evaluate_best, fit, is_first_after, open_loggers
from pdla.training.lightning_words import quiet_lightning
from pdla.training.memory import name_memory_settings
from pdla.training.pretraining import check_pretraining
from pdla.training.randomness import StepSeeds
from pdla.training.results import Times, make_result, with_training
from pdla.training.signals import RunStopped, requeue_job, stop_on_signals
from pdla.training.tensorboard import log_summary

log = logging.getLogger(__name__)

quiet_lightning()


def run(
    config: RunConfig, run_dir: Path, *, brief: bool = False, shares_data: bool = False
) -> float:
    """Train, test and record one run; a finished run is only shown again.

    Args:
        config: Plain config, as `pdla.training.config.plain_config` gives it.
        run_dir: Folder of this run.
        brief: Print the result as one line, not as tables.
        shares_data: Whether the runs of this process read a data set once, as those of a sweep.

    Returns:
        The best checkpoint's ranked probability score on the validation patients, for sweepers that
        tune: it is never the test set's.

    Raises:
        ValueError: If the config or the data cannot work, or another process writes into the
            folder; nothing was trained then.
    """
    check_config(config)
    check_machine(config["trainer"])
    check_primary(config["evaluation"]["primary"])
    check_contrast(config["evaluation"].get("contrast"))
    ReviewOptions.from_config(config)
    check_loggers(config.get("logger", DEFAULT))
    read_searched(config)
    with claim_folder(run_dir), stop_on_signals():
        return _run_once(config, run_dir, brief=brief, shares_data=shares_data)


def _run_once(config: RunConfig, run_dir: Path, *, brief: bool, shares_data: bool) -> float:
    if is_first_process():
        open_run(run_dir, config)
    result = read_result(run_dir)
    if result is None:
        try:
            with name_memory_settings(config):
                result = _train_and_test(config, run_dir, shares_data=shares_data)
        except BaseException as error:
            fail_run(run_dir, error_text(error))
            if isinstance(error, RunStopped):
                _say_how_to_go_on(error, run_dir)
            raise
        if result is None:  # the first process of a distributed run goes on alone
            return float("nan")
    else:
        _say_finished(run_dir, result)
    if not config.get("keep_last", False):
        checkpoint_path(run_dir, LAST).unlink(missing_ok=True)
    (print_line if brief else print_result)(result, Path(os.path.relpath(run_dir)))
    return result.metrics["val"]["rps"]


def _say_finished(run_dir: Path, result: RunResult) -> None:
    log.info("%s is finished already; delete the folder to run it again", run_dir)
    best = checkpoint_path(run_dir, BEST)
    known = result.checkpoint_hash
    if known and not (best.exists() and file_hash(best) == known):
        log.warning("%s is gone or was changed; the numbers are those of the run", best)


def _say_how_to_go_on(stopped: RunStopped, run_dir: Path) -> None:
    last = checkpoint_path(run_dir, LAST)
    again = "goes on from there" if last.exists() else "begins again"
    saved = f"{last} is written" if last.exists() else "no epoch was finished"
    if stopped.signum == signal.SIGUSR1 and requeue_job():
        log.warning("stopped by %s: %s; SLURM repeats the job, which %s", stopped, saved, again)
    else:
        log.warning("stopped by %s: %s; the same command %s", stopped, saved, again)


def _train_and_test(config: RunConfig, run_dir: Path, *, shares_data: bool) -> RunResult | None:
    started = time.perf_counter()
    lightning.seed_everything(config["seed"], workers=True, verbose=False)
    cohort = (share_cohort if shares_data else load_cohort)(config["recordings"])
    data = _open_data(config, cohort)
    read = time.perf_counter()
    model: LegScorer = build_model(config)
    model.set_training_counts(data.score_counts("train"))
    evaluation = config["evaluation"]
    video_scores = VideoScores(
        data.samples, data.split_fold, evaluation["clips"], evaluation["primary"]
    )
    start = find_start(run_dir, cohort.data_hash)
    if start.last is None and is_first_process():
        clear_curves(run_dir)
    loggers = open_loggers(config.get("logger", DEFAULT), run_dir, start)
    with BackgroundCheckpointIO(before_write=lambda: flush_all(loggers)) as files:
        checkpoints = RunCheckpoints(
            run_dir, files, cohort.data_hash, config.get("save_every_s", SAVE_EVERY_S), start.best
        )
        callbacks = [*_callbacks(config, data, video_scores), checkpoints]
        trainer = build_trainer(config["trainer"], loggers, callbacks, files)
        fit(trainer, model, data, run_dir, start)
        if not is_first_after(trainer):
            return None
        files.wait_for(checkpoint_path(run_dir, BEST))
        trained = time.perf_counter()
        options = ReviewOptions.from_config(config)
        if options.pictures:
            prepare_pictures()
        keeper = ClipKeeper()
        testing = [video_scores, keeper, *progress_callbacks([])]
        evaluate_best(model, data, trainer, run_dir, testing)
        times = Times(read - started, trained - read, time.perf_counter() - trained)
        predictions = pd.concat([video_scores.predictions[stage] for stage in ("val", "test")])
        result = make_result(config, cohort, data, model, predictions, run_dir)
        result = with_training(result, trainer, run_dir, times)
        log_summary(trainer, config, result)
        finish_run(run_dir, result, predictions)
        if not config.get("keep_last", False):
            files.discard(checkpoint_path(run_dir, LAST))
    log_texts(trainer, config, result, cohort)
    if options.pictures:
        fold = result.split.fold
        log_pictures(trainer, model, data, keeper, predictions, cohort, fold, options.legs)
    for other in loggers[0].others:
        other.close()
    return result


def _open_data(config: RunConfig, cohort: Cohort) -> KeypointClips:
    """The data of a run, refused where its labels or its weights would make the test unfair."""
    check_rater_rule(cohort)
    check_unseen(config, cohort.data_hash)
    data = build_data(config, cohort)
    if not data.is_leaky:
        tested = {data.samples[index].patient for index in data.split.test}
        check_pretraining(config["model"].get("weights", "auto"), cohort, tested)
    return data


def _callbacks(
    config: RunConfig, data: KeypointClips, video_scores: VideoScores
) -> list[lightning.Callback]:
    """What goes along with the training, in this order."""
    evaluation = config["evaluation"]
    options = ReviewOptions.from_config(config)
    return [
        video_scores,
        StepSeeds(config["seed"]),
        *([GraphedSteps()] if config.get("cuda_graphs", False) else []),
        *training_callbacks(options, data, evaluation["clips"]),
        *progress_callbacks(evaluation["primary"]),
    ]
