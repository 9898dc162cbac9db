"""Who is trained on, who chooses the checkpoint, who is tested: never the same patient.

Every splitter maps rated legs to a Split of indices. Folds are drawn over the patients of the whole
cohort, both legs together, and before a leg is chosen: so a patient is in the same fold whether
leg=L, R or both, and both legs and all visits of a person always stay together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from pdla.data.recordings import LegSample


@dataclass(frozen=True)
class Split:
    """Indices into a list of samples, for each stage of a run."""

    train: tuple[int, ...]
    val: tuple[int, ...]
    test: tuple[int, ...]


class Splitter(Protocol):
    """What every option of the config group `split` can do."""

    is_leaky: ClassVar[bool]
    fold: int

    def split(self, samples: Sequence[LegSample]) -> Split:
        """Share out rated samples; see the class for the rule."""


@dataclass(frozen=True)
class PatientKFold:
    """K folds over patients, stratified by score as far as whole patients allow.

    The test patients are fold `fold` of `n_folds`; the validation patients are one of `n_val_folds`
    folds of the rest. Method: scikit-learn's StratifiedGroupKFold. Deterministic in `seed` and the
    order of the samples; pseudonyms do not matter.
    """

    n_folds: int = 5
    fold: int = 0
    n_val_folds: int = 4
    seed: int = 0
    is_leaky: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Refuse folds that do not exist."""
        if self.n_folds < 2 or self.n_val_folds < 2:
            raise ValueError(
                f"split.n_folds={self.n_folds}, n_val_folds={self.n_val_folds}: at least 2 each"
            )
        if not 0 <= self.fold < self.n_folds:
            raise ValueError(f"split.fold={self.fold}: choose 0 to {self.n_folds - 1}")

    def split(self, samples: Sequence[LegSample]) -> Split:
        """Share out rated samples.

        Raises:
            ValueError: If there are fewer patients than folds.
        """
        scores, patients = _scores_and_patients(samples)
        _require_patients(patients, self.n_folds, f"split.n_folds={self.n_folds}")
        folds = _folds(scores, patients, self.n_folds, self.seed)
        test = np.flatnonzero(folds == self.fold)
        rest = np.flatnonzero(folds != self.fold)
        return _take_validation(scores, patients, rest, test, self.n_val_folds, self.seed)


@dataclass(frozen=True)
class LeaveOnePatientOut:
    """Test on one patient, train and validate on all others; as many folds as patients."""

    fold: int = 0
    n_val_folds: int = 4
    seed: int = 0
    is_leaky: ClassVar[bool] = False

    def split(self, samples: Sequence[LegSample]) -> Split:
        """Share out rated samples; the patient of fold k is the k-th to appear.

        Raises:
            ValueError: If there is no patient number `fold`.
        """
        scores, patients = _scores_and_patients(samples)
        n_patients = int(patients.max()) + 1
        if not 0 <= self.fold < n_patients:
            raise ValueError(
                f"split.fold={self.fold}: {n_patients} patients, choose 0 to {n_patients - 1}"
            )
        test = np.flatnonzero(patients == self.fold)
        rest = np.flatnonzero(patients != self.fold)
        return _take_validation(scores, patients, rest, test, self.n_val_folds, self.seed)


@dataclass(frozen=True)
class ByVideo2023:
    """The 2023 protocol, kept to show what it hides: LEAKY, never a result.

    A fifth of the videos is drawn whatever patient they show; they choose the checkpoint and are
    also the test. Videos with a leg of the highest score present stand in training as well
    (BASELINE_2023.md, "R3D-18").
    """

    fold: int = 0
    test_share: float = 0.2
    seed: int = 0
    is_leaky: ClassVar[bool] = True

    def split(self, samples: Sequence[LegSample]) -> Split:
        """Share out rated samples by video, not by patient."""
        videos = list(dict.fromkeys(sample.recording.video for sample in samples))
        order = np.random.default_rng([self.seed, self.fold]).permutation(len(videos))
        n_test = max(1, round(self.test_share * len(videos)))
        tested = {videos[index] for index in order[:n_test]}
        scores, _ = _scores_and_patients(samples)
        in_both = scores == scores.max()
        is_tested = np.array([sample.recording.video in tested for sample in samples]) | in_both
        train = _indices(np.flatnonzero(~is_tested | in_both))
        test = _indices(np.flatnonzero(is_tested))
        return Split(train=train, val=test, test=test)


