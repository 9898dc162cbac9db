"""Who was trained and who was tested in 2023, and who is without its leaks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pdla.data.recordings import LegSample
from pdla.data.splits.rules import PatientKFold


@dataclass(frozen=True)
class VideoSplit:
    """Indices into the rated samples of one leg.

    Attributes:
        train: Learnt from.
        val: Chooses the checkpoint, and is the test.
        doubled: Those of `val` that stand in `train` as well.
    """

    train: tuple[int, ...]
    val: tuple[int, ...]
    doubled: tuple[int, ...] = ()


def split_2023(samples: Sequence[LegSample], n_val: int, seed: int) -> VideoSplit:
    """`n_val` videos at random, whoever they show, and the highest score on both sides.

    Raises:
        ValueError: If there are too few videos.
    """
    top = _highest(samples)
    others = [index for index in range(len(samples)) if index not in top]
    drawn = _draw(others, n_val, seed)
    train = [index for index in others if index not in drawn]
    return VideoSplit((*train, *top), (*drawn, *top), tuple(top))


def split_by_video(samples: Sequence[LegSample], n_val: int, seed: int) -> VideoSplit:
    """The same draw, but no video on both sides: one half of the highest score is trained on."""
    doubled = split_2023(samples, n_val, seed)
    trained = doubled.doubled[::2]
    tested = doubled.doubled[1::2]
    return VideoSplit(
        tuple(index for index in doubled.train if index not in tested),
        tuple(index for index in doubled.val if index not in trained),
    )


def split_by_patient(samples: Sequence[LegSample], seed: int) -> VideoSplit:
    """A fifth of the patients is tested, the other four are trained on.

    Raises:
        ValueError: If there are fewer than five patients.
    """
    fold = PatientKFold(seed=seed).split(samples)
    return VideoSplit(tuple(sorted((*fold.train, *fold.val))), fold.test)


def shared_patients(samples: Sequence[LegSample], split: VideoSplit) -> int:
    """How many tested videos show a patient who is trained on as well."""
    known = {samples[index].patient for index in split.train}
    return sum(samples[index].patient in known for index in split.val)


def pick_videos(samples: Sequence[LegSample], n_videos: int | None) -> list[LegSample]:
    """At most `n_videos` samples: of each score in turn, in the order of the sheet."""
    if n_videos is None or len(samples) <= n_videos:
        return list(samples)
    seen: dict[int | None, int] = {}
    turns = []
    for index, sample in enumerate(samples):
        turns.append((seen.get(sample.score, 0), index))
        seen[sample.score] = seen.get(sample.score, 0) + 1
    chosen = sorted(index for _, index in sorted(turns)[:n_videos])
    return [samples[index] for index in chosen]


def _highest(samples: Sequence[LegSample]) -> list[int]:
    top = max((sample.score for sample in samples if sample.score is not None), default=0)
    return [index for index, sample in enumerate(samples) if sample.score == top]


def _draw(indices: Sequence[int], n_drawn: int, seed: int) -> list[int]:
    if len(indices) <= n_drawn:
        raise ValueError(
            f"{len(indices)} videos below the highest score: too few to test {n_drawn} of them"
        )
    order = np.random.default_rng(seed).permutation(len(indices))
    return sorted(indices[int(place)] for place in order[:n_drawn])
