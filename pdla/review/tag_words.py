"""What a tag in TensorBoard means: the line behind the (i) of each curve and picture."""

from typing import Final

from tensorboard.compat.proto.summary_pb2 import SummaryMetadata  # type: ignore[import-untyped]

from pdla.evaluation.metrics import METRIC_OF

STAGES: Final = {
    "train": "training legs, augmented, as the epoch went",
    "val": "validation legs; they choose the checkpoint, so this is no result",
    "best": "validation legs at the best epoch, which they chose: no result",
    "test": "test legs, patients that were never seen, at the best epoch",
}
# The longest that a tag begins with counts.
MEANINGS: Final = {
    "optimizer/learning_rate": "learning rate of the epoch",
    "optimizer/gradient_norm": "norm of the gradient before clipping, mean over the epoch",
    "optimizer/gradient_norm_max": "largest norm of the gradient before clipping in the epoch",
    "speed/clips_per_second": "training clips a second, all devices together",
    "speed/data_wait_share": "share of the epoch spent in waiting for data",
    "speed/gpu_memory_gib": "largest GPU memory so far, GiB",
    "epoch": "number of the epoch, from 0",
    "training_batch": "what the network is given, after augmentation",
    "confusion": "rater's score against predicted score, legs",
    "reliability": "said probability against frequency; on the diagonal they agree",
    "folds": "scores of the tested legs of each fold",
    "legs_worst": "gradient x input: red raised the expected score, blue lowered it; worst errors",
    "legs_typical": "gradient x input: red raised the expected score, blue lowered it; surest",
    "bouts": "the whole bout of a leg with a large error, to be played",
    "coefficients": "change of the expected score by one SD of each quantity, points",
    "summary": "pooled over the folds of a study",
}


def describe_tag(tag: str) -> str:
    """A line on a tag; empty for one that nobody has described."""
    room, _, name = tag.partition("/")
    if room in STAGES:
        what = METRIC_OF[name].title if name in METRIC_OF else name.replace("_", " ")
        return f"{what}: {STAGES[room]}"
    known = [key for key in MEANINGS if tag.startswith(key)]
    return MEANINGS[max(known, key=len)] if known else ""


def tag_metadata(tag: str) -> SummaryMetadata:
    """The description as TensorBoard wants it."""
    return SummaryMetadata(summary_description=describe_tag(tag))
