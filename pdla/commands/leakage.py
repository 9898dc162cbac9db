"""`pdla leakage`: the 2023 protocol and ours with the same model, side by side, in half a minute.

Splitting by video puts other visits of a test patient into training, and repeats the rarest scores
on both sides. The model is a forest that sees how a person is built and how the leg moves, as a
network does, but needs no training time. Then the scores are dealt out anew between patients, so
that no movement explains them: what is left above chance is recognition of people. On the simulated
clinic (62 videos, seed 0, five folds or draws):

    kappa                      2023: by video    ours: by patient
    scores of the rater                  0.73                0.18
    scores dealt out anew                0.74                0.00
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table
from sklearn.ensemble import ExtraTreesClassifier

from pdla.data.intake import IntakeOptions, read_cohort
from pdla.data.kinematics.body_length import body_length_px
from pdla.data.recordings import N_SCORES, Cohort, LegSample, Recording
from pdla.data.skeletons import JOINT, Leg
from pdla.data.splits.folds import Splitter
from pdla.data.splits.rules import ByVideo2023, PatientKFold
from pdla.evaluation.intervals import Estimate, estimate_metrics
from pdla.evaluation.leg_table import FACTS
from pdla.evaluation.metrics import METRIC_OF
from pdla.evaluation.predictions import add_scores
from pdla.report.tables import interval_text
from pdla.training.records import legs_table

PROTOCOLS: Final[dict[str, Splitter]] = {
    "2023: split by video (LEAKY)": ByVideo2023(),
    "ours: split by patient": PatientKFold(),
}
SHOWN: Final = ("qwk", "accuracy", "mae")
# Lengths that tell people apart from in front, over the length of the trunk.
BUILD: Final = (
    ("RShoulder", "LShoulder"), ("RHip", "LHip"), ("RShoulder", "RElbow"), ("RElbow", "RWrist"),
    ("LElbow", "LWrist"), ("RKnee", "RAnkle"), ("LKnee", "LAnkle"), ("RHip", "RKnee"),
    ("LHip", "LKnee"), ("Neck", "Nose"), ("REye", "LEye"),
)  # fmt: skip


@dataclass(frozen=True)
class Exhibit:
    """One line of the exhibit: estimates of SHOWN for each protocol."""

    title: str
    estimates: dict[str, dict[str, Estimate]]


def show_leakage(videos: Path, labels: Path, store: Path, seed: int = 0) -> list[Exhibit]:
    """Score a cohort under both protocols, with its own scores and with shuffled ones; print it.

    Args:
        videos: OpenPose folders; of a simulated clinic, or of your own.
        labels: Its label sheet.
        store: Where its keypoints are kept.
        seed: Of the shuffling.
    """
    cohort = read_cohort(videos, labels, store, IntakeOptions())
    found = [
        compare_protocols("scores of the rater", cohort),
        compare_protocols("scores dealt out anew", shuffle_scores(cohort, seed)),
    ]
    table = Table(box=box.SIMPLE_HEAD, title="One model, two protocols", title_justify="left")
    table.add_column("")
    for protocol in PROTOCOLS:
        table.add_column(protocol, justify="right")
    for exhibit in found:
        for key in SHOWN:
            cells = [interval_text(exhibit.estimates[protocol][key]) for protocol in PROTOCOLS]
            table.add_row(f"{exhibit.title}: {METRIC_OF[key].title}", *cells)
    console = Console(soft_wrap=True)
    console.print(table)
    console.print("A number of the left column says that people were recognised, not scored.")
    return found


def compare_protocols(title: str, cohort: Cohort) -> Exhibit:
    """The forest under both protocols, all folds pooled."""
    rated = cohort.rated_legs
    legs = legs_table(rated)
    features = np.hstack([_build(rated), legs.drop(columns=list(FACTS)).to_numpy(np.float64)])
    return Exhibit(
        title,
        {
            name: estimate_metrics([_predict(splitter, rated, legs, features)], SHOWN)
            for name, splitter in PROTOCOLS.items()
        },
    )


def _predict(
    splitter: Splitter,
    rated: Sequence[LegSample],
    legs: pd.DataFrame,
    features: NDArray[np.float64],
) -> pd.DataFrame:
    """Predictions for the tested legs of every fold, a row each."""
    scores = legs["score"].to_numpy(dtype=np.int64)
    known_features = np.nan_to_num(features)
    parts = []
    for fold in splitter.all_folds(rated):
        known = list(fold.train) if splitter.is_leaky else [*fold.train, *fold.val]
        tested = list(fold.test)
        forest = ExtraTreesClassifier(200, random_state=0)
        forest.fit(known_features[known], scores[known])
        probabilities = np.zeros((len(tested), N_SCORES))
        probabilities[:, forest.classes_] = forest.predict_proba(known_features[tested])
        parts.append(add_scores(legs.iloc[tested][["patient", "score"]], probabilities))
    return pd.concat(parts, ignore_index=True)


def _build(rated: Sequence[LegSample]) -> NDArray[np.float64]:
    """Median lengths of BUILD over the body length, (legs, lengths); NaN where never seen."""
    known: dict[str, list[float]] = {}
    for sample in rated:
        recording = sample.recording
        if recording.video_id not in known:
            body_px = body_length_px(recording.keypoints)
            known[recording.video_id] = [_length(recording, *pair) / body_px for pair in BUILD]
    return np.array([known[sample.recording.video_id] for sample in rated])


def _length(recording: Recording, one: str, other: str) -> float:
    """Median distance of two joints in px."""
    points = recording.keypoints[..., :2].astype(np.float64)
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # never seen: NaN
        return float(np.nanmedian(np.linalg.norm(points[:, JOINT[one]] - points[:, JOINT[other]],
                                                 axis=1)))  # fmt: skip


def shuffle_scores(cohort: Cohort, seed: int) -> Cohort:
    """Deal the patients' scores out anew: patient p gets those of another, visit by visit.

    Legs of a patient keep scores that belong together, so only who has them is left to chance.
    """
    generator = np.random.default_rng(seed)
    patients = list(dict.fromkeys(sample.patient for sample in cohort.samples))
    given = dict(zip(patients, generator.permutation(patients).tolist(), strict=True))
    scores: dict[tuple[str, Leg], list[int]] = {}
    for sample in cohort.samples:
        if sample.score is not None:
            scores.setdefault((sample.patient, sample.leg), []).append(sample.score)
    seen: dict[tuple[str, Leg], int] = {}
    dealt = []
    for sample in cohort.samples:
        hand = scores.get((given[sample.patient], sample.leg))
        if sample.score is None or hand is None:
            continue
        place = seen.get((sample.patient, sample.leg), 0)
        seen[sample.patient, sample.leg] = place + 1
        dealt.append(replace(sample, score=hand[place % len(hand)]))
    return replace(cohort, samples=tuple(dealt), data_hash=f"{cohort.data_hash}-shuffled-{seed}")
