"""From clips to one score a video and leg, while Lightning validates and tests."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import lightning
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pdla.data.recordings import LegSample
from pdla.data.stages import Stage
from pdla.evaluation.clip_collector import ByLeg, ClipCollector
from pdla.evaluation.metrics import (
    HEADLINE,
    expected_score,
    leg_metrics,
    undefined_reasons,
)
from pdla.evaluation.predictions import (
    add_scores,
    predicted_of,
    probabilities_of,
    ratings_of,
    scores_of,
)
from pdla.models.scorer import ClipScores

Combination = Literal["mean", "median", "max"]


class VideoScores(lightning.Callback):
    """Makes one score of each leg's clips, and logs the headline metrics over legs.

    Args:
        samples: The legs that `sample` in a batch counts.
        fold: Fold of the split, for the record.
        clips: How the clips of a leg become one score, see `combine_clips`.
        primary: Metrics that the progress bar shows.

    Attributes:
        predictions: For `val` and `test`, a row a leg, as in predictions.csv, of the last pass.
    """

    def __init__(
        self,
        samples: Sequence[LegSample],
        fold: int,
        clips: Combination = "mean",
        primary: Sequence[str] = (),
    ) -> None:
        if clips not in get_args(Combination):
            raise ValueError(f"evaluation.clips={clips!r}: choose mean, median or max")
        self.samples = samples
        self.fold = fold
        self.combination = clips
        self.primary = tuple(primary)
        self.predictions: dict[str, pd.DataFrame] = {}
        self._clips = ClipCollector()

    def on_validation_epoch_start(self, trainer: lightning.Trainer, module: Any) -> None:
        """Forget an epoch that was not finished."""
        self._start(trainer)

    def on_test_epoch_start(self, trainer: lightning.Trainer, module: Any) -> None:
        """Forget an epoch that was not finished."""
        self._start(trainer)

    def on_validation_batch_end(
        self, trainer: lightning.Trainer, module: Any, outputs: Any, *_: Any
    ) -> None:
        """Keep the clips of a validation batch."""
        self._keep(outputs)

    def on_test_batch_end(
        self, trainer: lightning.Trainer, module: Any, outputs: Any, *_: Any
    ) -> None:
        """Keep the clips of a test batch."""
        self._keep(outputs)

    def on_validation_epoch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> None:
        """Log val/qwk and the other metrics."""
        self._finish("val", trainer, module)

    def on_test_epoch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> None:
        """Log test/qwk and the other metrics."""
        self._finish("test", trainer, module)

    def _start(self, trainer: lightning.Trainer) -> None:
        self._clips.reset()
        self._clips.to(trainer.strategy.root_device)

    def _keep(self, outputs: ClipScores) -> None:
        self._clips.update(outputs["sample"], outputs["probabilities"])

    def _finish(
        self, stage: Stage, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> None:
        clips = self._clips.take(trainer.world_size)
        table = predictions_table(self.samples, clips, stage, self.fold, self.combination)
        self.predictions[stage] = table
        metrics = table_metrics(table)
        for name in (*HEADLINE, *(key for key in self.primary if key not in HEADLINE)):
            if np.isfinite(metrics[name]):
                module.log(f"{stage}/{name}", metrics[name], prog_bar=name in self.primary)


def predictions_table(
    samples: Sequence[LegSample],
    clips: ByLeg,
    stage: str,
    fold: int,
    combination: Combination = "mean",
) -> pd.DataFrame:
    """One row a leg: who, the rater's score, the probabilities of its clips made one.

    Args:
        samples: All legs; keys of `clips` count them.
        clips: Probabilities (n, 5) of the clips of a leg.
        stage: `val` or `test`.
        fold: Fold of the split.
        combination: How clips become one score, see `combine_clips`.
    """
    legs = sorted(clips)
    probabilities = np.array([combine_clips(clips[leg], combination) for leg in legs])
    table = pd.DataFrame(
        {
            "video_id": [samples[leg].recording.video_id for leg in legs],
            "patient": [samples[leg].patient for leg in legs],
            "group": [samples[leg].group for leg in legs],
            "leg": [samples[leg].leg for leg in legs],
            "stage": stage,
            "fold": fold,
            "score": [samples[leg].score for leg in legs],
        }
    )
    table = add_scores(table, probabilities)
    table["n_clips"] = [len(clips[leg]) for leg in legs]
    if any(samples[leg].rating is not None for leg in legs):
        table["rating"] = [samples[leg].rating for leg in legs]
    return table


def table_metrics(table: pd.DataFrame) -> dict[str, float]:
    """Metrics over the rows of a table of predictions."""
    return leg_metrics(
        scores_of(table), predicted_of(table), probabilities_of(table), ratings_of(table)
    )


def combine_clips(
    probabilities: NDArray[np.float64], combination: Combination
) -> NDArray[np.float64]:
    """Probabilities (5,) of a leg from those of its clips (n, 5).

    `mean` is the usual; `median` takes the median of each score, made to sum to 1, so that a clip
    that went wrong does not count; `max` takes the clip with the highest expected score, as a rater
    who judges by the worst moment.
    """
    if len(probabilities) == 1:
        only: NDArray[np.float64] = probabilities[0]
        return only
    if combination == "max":
        highest: NDArray[np.float64] = probabilities[int(np.argmax(expected_score(probabilities)))]
        return highest
    if combination == "mean":
        mean: NDArray[np.float64] = probabilities.mean(axis=0)
        return mean
    median: NDArray[np.float64] = np.median(probabilities, axis=0)
    if median.sum() <= 0:  # clips that contradict each other flatly
        return combine_clips(probabilities, "mean")
    whole: NDArray[np.float64] = median / median.sum()
    return whole


def table_reasons(table: pd.DataFrame) -> dict[str, str]:
    """Why metrics of a table of predictions are undefined, for those that are."""
    return undefined_reasons(scores_of(table), predicted_of(table), probabilities_of(table))
