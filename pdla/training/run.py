"""One run: config -> data, model, trainer; fit, test the best checkpoint, write the result last."""

import logging
import os
import time
import warnings
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import lightning
import numpy as np
import pandas as pd
from lightning.pytorch.callbacks import ModelCheckpoint

from pdla.data.clips.datamodules import KeypointClips
from pdla.data.intake import IntakeOptions, read_cohort
from pdla.data.progress import is_terminal
from pdla.data.recordings import Cohort
from pdla.data.skeletons import legs_of
from pdla.data.stages import STAGES, Stage
from pdla.evaluation.baselines import majority
from pdla.evaluation.metrics import check_primary, leg_metrics, predicted_score
from pdla.evaluation.video_scores import VideoScores, table_metrics, table_reasons
from pdla.models.scorer import LegScorer
from pdla.models.weights import check_same_layers
from pdla.review.legs import ClipKeeper
from pdla.review.logger import RunLogger
from pdla.review.options import ReviewOptions
from pdla.review.progress import progress_callbacks
from pdla.review.session import log_pictures, log_texts, training_callbacks
from pdla.runs.folder import (
    claim_folder,
    config_hash,
    fail_run,
    finish_run,
    last_checkpoint,
    open_run,
    read_result,
)
from pdla.training.config import build, build_model, check_config
from pdla.training.console import print_result
from pdla.training.pretraining import check_pretraining
from pdla.training.records import record_data
from pdla.training.tensorboard import log_summary

log = logging.getLogger(__name__)

# Lightning sets its logger to INFO on import; what a user needs to know of a run we say ourselves.
logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
# Lightning 2.6 still asks torch for LeafSpec, which torch 2.15 announces to leave one day.
warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)


def run(config: dict[str, Any], run_dir: Path) -> float:
    """Train, test and record one run; a finished run is only shown again.

    Args:
        config: Plain config, as `pdla.training.config.plain_config` gives it.
        run_dir: Folder of this run.

    Returns:
        The best checkpoint's ranked probability score on the validation patients, for sweepers that
        tune: it is never the test set's.

    Raises:
        ValueError: If the config or the data cannot work, or another process writes into the
            folder; nothing was trained then.
    """
    check_config(config)
    check_primary(config["evaluation"]["primary"])
    ReviewOptions.from_config(config)
    with claim_folder(run_dir):
        return _run_once(config, run_dir)


def _run_once(config: dict[str, Any], run_dir: Path) -> float:
    open_run(run_dir, config)
    result = read_result(run_dir)
    if result is None:
        try:
            result = _train_and_test(config, run_dir)
        except BaseException as error:
            fail_run(run_dir, f"{type(error).__name__}: {error}\n")
            raise
    else:
        log.info("%s is finished already; delete the folder to run it again", run_dir)
    print_result(result, Path(os.path.relpath(run_dir)))
    return float(result["metrics"]["val"]["rps"])


def _train_and_test(config: dict[str, Any], run_dir: Path) -> dict[str, Any]:
    started = time.perf_counter()
    lightning.seed_everything(config["seed"], workers=True, verbose=False)
    cohort = load_cohort(config["recordings"])
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
    callbacks = [
        *training_callbacks(options, data, evaluation["clips"]),
        *progress_callbacks(primary),
    ]
    trainer = build_trainer(config["trainer"], run_dir, video_scores, callbacks)
    if (last := last_checkpoint(run_dir)) is not None:
        check_same_layers(model, last)
    trainer.fit(model, data, ckpt_path=last)
    trained = time.perf_counter()
    keeper = ClipKeeper()
    evaluate_best(model, data, trainer, run_dir, [video_scores, keeper, *progress_callbacks([])])
    times = {
        "read_s": round(read - started, 2),
        "train_s": round(trained - read, 2),
        "test_s": round(time.perf_counter() - trained, 2),
    }
    predictions = pd.concat([video_scores.predictions[stage] for stage in ("val", "test")])
    records = record_data(
        run_dir, cohort, data.splitter, config["recordings"], legs_of(config["leg"])
    )
    result = make_result(config, cohort, data, model, predictions) | {
        **records,
        "device": str(trainer.strategy.root_device),
        "epochs": trainer.current_epoch,
        "times": times,
    }
    log_summary(trainer, config, result)
    finish_run(run_dir, result, predictions)
    log_texts(trainer, config, result, cohort)
    if options.pictures:
        fold = result["split"]["fold"]
        log_pictures(trainer, model, data, keeper, predictions, cohort, fold, options.legs)
    return result


