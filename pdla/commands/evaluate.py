"""`pdla evaluate`: finished runs score another data set as they are (external validation).

Nothing is fitted, chosen or rescaled on the new data. Every run scores every rated leg of it, so
each fold's model is a pass of its own; baselines learn from the same training legs as the runs.
"""

import hashlib
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import yaml

from pdla.commands.options import read_options
from pdla.data.files import write_json, write_text
from pdla.data.intake import check_rater_rule, read_cohort
from pdla.data.intake.agreement import Agreement
from pdla.data.reasons import Reason
from pdla.data.recordings import SCORES, Cohort
from pdla.data.skeletons import Leg
from pdla.data.splits.files import FoldsRecord
from pdla.evaluation.abstention import disagreements, leave_out, withhold
from pdla.evaluation.leg_table import KEYPOINTS
from pdla.evaluation.predictions import LegKey
from pdla.evaluation.video_scores import table_metrics, table_reasons
from pdla.models.shipped import NEVER_REAL, is_shipped
from pdla.report.study import Study
from pdla.report.study_run import StudyRun
from pdla.runs.folder import CONFIG, LEGS_FOLDER, RESULT, SPLIT, finish_run
from pdla.runs.result import (
    EXTERNAL_RULE,
    DataSource,
    ExternalRecord,
    RunResult,
    as_score_counts,
)
from pdla.training.prediction import Predictor, read_finished, training_ranges
from pdla.training.pretraining import can_tell_patients
from pdla.training.records import count_flow, legs_table, rater_agreement
from pdla.training.results import count_exclusions

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OtherData:
    """The data set that finished runs score.

    Attributes:
        cohort: What was read.
        legs: Its table of rated legs.
        videos: Where its videos are.
        agreement: Of its raters.
    """

    cohort: Cohort
    legs: pd.DataFrame
    videos: str
    agreement: dict[Leg, Agreement]


def evaluate_runs(
    folder: Path, videos: Path, labels: Path, store: Path, overrides: list[str], out: Path | None
) -> Path:
    """Score another data set with finished runs.

    Args:
        folder: A run, or a study: then all its finished runs.
        videos: OpenPose folders of the other data.
        labels: Its label sheet.
        store: Where its keypoints are kept. Pseudonyms follow from the secret next to the store:
            with that of the training data, people who are in both are found and refused.
        overrides: Intake options of the other data, as `recordings.openpose.fps=25`.
        out: Folder of the new study; by default beside the study, named after both.

    Returns:
        Folder of the new study, one run for each of the old ones.

    Raises:
        ValueError: If there is no finished run or no rated leg, or patients were trained on.
    """
    study = read_finished(folder)
    source = Path("runs") / study.name if is_shipped(study.folder) else study.folder.resolve()
    out = out or source.with_name(f"{source.name}-on-{videos.resolve().name}")
    if any(out.glob(f"*/{RESULT}")):
        raise ValueError(f"{out}: holds an evaluation already; delete it, or give another --out")
    options = read_options(None, overrides)
    cohort = read_cohort(videos, labels, store, options)
    check_rater_rule(cohort)
    if not cohort.rated_legs:
        raise ValueError(
            f"{labels}: no rated leg with usable keypoints in {videos}; `pdla check` says why"
        )
    legs = legs_table(cohort.rated_legs)
    for run in study.runs:
        _check_others(run, legs, cohort)
    cohort = withhold(cohort, training_ranges(study.runs))
    if not cohort.rated_legs:
        raise ValueError(
            f"{videos}: no leg for which a score would be given; `pdla check` says why"
        )
    for name, why in study.failures.items():
        log.warning("not used: %s: %s", name, why)
    if is_shipped(study.folder):
        log.warning(NEVER_REAL)
    predictions = _predict(study, cohort, store)
    disputed = _disputed(study, predictions)
    kept = {name: _without(table, disputed) for name, table in predictions.items()}
    if not any(len(table) for table in kept.values()):
        raise ValueError(f"{videos}: runs of one model disagree on every leg: no score is given")
    cohort = leave_out(cohort, disputed, Reason.RUNS_DISAGREE)
    other = OtherData(
        cohort, legs_table(cohort.rated_legs), str(videos), rater_agreement(labels, options)
    )
    for run in study.runs:
        _evaluate(run, kept[run.folder.name], other, out / run.folder.name)
    return out


