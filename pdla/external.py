"""`pdla evaluate`: finished runs score another data set as they are (external validation).

Nothing is fitted, chosen or rescaled on the new data. Every run scores every rated leg of it, so
each fold's model is a pass of its own; baselines learn from the same training legs as the runs.
"""

import hashlib
import logging
from pathlib import Path
from typing import Any

import lightning
import pandas as pd
import yaml
from hydra.utils import get_class

from pdla.check import read_options
from pdla.config import legs_of
from pdla.data.folds import AllTested
from pdla.data.intake import read_cohort
from pdla.data.progress import is_terminal
from pdla.data.recordings import SCORES, Cohort
from pdla.evaluation.study import StudyRun, read_run, read_study
from pdla.evaluation.video_scores import VideoScores, table_metrics, table_reasons
from pdla.models.scorer import LegScorer
from pdla.records import count_flow, legs_table, rated_legs
from pdla.runs import CONFIG, LEGS_FOLDER, RESULT, SPLIT, finish_run, write_json, write_text
from pdla.training import build_data, count_exclusions, json_ready

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
    is_run = (folder / RESULT).exists()
    runs = [read_run(folder)] if is_run else read_study(folder).runs
    study = folder.resolve().parent if is_run else folder.resolve()
    out = out or study.with_name(f"{study.name}-on-{videos.resolve().name}")
    if any(out.glob(f"*/{RESULT}")):
        raise ValueError(f"{out}: holds an evaluation already; delete it, or give another --out")
    cohort = read_cohort(videos, labels, store, read_options(None, overrides))
    if not rated_legs(cohort):
        raise ValueError(f"{labels}: no rated leg with usable keypoints in {videos}")
    legs = legs_table(rated_legs(cohort))
    for run in runs:
        _check_others(run, legs)
    for run in runs:
        log.info("%s scores %d legs", run.folder.name, len(legs))
        _evaluate(run, cohort, legs, out / run.folder.name, str(videos))
    return out


def _check_others(run: StudyRun, legs: pd.DataFrame) -> None:
    if shared := sorted(set(run.legs["patient"]) & set(legs["patient"])):
        raise ValueError(
            f"patients of {run.folder.name} are in the other data as well: "
            f"{', '.join(shared[:5])}; that is no external validation"
        )


def _evaluate(
    run: StudyRun, cohort: Cohort, legs: pd.DataFrame, run_dir: Path, source: str
) -> None:
    config = {**run.config, "split": {"_target_": f"{AllTested.__module__}.AllTested"}}
    predictions = predict_all(run, config, cohort)
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
    external = {"from": run.folder.name, "videos": source, "data_hash": cohort.data_hash}
    write_text(run_dir / CONFIG, yaml.safe_dump(run.config, sort_keys=False, allow_unicode=True))
    result = _describe(run, cohort, predictions) | {
        "external": external,
        "data_hash": digest,
        "legs_file": legs_path.name,
        "split": {**run.result["split"], "rule": "external", "hash": digest},
    }
    finish_run(run_dir, result, predictions)


def predict_all(run: StudyRun, config: dict[str, Any], cohort: Cohort) -> pd.DataFrame:
    """Predictions of a run's best checkpoint for every rated leg of its side."""
    checkpoint = run.folder / "checkpoints" / "best.ckpt"
    if not checkpoint.exists():
        raise ValueError(f"{checkpoint}: is gone; run it again")
    data = build_data(config, cohort)
    model_class: Any = get_class(config["model"]["_target_"])
    # Everything is in the checkpoint: no pre-trained weights are looked for.
    model: LegScorer = model_class.load_from_checkpoint(
        checkpoint, map_location="cpu", weights="none"
    )
    scores = VideoScores(data.samples, run.result["split"]["fold"], config["evaluation"]["clips"])
    tester = lightning.Trainer(
        accelerator="auto",
        devices=1,
        logger=False,
        enable_progress_bar=is_terminal(),
        enable_model_summary=False,
        callbacks=[scores],
    )
    tester.test(model, data, verbose=False)
    return scores.predictions["test"]


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
        "agreement": {},
        "data": {"name": "another data set", "simulated": None},
    }