def load_cohort(recordings: dict[str, Any]) -> Cohort:
    """Read a clinic's recordings; the simulated clinic is written first if it is not there yet."""
    videos, labels = Path(recordings["videos"]), Path(recordings["labels"])
    if "simulate" in recordings:
        _simulate_once(videos.parent, recordings["simulate"])
    options = IntakeOptions.from_config(recordings)
    return read_cohort(videos, labels, Path(recordings["store"]), options)


def _simulate_once(folder: Path, simulate: dict[str, Any]) -> None:
    # Imported here: a clinic with data of its own never needs the simulation.
    from pdla.data.simulation import SimulationOptions, check_same_simulation, simulate_cohort

    options = SimulationOptions(**simulate)
    if folder.exists():
        check_same_simulation(folder, options)
        return
    log.info("%s is not there yet: writing a simulated clinic", folder)
    simulate_cohort(folder, options)


def build_data(config: dict[str, Any], cohort: Cohort) -> KeypointClips:
    """The data module of a config on a cohort."""
    data: KeypointClips = build(
        config["data"],
        cohort=cohort,
        splitter=build(config["split"]),
        legs=legs_of(config["leg"]),
        sampling=build(config["sampling"]),
        augmentations=[build(section) for section in (config["augment"] or {}).values()],
        seed=config["seed"],
    )
    return data


def make_result(
    config: dict[str, Any],
    cohort: Cohort,
    data: KeypointClips,
    model: LegScorer,
    predictions: pd.DataFrame,
) -> dict[str, Any]:
    """The contents of result.json that do not depend on the trainer."""
    counts = {stage: data.score_counts(stage) for stage in STAGES}
    tables = {stage: predictions[predictions["stage"] == stage] for stage in ("val", "test")}
    return {
        "model": model.name,
        "leg": config["leg"],
        "fold": data.split_fold,
        "seed": config["seed"],
        "is_leaky": data.is_leaky,
        "primary": list(config["evaluation"]["primary"]),
        "clips": config["evaluation"]["clips"],
        "metrics": {stage: json_ready(table_metrics(table)) for stage, table in tables.items()},
        "undefined": {stage: table_reasons(table) for stage, table in tables.items()},
        "baselines": {"majority": json_ready(_majority_metrics(counts, tables["test"]))},
        "score_counts": counts,
        "patient_counts": {stage: data.n_patients(stage) for stage in STAGES},
        "unsupported_scores": [score for score, n in enumerate(counts["train"]) if n == 0],
        "excluded": count_exclusions(cohort),
        "weights_source": model.weights_source,
        "config_hash": config_hash(config),
        "data_hash": cohort.data_hash,
        "versions": {
            name: _installed_version(name)
            for name in ("pdla", "torch", "torchvision", "lightning", "hydra-core")
        },
    }


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
    """Of all legs that are not tested; a report's baselines learn from the same."""
    known = [train + val for train, val in zip(counts["train"], counts["val"], strict=True)]
    probabilities = majority(known, len(table))
    score = table["score"].to_numpy(dtype=np.int64)
    return leg_metrics(score, predicted_score(probabilities), probabilities)


def json_ready(metrics: dict[str, float]) -> dict[str, float | None]:
    """Undefined metrics become null: JSON has no NaN."""
    return {name: value if np.isfinite(value) else None for name, value in metrics.items()}


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
