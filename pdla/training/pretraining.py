"""Weights from another run must not know the patients that a run tests: leakage by pre-training."""

import logging
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pandas as pd

from pdla.data.recordings import Cohort
from pdla.data.splits.files import FoldsRecord, Split
from pdla.evaluation.leg_table import KEYPOINTS, read_legs
from pdla.models.weights import NAMED
from pdla.runs.folder import CONFIG, LEGS_FOLDER, SPLIT, read_result
from pdla.runs.old_configs import read_config
from pdla.runs.result import RunResult

log = logging.getLogger(__name__)


def check_pretraining(weights: str, cohort: Cohort, tested: Collection[str]) -> None:
    """Stop if the run that weights come from, or one before it, has seen a patient of the test.

    Patients are told by their pseudonyms, which agree if both stores have the same secret; on the
    very same data (`data_hash`) also by their place in the label sheet, whatever the secret is.

    Args:
        weights: `model.weights` of the run; only a path matters.
        cohort: What the run has read.
        tested: Pseudonyms of its test patients.

    Raises:
        ValueError: One line with the weights, a patient and the way out; also if the folder of that
            run does not say on whom it was trained.
    """
    if weights in NAMED:
        return
    for path in _ancestors(Path(weights)):
        run_dir = _run_of(path)
        if run_dir is None:
            log.warning(
                "%s: nothing beside it says on whom it was trained; a result is worth something "
                "only if no test patient was among them", path,
            )  # fmt: skip
            continue
        if known := sorted(read_patients_seen(run_dir, cohort) & set(tested)):
            raise ValueError(
                f"model.weights={weights}: {run_dir.name} was trained on {len(known)} of the "
                f"patients that this run tests ({', '.join(known[:3])}); take a run of the same "
                "split and fold, or of other people"
            )


def _run_of(path: Path) -> Path | None:
    """The run folder that a file of weights belongs to, if it belongs to one."""
    folder = path.absolute().parent
    is_run = folder.name == "checkpoints" and (folder.parent / CONFIG).exists()
    return folder.parent if is_run else None


def _ancestors(path: Path) -> Iterator[Path]:
    """A file of weights, then the one that its run began with, and so on."""
    passed = set()
    while path.absolute() not in passed:
        passed.add(path.absolute())
        yield path
        if (run_dir := _run_of(path)) is None:
            return
        config = read_config(run_dir / CONFIG)
        before = str(config.get("model", {}).get("weights", "none"))
        if before in NAMED:
            return
        path = Path(before)


def read_patients_seen(run_dir: Path, cohort: Cohort) -> set[str]:
    """Pseudonyms, as this cohort has them, of the patients that a finished run has seen."""
    result = read_result(run_dir)
    if result is None:
        raise ValueError(
            f"{run_dir}: is not finished: it does not say yet on whom it was trained; finish it, "
            "or choose other weights"
        )
    try:
        folds = FoldsRecord.read(run_dir / SPLIT).folds
        legs = read_legs(run_dir.parent / LEGS_FOLDER / result.legs_file)
        return patients_seen(result, folds, legs, cohort)
    except (OSError, IndexError, ValueError) as error:
        raise ValueError(
            f"{run_dir}: cannot tell on whom these weights were trained ({error}); restore its "
            f"{SPLIT} and {LEGS_FOLDER}/, or choose other weights"
        ) from None


def patients_seen(
    result: RunResult, folds: Sequence[Split], legs: pd.DataFrame, cohort: Cohort
) -> set[str]:
    """Pseudonyms, as a cohort has them, of the patients that a run has seen.

    They are known by their pseudonyms, and by copies of their recordings under any name.

    Args:
        result: Of the run.
        folds: Every fold of its split.
        legs: Its table of rated legs, which the folds count.
        cohort: Where the patients are looked for.
    """
    fold = folds[result.split.fold]
    indices = [*fold.train, *fold.val]  # validation patients chose the checkpoint
    known = legs[legs.index.isin(indices)]
    seen = set(known["patient"])
    if KEYPOINTS in known:
        copies = set(known[KEYPOINTS]) - {""}
        seen |= {one.patient for one in cohort.samples if one.recording.sha256 in copies}
    if result.data_hash == cohort.data_hash:
        rated = cohort.rated_legs
        seen |= {rated[index].patient for index in indices}
    return seen


def can_tell_patients(result: RunResult, cohort: Cohort) -> bool:
    """Whether the patients of a run and of a cohort would have the same pseudonyms.

    If not, only copies of recordings are noticed: a patient on whom the run was trained may be
    filmed again under another pseudonym.
    """
    is_one_project = result.data.project == cohort.project != ""
    return is_one_project or result.data_hash == cohort.data_hash