def check_patients_apart(split: Split, samples: Sequence[LegSample]) -> None:
    """Stop if a patient stands on two sides of a split.

    Raises:
        ValueError: Naming the pseudonyms of the patients that overlap.
    """
    stages = {
        stage: {samples[index].patient for index in getattr(split, stage)}
        for stage in ("train", "val", "test")
    }
    for one, other in (("train", "val"), ("train", "test"), ("val", "test")):
        if shared := sorted(stages[one] & stages[other]):
            raise ValueError(
                f"patients in both {one} and {other}: {', '.join(shared)}. "
                "A result would measure recognition of people; choose split=patient_kfold"
            )


def restrict(split: Split, keep: NDArray[np.bool_]) -> Split:
    """Keep only some samples of a split; indices then count the kept samples.

    Args:
        split: Indices into a list of n samples.
        keep: (n,) true for each sample that stays.
    """
    new_index = np.cumsum(keep) - 1

    def kept(indices: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(int(new_index[index]) for index in indices if keep[index])

    return Split(train=kept(split.train), val=kept(split.val), test=kept(split.test))


def _scores_and_patients(
    samples: Sequence[LegSample],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Scores, and patients numbered in order of appearance: pseudonyms must not shape folds."""
    if not samples:
        raise ValueError("no rated leg to split: check the label sheet with `pdla check`")
    number: dict[str, int] = {}
    patients = [number.setdefault(sample.patient, len(number)) for sample in samples]
    scores = [-1 if sample.score is None else sample.score for sample in samples]
    if min(scores) < 0:
        raise ValueError("a leg without a score cannot be stratified: split rated legs only")
    return np.array(scores), np.array(patients)


def _require_patients(patients: NDArray[np.int64], n_folds: int, option: str) -> None:
    n_patients = len(np.unique(patients))
    if n_patients < n_folds:
        raise ValueError(f"{option} but only {n_patients} patients: choose fewer folds")


def _folds(
    scores: NDArray[np.int64], patients: NDArray[np.int64], n_folds: int, seed: int
) -> NDArray[np.int64]:
    """Fold of each sample, (n,)."""
    # A score rarer than the folds cannot be in each: it is spread with its neighbour, and the
    # counts of a run show which folds lack it.
    grouped = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    folds = np.empty(len(scores), dtype=np.int64)
    for fold, (_, test) in enumerate(grouped.split(scores, _merge_rare(scores, n_folds), patients)):
        folds[test] = fold
    return folds


def _merge_rare(scores: NDArray[np.int64], n_folds: int) -> NDArray[np.int64]:
    """Join each score that has fewer than n_folds samples to a neighbour, from the top down."""
    merged = scores.copy()
    for score in sorted(set(scores.tolist()), reverse=True):
        is_score = merged == score
        others = merged[~is_score]
        if 0 < is_score.sum() < n_folds and len(others):
            merged[is_score] = others[np.abs(others - score).argmin()]
    return merged


def _take_validation(
    scores: NDArray[np.int64],
    patients: NDArray[np.int64],
    rest: NDArray[np.intp],
    test: NDArray[np.intp],
    n_val_folds: int,
    seed: int,
) -> Split:
    _require_patients(patients[rest], n_val_folds, f"split.n_val_folds={n_val_folds}")
    inner = _folds(scores[rest], patients[rest], n_val_folds, seed)
    return Split(
        train=_indices(rest[inner != 0]), val=_indices(rest[inner == 0]), test=_indices(test)
    )


def _indices(values: NDArray[np.intp]) -> tuple[int, ...]:
    return tuple(int(value) for value in values)
