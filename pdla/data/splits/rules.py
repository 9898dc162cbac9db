"""Who is trained on, who chooses the checkpoint, who is tested: never the same patient.

Every splitter maps rated legs to a Split of indices. Folds are drawn over the patients of the whole
cohort, both legs together, and before a leg is chosen: so a patient is in the same fold whether
leg=L, R or both, and both legs and all visits of a person always stay together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pdla.data.recordings import LegSample
from pdla.data.splits.files import Split
from pdla.data.splits.folds import Splitter
from pdla.data.splits.stratify import (
    draw_folds,
    indices_of,
    require_patients,
    scores_and_patients,
    take_validation,
)
from pdla.data.stages import STAGES

MAX_PATIENTS_LEFT_OUT = 500  # as many trainings; nobody means that


@dataclass(frozen=True, kw_only=True)
class PatientKFold(Splitter):
    """K folds over patients, stratified by score as far as whole patients allow.

    Fold f tests part f % n_folds of repeat f // n_folds; the validation patients are one of
    `n_val_folds` parts of the rest. Method: scikit-learn's StratifiedGroupKFold. Deterministic in
    `seed` and the order of the samples; pseudonyms do not matter.

    Nested tuning: with `inner=j` the test patients of the fold are set aside and never looked at.
    Part j of the training patients is tested and part j + 1 chooses the checkpoint. So options can
    be compared without touching what the study will report:

        python train.py -m model.dropout=0.1,0.5 split.fold=0 'split.inner=range(4)' \\
            study=tune-fold0 'tag=-inner${split.inner}-dropout${model.dropout}'

    `pdla report runs/tune-fold0` compares them; the best option then runs on fold 0 without `inner`
    in the study that is reported. Repeat for each fold. A report never mixes the two.

    Attributes:
        n_folds: Parts of the patients.
        repeats: How often they are drawn anew; fold runs from 0 to n_folds x repeats - 1.
        n_val_folds: Parts of the training patients.
        inner: None, or the part of the training patients that a tuning run tests.
    """

    n_folds: int = 5
    repeats: int = 1
    n_val_folds: int = 4
    inner: int | None = None

    def __post_init__(self) -> None:
        """Refuse folds that do not exist."""
        if self.n_folds < 2 or self.n_val_folds < 2 or self.repeats < 1:
            raise ValueError(
                f"split.n_folds={self.n_folds}, n_val_folds={self.n_val_folds}, "
                f"repeats={self.repeats}: at least 2, 2 and 1"
            )
        if self.file is None and not 0 <= self.fold < self.n_folds * self.repeats:
            raise ValueError(
                f"split.fold={self.fold}: choose 0 to {self.n_folds * self.repeats - 1}"
            )
        if self.inner is not None and self.file is not None:
            raise ValueError("split.inner and split.file together: give one of them")
        if self.inner is not None and not (
            self.n_val_folds > 2 and 0 <= self.inner < self.n_val_folds
        ):
            raise ValueError(
                f"split.inner={self.inner}: choose 0 to {self.n_val_folds - 1}, "
                "with split.n_val_folds of at least 3"
            )

    def count_folds(self, samples: Sequence[LegSample]) -> int:
        """Parts times repeats."""
        return self.n_folds * self.repeats

    @property
    def number(self) -> int:
        """The fold, or the part of its training patients that a tuning run tests."""
        return self.fold if self.inner is None else self.inner

    @property
    def is_tuning(self) -> bool:
        """Whether this is an inner part."""
        return self.inner is not None

    def all_folds(self, samples: Sequence[LegSample]) -> list[Split]:
        """Every fold; for a tuning run every part of the training patients of its fold."""
        if self.inner is None:
            return super().all_folds(samples)
        parts = (replace(self, inner=part) for part in range(self.n_val_folds))
        return [part.split(samples) for part in parts]

    def draw(self, samples: Sequence[LegSample], fold: int) -> Split:
        """One part of one repeat.

        Raises:
            ValueError: If there are fewer patients than folds.
        """
        scores, patients = scores_and_patients(samples)
        require_patients(patients, self.n_folds, f"split.n_folds={self.n_folds}")
        repeat, part = divmod(fold, self.n_folds)
        seed = self.seed + 10_007 * repeat
        folds = draw_folds(scores, patients, self.n_folds, seed)
        test, rest = np.flatnonzero(folds == part), np.flatnonzero(folds != part)
        return take_validation(scores, patients, rest, test, self.n_val_folds, seed, self.inner)


@dataclass(frozen=True, kw_only=True)
class LeaveOnePatientOut(Splitter):
    """Test on one patient, train and validate on all others; as many folds as patients."""

    n_val_folds: int = 4

    def count_folds(self, samples: Sequence[LegSample]) -> int:
        """The number of patients.

        Raises:
            ValueError: If there are so many that nobody would train as often.
        """
        n_patients = len({sample.patient for sample in samples})
        if n_patients > MAX_PATIENTS_LEFT_OUT:
            raise ValueError(f"{n_patients} patients are as many trainings: split=patient_kfold")
        return n_patients

    def draw(self, samples: Sequence[LegSample], fold: int) -> Split:
        """Test the patient who is number `fold` to appear."""
        scores, patients = scores_and_patients(samples)
        test = np.flatnonzero(patients == fold)
        rest = np.flatnonzero(patients != fold)
        return take_validation(scores, patients, rest, test, self.n_val_folds, self.seed)


@dataclass(frozen=True, kw_only=True)
class LeaveOneSiteOut(Splitter):
    """Test on one site, train and validate on the others; as many folds as sites.

    Sites are those of the label sheet (`recordings.sheet.columns.site`), in the order in which they
    come. A patient of the tested site who was seen elsewhere as well is on neither other side.
    """

    n_val_folds: int = 4

    def count_folds(self, samples: Sequence[LegSample]) -> int:
        """The number of sites.

        Raises:
            ValueError: If the sheet names fewer than two sites, or none for some legs.
        """
        sites = sites_of(samples)
        n_unknown = sum(not sample.condition.site for sample in samples)
        if n_unknown or len(sites) < 2:
            raise ValueError(
                f"split=leave_one_site_out: {len(sites)} sites in the label sheet, and {n_unknown} "
                "rated legs without one; name the column, recordings.sheet.columns.site=NAME"
            )
        return len(sites)

    def draw(self, samples: Sequence[LegSample], fold: int) -> Split:
        """Test the site that is number `fold` to appear."""
        scores, patients = scores_and_patients(samples)
        site = sites_of(samples)[fold]
        is_tested = np.array([sample.condition.site == site for sample in samples])
        is_known = np.isin(patients, patients[is_tested])
        test, rest = np.flatnonzero(is_tested), np.flatnonzero(~is_known)
        return take_validation(scores, patients, rest, test, self.n_val_folds, self.seed)


def sites_of(samples: Sequence[LegSample]) -> list[str]:
    """Names of the sites in the order in which they come in the sheet."""
    return list(dict.fromkeys(one.condition.site for one in samples if one.condition.site))


@dataclass(frozen=True, kw_only=True)
class Holdout(Splitter):
    """Set some patients aside once, stratified by score; there is only fold 0.

    Attributes:
        test_share: Of the patients; rounded to one part of a whole number.
        n_val_folds: One of so many parts of the other patients chooses the checkpoint.
    """

    test_share: float = 0.25
    n_val_folds: int = 4

    def __post_init__(self) -> None:
        """Refuse shares that leave nobody to train on."""
        if not 0 < self.test_share <= 0.5:
            raise ValueError(f"split.test_share={self.test_share}: expected more than 0, up to 0.5")

    def count_folds(self, samples: Sequence[LegSample]) -> int:
        """One."""
        return 1

    def draw(self, samples: Sequence[LegSample], fold: int) -> Split:
        """The first of 1 / test_share parts is tested."""
        scores, patients = scores_and_patients(samples)
        n_parts = round(1 / self.test_share)
        require_patients(patients, n_parts, f"split.test_share={self.test_share}")
        folds = draw_folds(scores, patients, n_parts, self.seed)
        test, rest = np.flatnonzero(folds == 0), np.flatnonzero(folds != 0)
        return take_validation(scores, patients, rest, test, self.n_val_folds, self.seed)


@dataclass(frozen=True, kw_only=True)
class ByVideo2023(Splitter):
    """The 2023 protocol, kept to show what it hides: LEAKY, never a result.

    A fifth of the videos is drawn whatever patient they show; they choose the checkpoint and are
    also the test. Videos with a leg of the highest score present stand in training as well
    (so in the class project that pdla replaces). Fold f is draw f of `draws`.
    """

    test_share: float = 0.2
    draws: int = 5
    is_leaky: ClassVar[bool] = True

    def count_folds(self, samples: Sequence[LegSample]) -> int:
        """The number of draws."""
        return self.draws

    def draw(self, samples: Sequence[LegSample], fold: int) -> Split:
        """Share out rated samples by video, not by patient."""
        videos = list(dict.fromkeys(sample.recording.video_id for sample in samples))
        order = np.random.default_rng([self.seed, fold]).permutation(len(videos))
        n_test = max(1, round(self.test_share * len(videos)))
        tested = {videos[index] for index in order[:n_test]}
        scores, _ = scores_and_patients(samples)
        in_both = scores == scores.max()
        is_tested = np.array([sample.recording.video_id in tested for sample in samples]) | in_both
        train = indices_of(np.flatnonzero(~is_tested | in_both))
        test = indices_of(np.flatnonzero(is_tested))
        return Split(train=train, val=test, test=test)


def check_patients_apart(split: Split, samples: Sequence[LegSample]) -> None:
    """Stop if a patient stands on two sides of a split.

    Raises:
        ValueError: Naming the pseudonyms of the patients that overlap.
    """
    stages = {
        stage: {samples[index].patient for index in getattr(split, stage)} for stage in STAGES
    }
    for one, other in combinations(STAGES, 2):
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
