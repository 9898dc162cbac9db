"""Folds over whole patients, stratified by score as far as that allows."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from pdla.data.recordings import LegSample
from pdla.data.splits.files import Split

MAX_DRAWS = 20
STEP = 1_000_003  # from one random state to the next: none that another seed or repeat begins with


def scores_and_patients(
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


def require_patients(patients: NDArray[np.int64], n_folds: int, option: str) -> None:
    """Stop if there are fewer patients than folds; `option` names the setting in the message."""
    n_patients = len(np.unique(patients))
    if n_patients < n_folds:
        patients_there = "1 patient" if n_patients == 1 else f"{n_patients} patients"
        raise ValueError(f"{option} but only {patients_there}: choose fewer folds")


def draw_folds(
    scores: NDArray[np.int64], patients: NDArray[np.int64], n_folds: int, seed: int
) -> NDArray[np.int64]:
    """Fold of each sample, (n,); method: scikit-learn's StratifiedGroupKFold.

    It can leave a fold empty (2 of 4,000 draws of five folds of a clinic); then the next random
    state is taken, and after MAX_DRAWS whole patients are dealt out in turn.
    """
    return np.array(_draw(tuple(scores.tolist()), tuple(patients.tolist()), n_folds, seed))


@lru_cache(maxsize=64)  # all folds of a split begin with the same draw, and all runs of a sweep
def _draw(
    scores: tuple[int, ...], patients: tuple[int, ...], n_folds: int, seed: int
) -> tuple[int, ...]:
    for draw in range(MAX_DRAWS):
        folds = _draw_once(np.array(scores), np.array(patients), n_folds, seed + draw * STEP)
        if len(np.unique(folds)) == n_folds:
            return tuple(folds.tolist())
    order = np.random.default_rng(seed).permutation(np.unique(patients))
    place = {patient: number % n_folds for number, patient in enumerate(order.tolist())}
    return tuple(place[patient] for patient in patients)


def _draw_once(
    scores: NDArray[np.int64], patients: NDArray[np.int64], n_folds: int, seed: int
) -> NDArray[np.int64]:
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


def take_validation(
    scores: NDArray[np.int64],
    patients: NDArray[np.int64],
    rest: NDArray[np.intp],
    test: NDArray[np.intp],
    n_val_folds: int,
    seed: int,
    inner: int | None = None,
) -> Split:
    """Share the patients who are not tested; with `inner`, forget those who would have been.

    Args:
        scores: (n,) of all legs.
        patients: (n,) of all legs.
        rest: Legs of patients who are not tested.
        test: Legs of patients who are.
        n_val_folds: Parts of the rest.
        seed: Of the draw.
        inner: None, or the part of the rest that is tested in place of `test`.
    """
    require_patients(patients[rest], n_val_folds, f"split.n_val_folds={n_val_folds}")
    parts = draw_folds(scores[rest], patients[rest], n_val_folds, seed)
    if inner is None:
        return Split(indices_of(rest[parts != 0]), indices_of(rest[parts == 0]), indices_of(test))
    choosing = (inner + 1) % n_val_folds
    is_train = (parts != inner) & (parts != choosing)
    return Split(
        indices_of(rest[is_train]),
        indices_of(rest[parts == choosing]),
        indices_of(rest[parts == inner]),
    )


def indices_of(values: NDArray[np.intp]) -> tuple[int, ...]:
    """Indices as plain numbers."""
    return tuple(int(value) for value in values)
