"""The trials of a search on Optuna's storage, for any number of processes, killed or not.

The storage is a journal in the folder of the search. A trial holds a lock for its values while it
runs. One that is running without its lock belonged to a process that was killed: it is asked again.
"""

import hashlib
import json
import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import optuna
from filelock import FileLock, Timeout
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from pdla.commands.search_space import Space
from pdla.data.files import first_line

log = logging.getLogger(__name__)

JOURNAL: Final = "search.journal"
ERROR: Final = "error"  # attribute of a trial that failed by itself
FAILS_IN_A_ROW: Final = 3  # then something is wrong with all of them
STARTUP_TRIALS: Final = 5  # that the pruner lets end, as is its default

Evaluate = Callable[[Sequence[str], str, int], float]
"""Score of a trial's overrides, its name and a part of the inner folds; lower is better."""


@dataclass(frozen=True)
class Progress:
    """How far a search is.

    Attributes:
        counted: Trials that ended or are running; interrupted ones are asked again instead.
        pruned: Of these, given up early.
        failed: Of these, ended in an error.
        best: The best trial that went through all parts; None if there is none yet.
    """

    counted: int
    pruned: int
    failed: int
    best: FrozenTrial | None


def open_study(folder: Path, space: Space) -> optuna.Study:
    """The storage of a search, new or gone on with.

    Raises:
        ValueError: If the folder holds a search of another space.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(folder / JOURNAL))),
        study_name=folder.name,
        direction="minimize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS),
        load_if_exists=True,
    )
    with FileLock(folder / ".asking.lock"):
        known = study.user_attrs.get("asked")
        if known is None:
            study.set_user_attr("asked", space.asked)
        elif known != space.asked:
            differing = sorted(set(known) ^ set(space.asked))
            raise ValueError(
                f"{folder}: holds a search that differs in {', '.join(differing)}; give this one "
                "another name, or delete the folder"
            )
    return study


def search(
    study: optuna.Study,
    folder: Path,
    space: Space,
    evaluate: Evaluate,
    *,
    n_trials: int,
    n_parts: int,
    seed: int = 0,
) -> Progress:
    """Run trials until there are enough.

    Args:
        study: As `open_study` gives it.
        folder: Of the search.
        space: What is chosen from.
        evaluate: Trains and scores one part of a trial.
        n_trials: Trials of the search over all processes and calls.
        n_parts: Parts of the inner folds; the score of a trial is the mean over them.
        seed: Of the sampler. One process asks the same trials for the same seed.

    Raises:
        ValueError: If trials fail one after the other; the last error.
    """
    fails = 0
    while True:
        with _next_trial(study, folder, space, n_trials, seed) as trial:
            if trial is None:
                return progress_of(study)
            error = _run(study, trial, space, evaluate, n_parts)
        fails = fails + 1 if error else 0
        if fails == FAILS_IN_A_ROW:
            raise ValueError(f"{folder}: {fails} trials in a row failed, the last one: {error}")


def progress_of(study: optuna.Study) -> Progress:
    """Counts of the trials, and the best."""
    trials = study.get_trials(deepcopy=False)
    complete = [one for one in trials if one.state == TrialState.COMPLETE]
    pruned = sum(one.state == TrialState.PRUNED for one in trials)
    running = sum(one.state == TrialState.RUNNING for one in trials)
    failed = sum(one.state == TrialState.FAIL and ERROR in one.user_attrs for one in trials)
    best = min(complete, key=lambda one: one.value or 0.0, default=None)
    return Progress(len(complete) + pruned + running + failed, pruned, failed, best)


def name_of(values: Mapping[str, Any]) -> str:
    """Name of a trial by its values: the same values are the same runs."""
    text = json.dumps(dict(values), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


@contextmanager
def _next_trial(
    study: optuna.Study, folder: Path, space: Space, n_trials: int, seed: int
) -> Iterator[optuna.Trial | None]:
    """Ask for a trial and hold its lock; None if there are enough."""
    with ExitStack() as stack:
        with FileLock(folder / ".asking.lock"):
            _ask_dead_ones_again(study, folder)
            counted = progress_of(study).counted
            if counted >= n_trials:
                yield None
                return
            study.sampler = optuna.samplers.TPESampler(seed=seed + counted, constant_liar=True)
            trial = study.ask(dict(space.distributions))
            lock = _lock_of(folder, trial.params)
            is_held = _try(lock)
        if not is_held:  # another process has the same values: its runs are taken when it is done
            lock.acquire()
        stack.callback(lock.release)
        yield trial


def _ask_dead_ones_again(study: optuna.Study, folder: Path) -> None:
    for dead in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        lock = _lock_of(folder, dead.params)
        if not _try(lock):
            continue
        lock.release()
        study.tell(dead.number, state=TrialState.FAIL)
        if dead.params:
            study.enqueue_trial(dead.params)
            log.info("trial %d was interrupted: it goes on", dead.number)


def _lock_of(folder: Path, values: Mapping[str, Any]) -> FileLock:
    return FileLock(folder / f".{name_of(values)}.lock")


def _try(lock: FileLock) -> bool:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True


def _run(
    study: optuna.Study, trial: optuna.Trial, space: Space, evaluate: Evaluate, n_parts: int
) -> str:
    """Run one trial and tell its end; the error if it failed."""
    overrides, scores = space.overrides(trial.params), []
    chosen = " ".join(overrides[len(space.fixed) :])
    for part in range(n_parts):
        try:
            score = evaluate(overrides, name_of(trial.params), part)
            if not math.isfinite(score):
                raise ValueError(f"score {score}")
        except (ValueError, RuntimeError, OSError) as error:
            line = first_line(error)
            trial.set_user_attr(ERROR, line)
            study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)
            log.warning("trial %d failed: %s (%s)", trial.number, line, chosen)
            return line
        scores.append(score)
        mean = sum(scores) / len(scores)
        trial.report(mean, part)
        if part < n_parts - 1 and trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED, skip_if_finished=True)
            log.info("trial %d pruned after %d parts: %.4f (%s)", trial.number, part + 1, mean,
                     chosen)  # fmt: skip
            return ""
    study.tell(trial, mean, skip_if_finished=True)
    log.info("trial %d: %.4f (%s)", trial.number, mean, chosen)
    return ""