def _predict(study: Study, cohort: Cohort, store: Path) -> dict[str, pd.DataFrame]:
    """Predictions of each run, by the name of its folder."""
    predictor, predictions = Predictor(cohort, store), {}
    for run in study.runs:
        log.info("%s scores %d legs", run.folder.name, len(cohort.rated_legs))
        predictions[run.folder.name] = predictor.predict(run)
    return predictions


def _without(predictions: pd.DataFrame, legs: Collection[LegKey]) -> pd.DataFrame:
    keys = zip(predictions["video_id"], predictions["leg"], strict=True)
    return predictions[[key not in legs for key in keys]].reset_index(drop=True)


def _disputed(study: Study, predictions: Mapping[str, pd.DataFrame]) -> set[LegKey]:
    """Legs on which the runs of any model disagree: no model is judged by them."""
    disputed: set[LegKey] = set()
    for variant in study.variants.values():
        tables = [predictions[run.folder.name] for run in variant.runs]
        if found := disagreements(pd.concat(tables)):
            log.warning("%s: runs disagree on %d legs: left out", variant.name, len(found))
        disputed |= found
    return disputed


def _check_others(run: StudyRun, legs: pd.DataFrame, cohort: Cohort) -> None:
    """Refuse data of patients whom the run knows; say it when that cannot be told."""
    if shared := sorted(set(run.legs["patient"]) & set(legs["patient"])):
        raise ValueError(
            f"patients of {run.folder.name} are in the other data as well: "
            f"{', '.join(shared[:5])}; that is no external validation"
        )
    copies = set(run.legs.get(KEYPOINTS, ())) & set(legs[KEYPOINTS]) - {""}
    if copies or run.result.data_hash == cohort.data_hash:
        n_copies = len(copies) or len(set(legs["video_id"]))
        raise ValueError(
            f"{n_copies} recordings of {run.folder.name} are in the other data as well; that is no "
            "external validation"
        )
    if not is_shipped(run.folder.parent) and not can_tell_patients(run.result, cohort):
        log.warning(
            "%s: was trained in another working folder, or before pdla 0.2: whether its patients "
            "are in the other data cannot be told", run.folder.name,
        )  # fmt: skip


def _evaluate(run: StudyRun, predictions: pd.DataFrame, other: OtherData, run_dir: Path) -> None:
    joined = pd.concat([run.legs, other.legs], ignore_index=True)
    tested = tuple(range(len(run.legs), len(joined)))
    folds = tuple(replace(fold, test=tested) for fold in run.folds)
    digest = hashlib.sha256(
        f"{run.result.data_hash} {run.result.split.hash} {other.cohort.data_hash}".encode()
    ).hexdigest()
    run_dir.mkdir(parents=True, exist_ok=True)
    legs_path = run_dir.parent / LEGS_FOLDER / f"{digest[:16]}.csv"
    legs_path.parent.mkdir(exist_ok=True)
    write_text(legs_path, joined.to_csv(index=False, float_format="%.6g"))
    write_json(run_dir / SPLIT, FoldsRecord(EXTERNAL_RULE, digest, folds).to_json())
    write_text(run_dir / CONFIG, yaml.safe_dump(run.config, sort_keys=False, allow_unicode=True))
    result = replace(
        _result_on(run, other, predictions),
        external=ExternalRecord(run.folder.name, other.videos, other.cohort.data_hash),
        data_hash=digest,
        legs_file=legs_path.name,
        split=replace(run.result.split, rule=EXTERNAL_RULE, hash=digest),
    )
    finish_run(run_dir, result, predictions)


def _result_on(run: StudyRun, other: OtherData, predictions: pd.DataFrame) -> RunResult:
    """The result of the run, with what the other data changes."""
    result = run.result
    counts = [int((predictions["score"] == score).sum()) for score in SCORES]
    return replace(
        result,
        metrics={**result.metrics, "test": table_metrics(predictions)},
        undefined={"test": table_reasons(predictions)},
        score_counts={**result.score_counts, "test": as_score_counts(counts)},
        patient_counts={**result.patient_counts, "test": int(predictions["patient"].nunique())},
        excluded=count_exclusions(other.cohort),
        flow=count_flow(other.cohort, result.legs),
        data=DataSource("another data set"),
        agreement=other.agreement,
    )
