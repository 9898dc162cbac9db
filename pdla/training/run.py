"""One run: config -> data, model, trainer; fit, test the best checkpoint, write the result last."""

import json
import logging
import os
import signal
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import lightning
import numpy as np
import pandas as pd
import torch
from lightning.fabric.plugins import CheckpointIO
from lightning.fabric.plugins.environments.slurm import SLURMEnvironment

from pdla.data.clips.datamodules import KeypointClips
from pdla.data.intake import IntakeOptions, check_rater_rule, read_cohort, source_paths
from pdla.data.progress import is_terminal
from pdla.data.recordings import Cohort
from pdla.data.skeletons import legs_of
from pdla.data.stages import STAGES, Stage
from pdla.evaluation.baselines import majority
from pdla.evaluation.metrics import check_contrast, check_primary, leg_metrics, predicted_score
from pdla.evaluation.video_scores import VideoScores, table_metrics, table_reasons
from pdla.models.scorer import LegScorer
from pdla.models.weights import check_same_layers
from pdla.review.legs import ClipKeeper
from pdla.review.logger import HistoryLogger, RunLogger, flush_all
from pdla.review.options import ReviewOptions
from pdla.review.other_loggers import DEFAULT, TENSORBOARD, check_loggers, other_loggers
from pdla.review.progress import progress_callbacks
from pdla.review.session import log_pictures, log_texts, training_callbacks
from pdla.runs.config import RunConfig, Section
from pdla.runs.folder import (
    BEST,
    LAST,
    checkpoint_path,
    claim_folder,
    clear_curves,
    config_hash,
    fail_run,
    file_hash,
    finish_run,
    is_first_process,
    open_run,
    read_result,
)
from pdla.runs.overview import read_overrides
from pdla.runs.result import RunResult, as_score_counts
from pdla.targets import build, find_class
from pdla.training.checkpoint_files import BackgroundCheckpointIO
from pdla.training.checkpoints import RunCheckpoints, Start, find_start
from pdla.training.config import build_model, check_config, check_machine
from pdla.training.console import print_line, print_result
from pdla.training.memory import name_memory_settings
from pdla.training.pretraining import check_pretraining
from pdla.training.provenance import git_commit
from pdla.training.randomness import StepSeeds
from pdla.training.records import DataRecord, record_data
from pdla.training.schedules import LongerSchedule
from pdla.training.signals import RunStopped, requeue_job, stop_on_signals
from pdla.training.tensorboard import log_summary

log = logging.getLogger(__name__)

# Lightning sets its logger to INFO on import; what a user needs to know of a run we say ourselves.
logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
# Lightning 2.6 still asks torch for LeafSpec, which torch 2.15 announces to leave one day.
warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)


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
            fail_run(run_dir, f"{type(error).__name__}: {error}\n")
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
    check_rater_rule(cohort)
    data = build_data(config, cohort)
    if not data.is_leaky:
        tested = {data.samples[index].patient for index in data.split.test}
        check_pretraining(config["model"].get("weights", "auto"), cohort, tested)
    read = time.perf_counter()
    model: LegScorer = build_model(config)
    model.set_training_counts(data.score_counts("train"))
    evaluation = config["evaluation"]
    primary = evaluation["primary"]
    video_scores = VideoScores(data.samples, data.split_fold, evaluation["clips"], primary)
    options = ReviewOptions.from_config(config)
    start = find_start(run_dir, cohort.data_hash)
    if start.last is None and is_first_process():
        clear_curves(run_dir)
    loggers = open_loggers(config.get("logger", DEFAULT), run_dir, start)
    callbacks = [
        video_scores,
        StepSeeds(config["seed"]),
        *training_callbacks(options, data, evaluation["clips"]),
        *progress_callbacks(primary),
    ]
    with BackgroundCheckpointIO(before_write=lambda: flush_all(loggers)) as files:
        checkpoints = RunCheckpoints(
            run_dir, files, cohort.data_hash, config.get("save_every_s", SAVE_EVERY_S), start.best
        )
        trainer = build_trainer(config["trainer"], loggers, [*callbacks, checkpoints], files)
        fit(trainer, model, data, run_dir, start)
        if not is_first_after(trainer):
            return None
        files.wait_for(checkpoint_path(run_dir, BEST))
        trained = time.perf_counter()
        keeper = ClipKeeper()
        progress = progress_callbacks([])
        evaluate_best(model, data, trainer, run_dir, [video_scores, keeper, *progress])
        times = {
            "read_s": round(read - started, 2),
            "train_s": round(trained - read, 2),
            "test_s": round(time.perf_counter() - trained, 2),
        }
        predictions = pd.concat([video_scores.predictions[stage] for stage in ("val", "test")])
        records = record_data(
            run_dir, cohort, data.splitter, config["recordings"], legs_of(config["leg"])
        )
        result = replace(
            make_result(config, cohort, data, model, predictions, records),
            checkpoint_hash=file_hash(checkpoint_path(run_dir, BEST)),
            commit=git_commit(),
            command=read_overrides(run_dir) or (),
            device=str(trainer.strategy.root_device),
            epochs=trainer.current_epoch,
            times=times,
        )
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


