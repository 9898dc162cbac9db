"""What a finished run shows: pictures, texts, curves and features, drawn once, after the result.

The result stands before any of this begins. What cannot be drawn is said in a line and left out.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pdla.data.files import write_bytes
from pdla.data.recordings import N_SCORES, LegSample
from pdla.data.splits.files import FoldsRecord
from pdla.evaluation.metrics import THRESHOLDS, reach_probability
from pdla.evaluation.predictions import LEG_KEY, probabilities_of
from pdla.models.kinematic_model import WithKinematics
from pdla.models.scorer import LegScorer
from pdla.report import figures
from pdla.report.leg_pictures import Manifest, ModelPicture
from pdla.review.failures import saying_failures
from pdla.review.images import add_caption, encode_gif, figure_png
from pdla.review.leg_figure import slopes_figure
from pdla.review.leg_page import begin_page
from pdla.review.leg_pictures import (
    BOUT_FPS,
    average_slopes,
    describe_leg,
    draw_bout,
    show_legs,
)
from pdla.review.legs import ChosenLeg, ClipKeeper, choose_legs, leg_numbers
from pdla.review.logger import RunLogger
from pdla.runs.folder import PICTURES_FOLDER

SCORED_STAGES: Final = {"val": "validation, used to choose the best epoch", "test": "test"}
MIN_CURVE_LEGS: Final = 5  # on each side; a curve of fewer is a few steps
FEATURE_COLUMNS: Final = ("score", "predicted", "leg", "group", "stage", "patient", "video_id")

Pages = list[tuple[ChosenLeg, Callable[[], bytes]]]  # legs, and what waits for their PNG


@dataclass(frozen=True)
class RunReview:
    """All that a run knows when it is finished.

    Attributes:
        logger: Of the run.
        run_dir: Folder of the run.
        step: Training steps that were done.
        data: Its data module.
        model: Its model, with the weights of the best checkpoint.
        device: What it was trained on.
        keeper: What the clips of validation and test gave.
        predictions: As predictions.csv.
        split: As split.json.
        rated: The legs that `split` counts.
        fold: Which of its folds this run tested.
        n_legs: Of the worst and of the most typical legs, so many are drawn.
        name: Of model and leg, for titles.
    """

    logger: RunLogger
    run_dir: Path
    step: int
    data: Any
    model: LegScorer
    device: torch.device
    keeper: ClipKeeper
    predictions: pd.DataFrame
    split: FoldsRecord
    rated: list[LegSample]
    fold: int
    n_legs: int
    name: str


def review_run(run: RunReview) -> None:
    """Draw everything; each part by itself, so that one that fails takes no other with it.

    Pages of legs take longest: other processes draw them meanwhile.
    """
    legs = "pictures of the legs"
    pages: Pages | None = None
    with saying_failures(run.run_dir, legs):
        pages = begin_pages(run)
    parts: dict[str, Callable[[RunReview], None]] = {
        "confusion, reliability and folds": log_figures,
        "precision-recall curves": log_precision_recall,
        "features of the legs": log_features,
    }
    for name, part in parts.items():
        with saying_failures(run.run_dir, name):
            part(run)
    if pages is not None:
        with saying_failures(run.run_dir, legs):
            log_legs(run, pages)
    run.logger.flush()


def stage_rows(run: RunReview, stage: str) -> pd.DataFrame:
    """Predictions of one stage."""
    return run.predictions[run.predictions["stage"] == stage].reset_index(drop=True)


def log_figures(run: RunReview) -> None:
    """Confusion matrix and reliability curve of validation and test, scores by fold."""
    for stage, title in SCORED_STAGES.items():
        rows = [stage_rows(run, stage)]
        heading = f"{run.name}\n{title}"
        _add_figure(run, f"confusion/{stage}", figures.confusion_figure(rows, heading))
        _add_figure(run, f"reliability/{stage}", figures.reliability_figure(rows, heading))
    legs = {sample.leg for sample in run.data.samples}
    counts = fold_score_counts(run.split, run.rated, legs)
    figure = figures.fold_scores_figure(counts, "Scores by fold", run.fold)
    _add_figure(run, "folds/tested_legs_by_score", figure)


def _add_figure(run: RunReview, tag: str, figure: Figure) -> None:
    run.logger.add_picture(tag, figure_png(figure), run.step)


def fold_score_counts(
    split: FoldsRecord, rated: list[LegSample], legs: set[Any]
) -> dict[int, list[int]]:
    """Tested legs of each score in every fold."""
    counted = {}
    for number, fold in enumerate(split.folds):
        scores = [rated[leg].score or 0 for leg in fold.test if rated[leg].leg in legs]
        counted[number] = [int(n) for n in np.bincount(scores, minlength=N_SCORES)]
    return counted


def log_precision_recall(run: RunReview) -> None:
    """A curve for each threshold that enough legs reach, and enough do not, to be read."""
    if (board := run.logger.board) is None:
        return
    for stage in SCORED_STAGES:
        rows = stage_rows(run, stage)
        probabilities = probabilities_of(rows)
        scores = rows["score"].to_numpy()
        for k in readable_thresholds(scores):
            board.add_pr_curve(
                f"{stage}/score_{k}_or_more", scores >= k, reach_probability(probabilities, k),
                run.step,
            )  # fmt: skip


def readable_thresholds(scores: NDArray[np.integer]) -> list[int]:
    """Thresholds that at least MIN_CURVE_LEGS of these scores reach, and as many do not."""
    reached = {k: int((scores >= k).sum()) for k in THRESHOLDS}
    return [k for k, n in reached.items() if min(n, len(scores) - n) >= MIN_CURVE_LEGS]


def log_features(run: RunReview) -> None:
    """What the last layer is given, mean over the clips of a leg, for the projector."""
    if (board := run.logger.board) is None:
        return
    numbers = leg_numbers(run.data.samples)
    rows = run.predictions.drop_duplicates(LEG_KEY, keep="last")
    keys = list(rows[LEG_KEY].itertuples(index=False, name=None))
    of_clips = run.keeper.features
    features = np.stack([of_clips[numbers[key]].mean(axis=0) for key in keys])
    # What a run that was stopped here left behind.
    (run.run_dir / "projector_config.pbtxt").unlink(missing_ok=True)
    shutil.rmtree(run.run_dir / f"{run.step:05d}", ignore_errors=True)
    board.add_embedding(
        features,
        metadata=rows[list(FEATURE_COLUMNS)].astype(str).to_numpy().tolist(),
        metadata_header=list(FEATURE_COLUMNS),
        global_step=run.step,
        tag="legs",
    )


def begin_pages(run: RunReview) -> Pages:
    """Begin the pages of the worst and the most typical test legs, in this order."""
    shutil.rmtree(run.run_dir / PICTURES_FOLDER, ignore_errors=True)
    model = run.model.to(run.device)
    chosen = choose_legs(stage_rows(run, "test"), run.n_legs)
    shown = show_legs(model, run.data, run.keeper, chosen, run.device)
    pages = {leg.key: begin_page(content, torch.get_num_threads()) for leg, content in shown}
    return [(leg, pages[leg.key]) for leg in chosen if leg.key in pages]


def log_legs(run: RunReview, pages: Pages) -> None:
    """The pages and the bouts of the worst: to TensorBoard, and as files for the report."""
    folder = run.run_dir / PICTURES_FOLDER
    folder.mkdir()
    numbers = leg_numbers(run.data.samples)
    entries = []
    for leg, page in pages:
        picture = page()
        file = f"{leg.kind}-{leg.place:02d}.png"
        write_bytes(folder / file, picture)
        run.logger.add_picture(_leg_tag(leg), picture, run.step)
        entries.append(describe_leg(leg, file, run.data.is_leaky))
        sample = run.data.samples[numbers[leg.key]]
        if leg.kind == "worst" and (bout := draw_bout(sample)) is not None:
            told = f"rater {leg.row['score']}, predicted {leg.row['predicted']}"
            clip = encode_gif(add_caption(bout, told), BOUT_FPS)
            run.logger.add_picture(f"bouts/{_leg_tag(leg)}", clip, run.step)
    Manifest(tuple(entries), _log_slopes(run, folder)).write(folder)


def _leg_tag(leg: ChosenLeg) -> str:
    return f"legs_{leg.kind}/{leg.place:02d}_{leg.row['video_id']}_{leg.row['leg']}"


def _log_slopes(run: RunReview, folder: Path) -> tuple[ModelPicture, ...]:
    """Coefficients of a model on clinical quantities; other models have none to show."""
    if not isinstance(run.model, WithKinematics):
        return ()
    picture = figure_png(slopes_figure(average_slopes(run.model, run.data, run.device), run.name))
    write_bytes(folder / "coefficients.png", picture)
    run.logger.add_picture("coefficients/points_per_sd", picture, run.step)
    return (ModelPicture("coefficients.png", f"{run.name}: coefficients"),)
