"""What result.json says of a run, put together from its config, data and predictions."""

from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import lightning
import numpy as np
import pandas as pd

from pdla.data.clips.datamodules import KeypointClips
from pdla.data.recordings import Cohort
from pdla.data.skeletons import legs_of
from pdla.data.stages import STAGES, Stage
from pdla.evaluation.baselines import majority
from pdla.evaluation.metrics import check_contrast, leg_metrics, predicted_score
from pdla.evaluation.video_scores import table_metrics, table_reasons
from pdla.models.scorer import LegScorer
from pdla.runs.config import RunConfig
from pdla.runs.folder import BEST, checkpoint_path, config_hash, file_hash
from pdla.runs.overview import read_overrides
from pdla.runs.result import RunResult, as_score_counts
from pdla.training.provenance import git_commit
from pdla.training.records import record_data


@dataclass(frozen=True)
class Times:
    """Seconds that the parts of a run took."""

    read_s: float
    train_s: float
    test_s: float


def with_training(
    result: RunResult, trainer: lightning.Trainer, run_dir: Path, times: Times
) -> RunResult:
    """A result with what the training adds: device, epochs, times, code, the best checkpoint."""
    return replace(
        result,
        checkpoint_hash=file_hash(checkpoint_path(run_dir, BEST)),
        commit=git_commit(),
        command=read_overrides(run_dir) or (),
        device=str(trainer.strategy.root_device),
        epochs=trainer.current_epoch,
        times={name: round(seconds, 2) for name, seconds in vars(times).items()},
    )


def make_result(
    config: RunConfig,
    cohort: Cohort,
    data: KeypointClips,
    model: LegScorer,
    predictions: pd.DataFrame,
    run_dir: Path,
) -> RunResult:
    """The result of a run, without what `with_training` adds; writes split.json and the legs."""
    legs = legs_of(config["leg"])
    records = record_data(run_dir, cohort, data.splitter, config["recordings"], legs)
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