def open_loggers(
    chosen: Mapping[str, Any], run_dir: Path, start: Start
) -> tuple[RunLogger, HistoryLogger]:
    """Of the run itself first; what other tools are wanted hangs on it, in the first process."""
    steps = start.last.steps if start.last else None
    board = RunLogger(run_dir, steps, writes_events=TENSORBOARD in chosen)
    if is_first_process():
        board.others = other_loggers(chosen, run_dir)
    return board, HistoryLogger(run_dir)


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


def load_cohort(recordings: Section) -> Cohort:
    """Read a clinic's recordings; the simulated clinic is written first if it is not there yet."""
    videos, labels = source_paths(recordings)
    if "simulate" in recordings:
        _simulate_once(videos.parent, recordings["simulate"])
    options = IntakeOptions.from_config(recordings)
    return read_cohort(videos, labels, Path(recordings["store"]), options)


SHARED: Final[dict[str, Cohort]] = {}  # the data set that the runs of this process share


def share_cohort(recordings: Section) -> Cohort:
    """As `load_cohort`, but the same recordings are read once by this process.

    A sweep tests all of its runs on what its first run has read: files that change meanwhile cannot
    make its folds differ. Only the last data set is kept.
    """
    key = json.dumps(recordings, sort_keys=True, default=str)
    if key not in SHARED:
        SHARED.clear()
        SHARED[key] = load_cohort(recordings)
    return SHARED[key]


def _simulate_once(folder: Path, simulate: Section) -> None:
    # Imported here: a clinic with data of its own never needs the simulation.
    from pdla.data.simulation import SimulationOptions, check_same_simulation, simulate_cohort

    options = SimulationOptions(**simulate)
    if folder.exists():
        check_same_simulation(folder, options)
        return
    log.info("%s is not there yet: writing a simulated clinic", folder)
    simulate_cohort(folder, options)


def build_data(config: RunConfig, cohort: Cohort) -> KeypointClips:
    """The data module of a config on a cohort."""
    section = config["data"]
    options: dict[str, Any] = {
        "cohort": cohort,
        "splitter": build(config["split"], "split"),
        "legs": legs_of(config["leg"]),
        "sampling": build(config["sampling"], "sampling"),
        "augmentations": [build(one, "augment") for one in (config["augment"] or {}).values()],
        "seed": config["seed"],
    }
    if find_class(section["_target_"], "data").styles:
        options["drawing"] = build(config["drawing"], "drawing")
    data: KeypointClips = build(section, "data", **options)
    return data


def make_result(
    config: RunConfig,
    cohort: Cohort,
    data: KeypointClips,
    model: LegScorer,
    predictions: pd.DataFrame,
    records: DataRecord,
) -> RunResult:
    """The result of a run, without what the trainer knows."""
    counts = {stage: data.score_counts(stage) for stage in STAGES}
    scored: tuple[Stage, ...] = ("val", "test")
    tables = {stage: predictions[predictions["stage"] == stage] for stage in scored}
    return RunResult(
        model=model.name,
        leg=config["leg"],
        seed=config["seed"],
        is_leaky=data.is_leaky,
        primary=tuple(config["evaluation"]["primary"]),
        contrast=check_contrast(config["evaluation"].get("contrast")),
        clips=config["evaluation"]["clips"],
        metrics={stage: table_metrics(table) for stage, table in tables.items()},
        undefined={stage: table_reasons(table) for stage, table in tables.items()},
        baselines={"majority": _majority_metrics(counts, tables["test"])},
        score_counts={stage: as_score_counts(counts[stage]) for stage in STAGES},
        patient_counts={stage: data.n_patients(stage) for stage in STAGES},
        unsupported_scores=tuple(score for score, n in enumerate(counts["train"]) if n == 0),
        excluded=count_exclusions(cohort),
        weights_source=model.weights_source,
        config_hash=config_hash(config),
        data_hash=cohort.data_hash,
        versions={
            name: _installed_version(name)
            for name in ("pdla", "torch", "torchvision", "lightning", "hydra-core")
        },
        **vars(records),
    )


def _installed_version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # train.py also runs from a checkout that was not installed
        return "not installed"


def count_exclusions(cohort: Cohort) -> dict[str, int]:
    """How many videos or legs were left out, by reason; the commonest first."""
    reasons = pd.Series([exclusion.reason.text for exclusion in cohort.exclusions], dtype=str)
    return {str(reason): int(count) for reason, count in reasons.value_counts().items()}


def _majority_metrics(counts: dict[Stage, list[int]], table: pd.DataFrame) -> dict[str, float]:
    """Of the training legs, from which the model has learnt; so do a report's baselines."""
    probabilities = majority(counts["train"], len(table))
    score = table["score"].to_numpy(dtype=np.int64)
    return leg_metrics(score, predicted_score(probabilities), probabilities)


SAVE_EVERY_S: Final = 30.0


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
    trainer: lightning.Trainer = build(
        {**options, "enable_progress_bar": is_terminal()},
        "trainer",
        default_root_dir=loggers[0].root_dir,
        logger=[*loggers, *loggers[0].others],
        plugins=plugins,
        callbacks=list(callbacks),
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
    best = checkpoint_path(run_dir, BEST)
    evaluator.validate(model, data, ckpt_path=best, verbose=False, weights_only=True)
    evaluator.test(model, data, ckpt_path=best, verbose=False, weights_only=True)
