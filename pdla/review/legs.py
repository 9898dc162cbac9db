"""Which test legs are looked at, and the clip of each that speaks for it."""

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final, Literal

import lightning
import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pdla.data.batches import ClipBatch
from pdla.data.clips.datamodules import KeypointClips
from pdla.data.recordings import LegSample
from pdla.evaluation.clip_collector import ByLeg, ClipCollector
from pdla.evaluation.metrics import expected_score
from pdla.models.scorer import ClipScores, LegScorer

log = logging.getLogger(__name__)

Kind = Literal["worst", "typical"]
# Gradients are taken in full precision, which needs twice the memory of a training step in bf16.
CLIPS_AT_ONCE: Final = 4


@dataclass(frozen=True)
class ChosenLeg:
    """A leg that is drawn.

    Attributes:
        kind: Why it was chosen.
        place: From 1, the worst or the most typical first.
        row: Its row of predictions.csv.
    """

    kind: Kind
    place: int
    row: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, str]:
        """Video and leg."""
        return str(self.row["video_id"]), str(self.row["leg"])


def choose_legs(predictions: pd.DataFrame, n_legs: int) -> list[ChosenLeg]:
    """The worst and the most typical legs; never the same leg twice.

    The worst are furthest from the rater's score by their expected score. The most typical are
    those that the model is surest of, and right about: of each score in turn, so that rare scores
    are seen as well. Of few legs half are worst and half are typical.

    Args:
        predictions: A row a leg.
        n_legs: As many of each kind.
    """
    error = (predictions["expected_score"] - predictions["score"]).abs()
    order = predictions.loc[error.sort_values(ascending=False, kind="stable").index]
    n_worst = min(n_legs, (len(order) + 1) // 2)
    worst = order.head(n_worst).to_dict("records")
    rest = order.iloc[n_worst:]
    right = rest[rest["score"] == rest["predicted"]]
    sure = np.array([row[f"p{row['score']}"] for row in right.to_dict("records")])
    ranked = right.iloc[np.argsort(-sure, kind="stable")]
    turn = ranked.groupby("score").cumcount()
    typical = ranked.loc[turn.sort_values(kind="stable").index].head(n_legs).to_dict("records")
    kinds: tuple[tuple[Kind, list[dict[Any, Any]]], ...] = (("worst", worst), ("typical", typical))
    return [
        ChosenLeg(kind, place, {str(key): value for key, value in row.items()})
        for kind, rows in kinds
        for place, row in enumerate(rows, 1)
    ]


class ClipKeeper(lightning.Callback):
    """Keeps what each clip of validation and test gave: its features and its probabilities."""

    def __init__(self) -> None:
        self._features = ClipCollector()
        self._probabilities = ClipCollector()
        self._watching = ExitStack()
        self._batches: list[Tensor] = []

    def on_validation_epoch_start(self, trainer: lightning.Trainer, module: Any) -> None:
        """Watch the network."""
        self._watch(module)

    def on_test_epoch_start(self, trainer: lightning.Trainer, module: Any) -> None:
        """Watch the network; a LEAKY split may test legs that were validated a moment ago."""
        self._probabilities.reset()
        self._watch(module)

    def _watch(self, module: LegScorer) -> None:
        self._watching.close()
        self._batches = self._watching.enter_context(module.keep_features())

    def on_validation_batch_end(
        self, trainer: lightning.Trainer, module: Any, outputs: Any, *_: Any
    ) -> None:
        """Keep a batch."""
        self._keep(outputs)

    def on_test_batch_end(
        self, trainer: lightning.Trainer, module: Any, outputs: Any, *_: Any
    ) -> None:
        """Keep a batch."""
        self._keep(outputs)

    def _keep(self, outputs: ClipScores) -> None:
        self._features.update(outputs["sample"], self._batches[-1].float())
        self._probabilities.update(outputs["sample"], outputs["probabilities"])
        self._batches.clear()

    def on_validation_epoch_end(self, trainer: lightning.Trainer, module: Any) -> None:
        """Leave the network as it was."""
        self._watching.close()

    def on_test_epoch_end(self, trainer: lightning.Trainer, module: Any) -> None:
        """Leave the network as it was."""
        self._watching.close()

    @property
    def features(self) -> ByLeg:
        """Features (n, F) of the clips of each leg."""
        return self._features.compute()

    def speaking_clip(self, leg: int) -> int:
        """Number of the clip whose expected score is nearest to the mean of the leg's clips."""
        values = expected_score(self._probabilities.compute()[leg])
        return int(np.argmin(np.abs(values - values.mean())))


def wanted_clips(
    data: KeypointClips, wanted: Mapping[int, int], device: torch.device
) -> Iterator[tuple[list[int], ClipBatch]]:
    """The wanted clips of test legs as the model is given them, a batch at a time.

    Args:
        data: Its test loader shows the clips in the same order every time.
        wanted: Number of the clip of each leg.
        device: Where the model is.

    Yields:
        Legs of the batch, and the batch.
    """
    seen: dict[int, int] = defaultdict(int)
    missing = dict(wanted)
    for batch in data.test_dataloader():
        places = []
        for place, leg in enumerate(batch["sample"].tolist()):
            if missing.get(leg) == seen[leg]:
                places.append(place)
                del missing[leg]
            seen[leg] += 1
        for first in range(0, len(places), CLIPS_AT_ONCE):
            rows = places[first : first + CLIPS_AT_ONCE]
            few: Any = {name: value[rows].to(device) for name, value in batch.items()}
            yield few["sample"].tolist(), data.on_after_batch_transfer(few, 0)
        if not missing:
            return
    log.warning("%d of %d legs are not drawn: no such clip", len(missing), len(wanted))


def leg_numbers(samples: Sequence[LegSample]) -> dict[tuple[str, str], int]:
    """Where in `samples` the leg of a video stands."""
    return {
        (sample.recording.video_id, sample.leg): number for number, sample in enumerate(samples)
    }
