"""`pdla evaluate`: finished runs score another data set as they are (external validation).

Nothing is fitted, chosen or rescaled on the new data. Every run scores every rated leg of it, so
each fold's model is a pass of its own; baselines learn from the same training legs as the runs.
"""

import hashlib
import logging
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from pdla.commands.options import read_options
from pdla.data.files import write_json, write_text
from pdla.data.intake import read_cohort
from pdla.data.recordings import SCORES, Cohort
from pdla.data.skeletons import legs_of
from pdla.evaluation.video_scores import table_metrics, table_reasons
from pdla.report.study import StudyRun
from pdla.runs.folder import CONFIG, LEGS_FOLDER, RESULT, SPLIT, finish_run
from pdla.training.prediction import Predictor, read_finished
from pdla.training.records import count_flow, legs_table, rater_agreement
from pdla.training.run import count_exclusions, json_ready

log = logging.getLogger(__name__)


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
    source = study.folder.resolve()
    out = out or source.with_name(f"{source.name}-on-{videos.resolve().name}")
    if any(out.glob(f"*/{RESULT}")):
        raise ValueError(f"{out}: holds an evaluation already; delete it, or give another --out")
    options = read_options(None, overrides)
    cohort = read_cohort(videos, labels, store, options)
    if not cohort.rated_legs:
        raise ValueError(f"{labels}: no rated leg with usable keypoints in {videos}")
    for name, why in study.failures.items():
        log.warning("not used: %s: %s", name, why)
    legs = legs_table(cohort.rated_legs)
    for run in study.runs:
        _check_others(run, legs)
    agreement = rater_agreement(labels, options)
    predictor = Predictor(cohort, store)
    for run in study.runs:
        log.info("%s scores %d legs", run.folder.name, len(legs))
        run_dir = out / run.folder.name
        _evaluate(run, predictor, legs, run_dir, {"agreement": agreement, "videos": str(videos)})
    return out


def _check_others(run: StudyRun, legs: pd.DataFrame) -> None:
    if shared := sorted(set(run.legs["patient"]) & set(legs["patient"])):
        raise ValueError(
            f"patients of {run.folder.name} are in the other data as well: "
            f"{', '.join(shared[:5])}; that is no external validation"
        )


def _evaluate(
    run: StudyRun, predictor: Predictor, legs: pd.DataFrame, run_dir: Path, facts: dict[str, Any]
) -> None:
    cohort = predictor.cohort
    predictions = predictor.predict(run)
    joined = pd.concat([run.legs, legs], ignore_index=True)
    tested = list(range(len(run.legs), len(joined)))
    folds = [{**fold, "test": tested} for fold in run.folds]
    digest = hashlib.sha256(
        f"{run.result['data_hash']} {run.result['split']['hash']} {cohort.data_hash}".encode()
    ).hexdigest()
    run_dir.mkdir(parents=True, exist_ok=True)
    legs_path = run_dir.parent / LEGS_FOLDER / f"{digest[:16]}.csv"
    legs_path.parent.mkdir(exist_ok=True)
    write_text(legs_path, joined.to_csv(index=False, float_format="%.6g"))
    write_json(run_dir / SPLIT, {"rule": "external", "hash": digest, "folds": folds})
    external = {"from": run.folder.name, "videos": facts["videos"], "data_hash": cohort.data_hash}
    write_text(run_dir / CONFIG, yaml.safe_dump(run.config, sort_keys=False, allow_unicode=True))
    result = _describe(run, cohort, predictions) | {
        "external": external,
        "agreement": facts["agreement"],
        "data_hash": digest,
        "legs_file": legs_path.name,
        "split": {**run.result["split"], "rule": "external", "hash": digest},
    }
    finish_run(run_dir, result, predictions)


def _describe(run: StudyRun, cohort: Cohort, predictions: pd.DataFrame) -> dict[str, Any]:
    """result.json: the run's own, with what the other data changes."""
    counts = [int((predictions["score"] == score).sum()) for score in SCORES]
    patients = int(predictions["patient"].nunique())
    return run.result | {
        "metrics": {**run.result["metrics"], "test": json_ready(table_metrics(predictions))},
        "undefined": {"test": table_reasons(predictions)},
        "score_counts": {**run.result["score_counts"], "test": counts},
        "patient_counts": {**run.result["patient_counts"], "test": patients},
        "excluded": count_exclusions(cohort),
        "flow": count_flow(cohort, legs_of(run.result["leg"])),
        "data": {"name": "another data set", "simulated": None},
    }
