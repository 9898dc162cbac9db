"""Which training clips are drawn how often, where scores or patients are uneven."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from pdla.data.recordings import LegSample

BALANCES: Final = ("none", "score", "patient")


def clip_weights(samples: Sequence[LegSample], clips: Sequence[int], by: str) -> list[float]:
    """How likely each clip is drawn.

    Args:
        samples: All legs.
        clips: For each clip the index of its leg.
        by: `score` gives every score the same share of an epoch, `patient` every patient, whatever
            number of visits he made; `none` every clip.

    Returns:
        A weight for each clip; they sum to 1.

    Raises:
        ValueError: If `by` is unknown.
    """
    if by not in BALANCES:
        raise ValueError(f"data.sampler={by!r}: choose {', '.join(BALANCES)}")
    if by == "none":
        return [1 / len(clips)] * len(clips)
    groups = [getattr(samples[index], by) for index in clips]
    counts = Counter(groups)
    return [1 / (counts[group] * len(counts)) for group in groups]
