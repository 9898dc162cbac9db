"""Why a model gave a leg its score: parts of the body over time and quantities, in points."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from pdla.data.batches import ClipBatch
from pdla.data.clips.datamodules import KeypointClips
from pdla.data.clips.dataset import clip_span
from pdla.data.clips.sampling import ClipTime, Sampling
from pdla.data.kinematics.bouts import bout_taps, find_bout
from pdla.data.recordings import LegSample
from pdla.data.skeletons import JOINTS, LEG_JOINTS
from pdla.evaluation.predictions import LegKey
from pdla.models.scorer import LegScorer
from pdla.review.attribution import Attribution, attribute
from pdla.review.legs import wanted_clips
from pdla.review.words import channel_words, joint_words, quantity_words

_LEG_ROWS: Final = (*LEG_JOINTS["R"], *LEG_JOINTS["L"])  # the scored leg first
_REST: Final = [joint for joint in range(len(JOINTS)) if joint not in _LEG_ROWS]
WINDOW_S: Final = 0.5
REST, DOUBT = "rest of the body", "what was in doubt"


@dataclass(frozen=True)
class Explanation:
    """Gradient x input of a leg's expected score, mean over the runs of a model; see `attribute`.

    Attributes:
        model: Name of the model.
        clip: Seconds of the video that are explained: of all clips the one with the most taps.
        n_runs: Runs in the mean.
        rows: (R, T) points by which each part of the body raised (above 0) or lowered the expected
            score at each time of the clip; None for a model that is given quantities alone.
        row_names: R names.
        bars: Quantities with the points by which each moved the expected score away from that of
            the median training leg, the largest first; empty for a model without them.
    """

    model: str
    clip: ClipTime
    n_runs: int
    rows: NDArray[np.float32] | None
    row_names: Sequence[str]
    bars: Sequence[tuple[str, float]]

    @property
    def strongest_s(self) -> float:
        """Middle of the half second that moved the score most, either way; NaN without rows."""
        if self.rows is None or not self.rows.size:
            return float("nan")
        n_frames, clip_s = self.rows.shape[1], self.clip.end_s - self.clip.start_s
        width = max(1, round(n_frames * WINDOW_S / clip_s))
        strength = np.convolve(np.abs(self.rows).sum(axis=0), np.ones(width), mode="valid")
        middle = (int(np.argmax(strength)) + width / 2) / n_frames
        return float(self.clip.start_s + clip_s * middle)


def explain_legs(
    model: LegScorer, data: KeypointClips, device: torch.device
) -> Iterator[tuple[LegKey, Explanation]]:
    """What one run was moved by, for every leg of the test loader.

    Args:
        model: Of the run's best checkpoint, on `device`.
        data: Its clips.
        device: Where the model is.
    """
    wanted = {leg: clip_with_most_taps(data.samples[leg], data.sampling) for leg in data.split.test}
    for legs, batch in wanted_clips(data, wanted, device):
        attribution = attribute(model, batch)
        for place, leg in enumerate(legs):
            sample = data.samples[leg]
            names, rows = _rows(attribution, place, data)
            yield (
                (sample.recording.video_id, sample.leg),
                Explanation(
                    model=model.name,
                    clip=_covering_clips(sample, data.sampling)[wanted[leg]],
                    n_runs=1,
                    rows=rows,
                    row_names=names,
                    bars=_bars(attribution, batch, place, model),
                ),
            )


def average_explanations(
    found: Sequence[tuple[LegKey, Explanation]],
) -> dict[LegKey, Explanation]:
    """Mean over the runs of one model for each leg, without parts that moved nothing."""
    by_leg: dict[LegKey, list[Explanation]] = defaultdict(list)
    for key, one in found:
        by_leg[key].append(one)
    return {key: _mean(runs) for key, runs in by_leg.items()}


def clip_with_most_taps(sample: LegSample, sampling: Sampling) -> int:
    """Number of the evaluation clip in which the leg taps most often; the first of equals."""
    bout = find_bout(sample.recording, sample.leg)
    taps = bout_taps(sample.recording, sample.leg, bout) if bout else []
    counts = [
        sum(clip.start_s <= tap.peak_s < clip.end_s for tap in taps)
        for clip in _covering_clips(sample, sampling)
    ]
    return int(np.argmax(counts))


def _covering_clips(sample: LegSample, sampling: Sampling) -> list[ClipTime]:
    return sampling.covering_clips(clip_span(sample, sampling.within))


def _rows(
    attribution: Attribution, place: int, data: Any
) -> tuple[Sequence[str], NDArray[np.float32] | None]:
    """Parts of the body over time, whatever the network was given."""
    if attribution.joints is not None and attribution.doubt is not None:
        joints = attribution.joints[place].T.cpu().numpy()  # (25, T)
        doubt = attribution.doubt[place].cpu().numpy()
        names = [*(joint_words(JOINTS[joint]) for joint in _LEG_ROWS), REST, DOUBT]
        return names, np.vstack([joints[list(_LEG_ROWS)], joints[_REST].sum(axis=0), doubt])
    if attribution.pixels is None:
        return (), None
    channels = attribution.pixels[place].sum(dim=(2, 3)).cpu().numpy()  # (C, T)
    names = channel_words(data.drawing.style)
    return names, channels if len(names) == len(channels) else channels.sum(axis=0)[None]


def _bars(
    attribution: Attribution, batch: ClipBatch, place: int, model: Any
) -> list[tuple[str, float]]:
    if attribution.quantities is None:
        return []
    measured = batch["kinematics"][place, : model.features.n_legs].flatten().tolist()
    names = quantity_words(measured, model.features.n_legs, model.features.names)
    values = attribution.quantities[place].flatten().tolist()
    return list(zip(names, values, strict=True))


def _mean(runs: Sequence[Explanation]) -> Explanation:
    first = runs[0]
    points = np.mean([[value for _, value in one.bars] for one in runs], axis=0)
    bars = zip((name for name, _ in first.bars), points.tolist(), strict=True)
    moved = sorted((bar for bar in bars if bar[1] != 0.0), key=lambda bar: -abs(bar[1]))
    mean = replace(first, n_runs=len(runs), bars=moved)
    shown = [one.rows for one in runs if one.rows is not None]
    if not shown:
        return mean
    rows = np.mean(shown, axis=0)
    used = np.abs(rows).sum(axis=1) > 0
    names = [name for name, is_used in zip(first.row_names, used, strict=True) if is_used]
    return replace(mean, rows=rows[used], row_names=names)
