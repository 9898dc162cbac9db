"""What each step of the protocol of 2023 gives: accuracy from its own figure to an honest one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdla.original.settings import STAMP

Scores = NDArray[np.int64]


@dataclass(frozen=True)
class Step:
    """One row: a protocol with one leak less than the row above.

    Attributes:
        title: What was changed.
        score: (n,) the rater's.
        predicted: (n,) of the same clips or videos; a Kinetics class above 3 is simply wrong.
        is_leaky: Whether the figure still says nothing about new patients.
    """

    title: str
    score: Scores
    predicted: Scores
    is_leaky: bool = True

    @property
    def n_right(self) -> int:
        """How many were predicted exactly."""
        return int((self.score == self.predicted).sum())

    @property
    def accuracy(self) -> float:
        """Share of exact predictions; NaN of nothing."""
        return self.n_right / len(self.score) if len(self.score) else float("nan")

    def by_score(self) -> dict[int, tuple[int, int]]:
        """Score to (right, all)."""
        return {
            int(score): (
                int(((self.predicted == score) & (self.score == score)).sum()),
                int((self.score == score).sum()),
            )
            for score in np.unique(self.score)
        }


def videos_of(
    probabilities: NDArray[np.float64], video: Sequence[str], score_of: Mapping[str, int]
) -> tuple[Scores, Scores, list[str]]:
    """Scores and predictions of videos by the mean over their clips, and their names in order."""
    names = list(dict.fromkeys(video))
    owner = np.array([names.index(name) for name in video])
    mean = np.stack([probabilities[owner == row].mean(axis=0) for row in range(len(names))])
    score = np.array([score_of[name] for name in names], dtype=np.int64)
    return score, mean.argmax(axis=1).astype(np.int64), names


def pool_steps(steps: Sequence[Step]) -> Step:
    """The same row of several splits as one: all their tested videos, one after the other."""
    return Step(
        steps[0].title,
        np.concatenate([step.score for step in steps]),
        np.concatenate([step.predicted for step in steps]),
        steps[0].is_leaky,
    )


def steps_markdown(legs: Mapping[str, Sequence[Step]]) -> str:
    """The table of all legs, stamped."""
    text = (
        f"**{STAMP}: rows marked so say nothing about new patients. Each row has one leak less "
        "than the row above.**\n\n"
    )
    for leg, steps in legs.items():
        text += f"| {leg} | right of all | accuracy | change | |\n|---|---|---|---|---|\n"
        before: Step | None = None
        for step in steps:
            gain = "" if before is None else f"{step.accuracy - before.accuracy:+.2f}"
            mark = STAMP if step.is_leaky else "honest"
            text += (
                f"| {step.title} | {step.n_right} of {len(step.score)} | {step.accuracy:.2f} | "
                f"{gain} | {mark} |\n"
            )
            before = step
        text += "\n"
    return text
