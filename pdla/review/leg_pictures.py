"""Pictures of the worst and the most typical test legs, for TensorBoard and for the report."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pdla.data.batches import ClipBatch
from pdla.data.clips.dataset import canonical_view, clip_span
from pdla.data.clips.sampling import ClipTime, Sampling
from pdla.data.drawing.canvas import to_canvas
from pdla.data.drawing.opencv import draw_bytes
from pdla.data.drawing.options import Drawing
from pdla.data.kinematics.bouts import find_bout
from pdla.data.kinematics.heights import leg_height
from pdla.data.recordings import LegSample
from pdla.data.skeletons import JOINT, JOINTS, LEG_NAMES, LEGS, as_leg
from pdla.models.scorer import LegScorer
from pdla.report.leg_pictures import LegPicture
from pdla.review.attribution import Attribution, attribute
from pdla.review.clip_pictures import KEYPOINT_DRAWING, brighten, clip_pictures
from pdla.review.images import Frames
from pdla.review.leg_panels import Shown
from pdla.review.legs import ChosenLeg, ClipKeeper, leg_numbers, wanted_clips
from pdla.review.words import channel_words, joint_words, quantity_words

# Scored leg from the hip down, the other one, then the rest.
_LEG_ROWS: Final = [
    JOINT[f"{leg}{part}"]
    for leg in ("R", "L")
    for part in ("Hip", "Knee", "Ankle", "Heel", "BigToe", "SmallToe")
]
ROW_ORDER: Final = [*_LEG_ROWS, *(joint for joint in JOINT.values() if joint not in _LEG_ROWS)]
MAX_BARS: Final = 10
BOUT_DRAWING: Final = Drawing(height=168, width=126, style="scored_leg", crop="body", line_px=3)
BOUT_FPS: Final = 12.0
MAX_BOUT_S: Final = 12.0


def show_legs(
    model: LegScorer,
    data: Any,
    keeper: ClipKeeper,
    chosen: Sequence[ChosenLeg],
    device: torch.device,
) -> Iterator[tuple[ChosenLeg, Shown]]:
    """Attribute the clip that speaks for each chosen leg, and gather what is drawn of it.

    Args:
        model: With the weights of the best checkpoint, on `device`.
        data: The data module of the run.
        keeper: What it kept while the test was run.
        chosen: Legs of the test.
        device: Where the model is.
    """
    numbers = leg_numbers(data.samples)
    legs = {numbers[leg.key]: leg for leg in chosen}
    wanted = {number: keeper.speaking_clip(number) for number in legs}
    for batch_legs, batch in wanted_clips(data, wanted, device):
        attribution = attribute(model, batch)
        pictures = clip_pictures(batch)
        for place, number in enumerate(batch_legs):
            sample = data.samples[number]
            times = data.sampling.covering_clips(clip_span(sample, data.sampling.within))
            yield (
                legs[number],
                Shown(
                    title=leg_title(legs[number], data.is_leaky),
                    **_measured(sample),
                    clip_s=_shown_time(times, wanted[number], data.sampling),
                    frames=pictures[place],
                    **_attributed(attribution, batch, place, data, model),
                ),
            )


def _measured(sample: LegSample) -> dict[str, Any]:
    """The fields of Shown that tell of the whole recording."""
    recording, bout = sample.recording, find_bout(sample.recording, sample.leg)
    return {
        "leg": sample.leg,
        "fps": recording.fps,
        "heights": {leg: leg_height(recording, leg) for leg in LEGS},
        "bout_s": (bout.start_s, bout.end_s) if bout else None,
    }


def _shown_time(times: Sequence[ClipTime], number: int, sampling: Sampling) -> tuple[float, float]:
    """Seconds of a clip; one that ends early is filled with unseen frames up to its length."""
    start_s = times[min(number, len(times) - 1)].start_s
    return start_s, start_s + sampling.clip_frames / sampling.fps


def leg_title(leg: ChosenLeg, is_leaky: bool) -> str:
    """Who, which leg, what the rater said and what the model; LEAKY where that is no result."""
    row = leg.row
    leg_name = LEG_NAMES[as_leg(row["leg"])]
    mirrored = " (mirrored)" if row["leg"] == "L" else ""
    stamp = "LEAKY: " if is_leaky else ""
    return (
        f"{stamp}{row['video_id']}, {row['patient']}, {leg_name} leg{mirrored}.  "
        f"Rater {row['score']}, predicted {row['predicted']} (expected {row['expected_score']:.2f})"
    )


def _attributed(
    attribution: Attribution, batch: ClipBatch, place: int, data: Any, model: Any
) -> dict[str, Any]:
    """The fields of Shown that hold attribution."""
    found: dict[str, Any] = {}
    if attribution.pixels is not None:
        values = _array(attribution.pixels[place])  # (C, T, H, W)
        found["overlay"] = values.sum(axis=0)
        found["row_names"] = channel_words(data.drawing.style)
        rows = values.sum(axis=(2, 3))
        found["rows"] = rows if len(rows) == len(found["row_names"]) else rows.sum(0)[None]
    if attribution.joints is not None and attribution.certainty is not None:
        values = _array(attribution.joints[place])  # (T, 25)
        strength = np.abs(values).sum(axis=0)
        used = [joint for joint in ROW_ORDER if strength[joint] > 0]
        # Of one joint on average, so that it can be held against the rows of the joints.
        certainty = _array(attribution.certainty[place]) / max(1, len(used))
        found["joints"], found["rows"] = values, np.vstack([values.T[used], certainty])
        found["row_names"] = [*(joint_words(JOINTS[joint]) for joint in used), "how surely seen"]
        found["points"] = _places(batch["keypoints"][place])
    if attribution.quantities is not None:
        measured = batch["kinematics"][place, : model.features.n_legs].flatten()
        found["bars"] = largest_bars(
            quantity_words(measured.tolist(), model.features.n_legs, model.features.names),
            _array(attribution.quantities[place]).ravel(),
        )
    return found


def _array(values: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = values.float().cpu().numpy()
    return array


def _places(keypoints: Tensor) -> NDArray[np.float32]:
    """Joints (T, 25, 2) in px of the drawn keypoints."""
    points = to_canvas(keypoints[None].float().cpu(), KEYPOINT_DRAWING, torch.ones(1, 2))
    return _array(points[0, ..., :2])


def largest_bars(names: Sequence[str], values: NDArray[Any]) -> list[tuple[str, float]]:
    """The largest values with their names, whatever their sign; none that is nearly 0."""
    order = np.argsort(-np.abs(values), kind="stable")[:MAX_BARS]
    floor = 1e-4 * max(float(np.abs(values).max(initial=0.0)), 1e-9)
    return [(names[i], float(values[i])) for i in order if abs(values[i]) > floor]


def average_slopes(model: Any, data: Any, device: torch.device) -> list[tuple[str, float]]:
    """Change of the expected score by one SD of each quantity, mean over the test clips.

    The average marginal effect (Cameron and Trivedi 2005, ch. 10.6): for a linear model its
    coefficients in points of the score, whatever its loss is.
    """
    parts = []
    for batch in data.test_dataloader():
        moved: Any = {name: value.to(device) for name, value in batch.items()}
        slopes = attribute(model, data.on_after_batch_transfer(moved, 0)).slopes
        if slopes is not None:
            parts.append(_array(slopes.flatten(1)))
    mean = np.concatenate(parts).mean(axis=0)
    return largest_bars(quantity_words(None, model.features.n_legs, model.features.names), mean)


def draw_bout(sample: LegSample) -> Frames | None:
    """The whole bout, to be played at BOUT_FPS: (T, H, W, 3); None without keypoints or bout."""
    recording = sample.recording
    bout = find_bout(recording, sample.leg)
    if bout is None:
        return None
    end_s = min(bout.end_s, bout.start_s + MAX_BOUT_S, recording.duration_s)
    shown = (np.arange(bout.start_s, end_s, 1 / BOUT_FPS) * recording.fps).astype(int)
    points = canonical_view(recording.keypoints[np.minimum(shown, recording.n_frames - 1)], sample)
    sizes = torch.tensor([recording.frame_size])
    # Copied: a recording may be a memory map that cannot be written to.
    canvas = to_canvas(torch.from_numpy(points.copy())[None], BOUT_DRAWING, sizes)
    frames: Frames = brighten(draw_bytes(canvas, BOUT_DRAWING))[0]
    return frames


def describe_leg(leg: ChosenLeg, file: str, is_leaky: bool) -> LegPicture:
    """Its entry in pictures.json."""
    video_id, side = leg.key
    return LegPicture(
        file=file,
        kind=leg.kind,
        place=leg.place,
        title=leg_title(leg, is_leaky),
        video_id=video_id,
        leg=side,
        score=int(leg.row["score"]),
        expected_score=float(leg.row["expected_score"]),
    )
