"""Videos of the largest errors of a study, drawn in another process while its report is computed.

Which legs they are follows from the predictions of the models alone; encoding takes as long as all
else.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pandas as pd

from pdla.data.intake.options import source_paths
from pdla.data.video.leg_clips import write_leg_clips
from pdla.evaluation.predictions import LEG_KEY, LegKey
from pdla.report.pooling import pool_models
from pdla.report.scopes import complete_passes, leg_scopes
from pdla.report.study import Study
from pdla.runs.config import Section

CLIPS: Final = "clips"


@dataclass(frozen=True)
class ErrorClips:
    """What can be watched beside the page.

    Attributes:
        addresses: Of the clip of each video and leg, relative to the page.
        note: What was drawn, or why nothing was, for the reader.
    """

    addresses: Mapping[LegKey, str] = field(default_factory=dict)
    note: str = ""


def begin_clips(study: Study, n_clips: int, process: Executor) -> Callable[[], ErrorClips]:
    """Begin to draw the largest errors, scored leg red; a clip that is there is kept.

    Args:
        study: Its first run names the recordings.
        n_clips: Number of legs.
        process: Where they are drawn.

    Returns:
        Waits for the clips.
    """
    folder = study.folder / CLIPS
    paths = {
        (video, leg): folder / f"{video}-{leg}.mp4" for video, leg in worst_legs(study, n_clips)
    }
    missing = {key: path for key, path in paths.items() if not path.exists()}
    recordings = study.first.config["recordings"]
    try:
        drawing = _start(process, recordings, missing) if missing else None
    except (ValueError, OSError) as error:
        nothing = _no_clip(error)
        return lambda: nothing
    return lambda: _finish(paths, drawing)


def _start(process: Executor, recordings: Section, paths: Mapping[LegKey, Path]) -> "Future[None]":
    """Start to draw, unless it is known without a process that there is nothing to draw from."""
    videos, _ = source_paths(recordings)
    if not videos.exists():
        raise FileNotFoundError(f"{videos}: not found, where the first run read its recordings")
    return process.submit(write_leg_clips, recordings, paths)


def _no_clip(error: Exception) -> ErrorClips:
    return ErrorClips(note=f"No clip was drawn: {error}")


def _finish(paths: Mapping[LegKey, Path], drawing: Future[None] | None) -> ErrorClips:
    try:
        if drawing is not None:
            drawing.result()
    except (ValueError, OSError, BrokenExecutor) as error:
        return _no_clip(error)
    addresses = {key: f"{CLIPS}/{path.name}" for key, path in paths.items() if path.exists()}
    note = f"The first {len(addresses)} can be watched, beside this page in {CLIPS}/."
    return ErrorClips(addresses, note if addresses else "")


def worst_legs(study: Study, n_legs: int) -> list[LegKey]:
    """Video and leg of the largest errors of the models of a study, as in `error_table`."""
    models = pool_models(study)
    scope = leg_scopes(models)[0]
    tables = [list(complete_passes(model, scope).values()) for model in models]
    errors = leg_errors([passes for passes in tables if passes])
    worst = errors[errors > 0].sort_values(ascending=False, kind="stable")
    return [(str(video), str(leg)) for video, leg in worst.index[:n_legs]]


def leg_errors(models: Sequence[Sequence[pd.DataFrame]]) -> "pd.Series[float]":
    """Distance of the expected score from the rater's in points, mean over passes, then models.

    Args:
        models: Predictions of each model, a table a pass.

    Returns:
        A value for each video and leg, in the order in which they are met.
    """
    by_model = []
    for passes in models:
        rows = pd.concat(passes).set_index(LEG_KEY)
        by_model.append((rows["expected_score"] - rows["score"]).abs().groupby(LEG_KEY).mean())
    met = pd.concat([table[LEG_KEY] for passes in models for table in passes]).drop_duplicates()
    errors = pd.concat(by_model, axis=1).mean(axis=1)
    return errors.reindex(pd.MultiIndex.from_frame(met))
