"""`pdla leakage`: what the 2023 protocol gains by doubled legs and by recognised patients.

The protocol splits by video and puts the legs of the highest score into training and into every
test. One model is scored four ways: as in 2023; without counting the doubled legs; on those same
legs without any video of their patients in training; and by patient-grouped folds. The first step
is the effect of doubling, the second that of recognition. All are repeated with labels shuffled
between patients, so only identity can be learned. The model is a forest that sees how a person is
built and how the leg moves, as a network does, but needs no training time. On the simulated clinic
(62 videos, seed 0; 95% intervals over patients):

    kappa                          scores of the rater        labels shuffled
    2023: by video, doubled        0.73 (0.07 to 0.86)    0.74 (0.09 to 0.87)
    not counting doubled           0.19 (0.02 to 0.37)   0.17 (-0.03 to 0.38)
    same legs, patients not seen  0.04 (-0.13 to 0.23)  -0.13 (-0.32 to 0.17)
    split by patient               0.18 (0.02 to 0.34)   0.00 (-0.17 to 0.16)
    effect of doubling                           +0.54                  +0.57
    effect of recognition         0.15 (-0.04 to 0.36)    0.30 (0.04 to 0.49)
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
from pdla.data.quantities import KINEMATICS
from pdla.data.recordings import N_SCORES, Cohort, LegSample, Recording
from pdla.data.skeletons import JOINT, Leg
from pdla.data.splits.rules import ByVideo2023, PatientKFold
from pdla.evaluation.intervals import Estimate, estimate_differences, estimate_metrics
from pdla.evaluation.metrics import METRIC_OF
from pdla.evaluation.predictions import add_scores
from pdla.report.tables import interval_text
from pdla.training.records import legs_table

AS_2023: Final = "2023: by video, doubled (LEAKY)"
UNDOUBLED: Final = "not counting doubled (LEAKY)"
UNKNOWN: Final = "same legs, patients not seen"
OURS: Final = "split by patient"
PROTOCOLS: Final = (AS_2023, UNDOUBLED, UNKNOWN, OURS)
N_TREES: Final = 200
SHOWN: Final = ("qwk", "accuracy", "mae")
# Lengths that tell people apart from in front, over the length of the trunk.
BUILD: Final = (
    ("RShoulder", "LShoulder"), ("RHip", "LHip"), ("RShoulder", "RElbow"), ("RElbow", "RWrist"),
    ("LElbow", "LWrist"), ("RKnee", "RAnkle"), ("LKnee", "LAnkle"), ("RHip", "RKnee"),
    ("LHip", "LKnee"), ("Neck", "Nose"), ("REye", "LEye"),
)  # fmt: skip


@dataclass(frozen=True)
class Exhibit:
    """One model under all protocols.

    Attributes:
        title: Which scores were learnt.
        estimates: SHOWN for each protocol.
        recognition: UNDOUBLED minus UNKNOWN, paired: what other videos of a tested patient in
            training are worth.
    """

    title: str
    estimates: dict[str, dict[str, Estimate]]
    recognition: dict[str, Estimate]

    @property
    def doubling(self) -> float:
        """Kappa as in 2023 minus kappa without counting the doubled legs."""
        return self.estimates[AS_2023]["qwk"].value - self.estimates[UNDOUBLED]["qwk"].value


def show_leakage(videos: Path, labels: Path, store: Path, seed: int = 0) -> list[Exhibit]:
    """Score a cohort under all protocols, with its own scores and with shuffled ones; print it.

    Args:
        videos: OpenPose folders; of a simulated clinic, or of your own.
        labels: Its label sheet.
        store: Where its keypoints are kept.
        seed: Of the shuffling.
    """
    cohort = read_cohort(videos, labels, store, IntakeOptions())
    found = [
        compare_protocols("scores of the rater", cohort),
        compare_protocols("labels shuffled", shuffle_scores(cohort, seed)),
    ]
    table = Table(box=box.SIMPLE_HEAD, title="One model, four protocols", title_justify="left")
    table.add_column(METRIC_OF["qwk"].title, no_wrap=True)
    for exhibit in found:
        table.add_column(exhibit.title, justify="right")
    for protocol in PROTOCOLS:
        table.add_row(protocol, *(interval_text(one.estimates[protocol]["qwk"]) for one in found))
    table.add_section()
    table.add_row("effect of doubling", *(f"{one.doubling:+.2f}" for one in found))
    effects = [interval_text(one.recognition["qwk"]) for one in found]
    table.add_row("effect of recognition", *effects)
    console = Console(soft_wrap=True)
    console.print(table)
    for line in conclusions(found):
        console.print(line)
    return found


def conclusions(exhibits: Sequence[Exhibit]) -> list[str]:
    """What the exhibits show, and no more; doubling of the first, recognition of each."""
    lines = [
        f"Doubling: {exhibits[0].doubling:+.2f} of kappa comes from legs that are in training and "
        "in every test."
    ]
    for exhibit in exhibits:
        effect = exhibit.recognition["qwk"]
        shown = (
            "other videos of a tested patient in training raise kappa."
            if effect.low > 0
            else f"no effect is shown by these {effect.n_patients} patients; it may be there."
        )
        lines.append(f"Recognition, {exhibit.title}: {shown}")
    return lines


def compare_protocols(title: str, cohort: Cohort) -> Exhibit:
    """The forest under all protocols, all folds pooled."""
    rated = cohort.rated_legs
    legs = legs_table(rated)
    features = np.nan_to_num(
        np.hstack([_build(rated), legs[list(KINEMATICS)].to_numpy(np.float64)])
    )
    tables: dict[str, list[pd.DataFrame]] = {protocol: [] for protocol in PROTOCOLS}
    for fold in ByVideo2023().all_folds(rated):
        known, tested = list(fold.train), list(fold.test)
        tables[AS_2023].append(_predict(legs, features, known, tested))
        undoubled = sorted(set(tested) - set(known))
        tables[UNDOUBLED].append(_predict(legs, features, known, undoubled))
        patients = set(legs["patient"].iloc[undoubled])
        strangers = [leg for leg in known if legs["patient"].iloc[leg] not in patients]
        tables[UNKNOWN].append(_predict(legs, features, strangers, undoubled))
    for fold in PatientKFold().all_folds(rated):
        known = [*fold.train, *fold.val]
        tables[OURS].append(_predict(legs, features, known, list(fold.test)))
    pooled = {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()}
    return Exhibit(
        title,
        {name: estimate_metrics([table], SHOWN) for name, table in pooled.items()},
        estimate_differences([pooled[UNDOUBLED]], [pooled[UNKNOWN]], SHOWN),
    )


def _predict(
    legs: pd.DataFrame, features: NDArray[np.float64], known: list[int], tested: list[int]
) -> pd.DataFrame:
    """Predictions for the tested legs of a forest that was fitted on the known ones."""
    forest = ExtraTreesClassifier(N_TREES, random_state=0)
    forest.fit(features[known], legs["score"].to_numpy(dtype=np.int64)[known])
    probabilities = np.zeros((len(tested), N_SCORES))
    probabilities[:, forest.classes_] = forest.predict_proba(features[tested])
    facts = legs.iloc[tested][["patient", "score"]].assign(place=tested)
    return add_scores(facts, probabilities)


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
