"""`pdla search NAME`: choose options on inner folds of the training patients."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from pdla.commands.local import OWN_CONF, has_own_conf
from pdla.commands.search_space import read_space
from pdla.commands.search_trials import Progress, open_study, progress_of, search
from pdla.commands.search_winner import experiment_path, write_experiment
from pdla.commands.train_help import CONF
from pdla.data.files import first_line
from pdla.runs.config import RunConfig
from pdla.runs.folder import read_result
from pdla.runs.searched import METRIC, Searched, split_of
from pdla.training.config import check_config, check_one_device, plain_config
from pdla.training.overrides import check_command
from pdla.training.run import run

RUNS: Final = Path("runs")
WITHOUT_PICTURES: Final = "review.pictures=false"


@dataclass(frozen=True)
class Found:
    """What a search has found.

    Attributes:
        progress: Its trials.
        searched: The record that its winner carries; None if no trial went through.
        winner: Overrides of the winner.
        experiment: File of the winner, or None.
    """

    progress: Progress
    searched: Searched | None = None
    winner: tuple[str, ...] = ()
    experiment: Path | None = None


def search_options(name: str, arguments: Sequence[str], n_trials: int) -> Found:
    """Search, or go on with a search, in runs/NAME; the winner becomes an experiment.

    Args:
        name: Of the search: letters, digits, `_`, `-` and `.`.
        arguments: Overrides; those with several values are what is chosen from.
        n_trials: Trials over all processes and calls.

    Raises:
        ValueError: If the options cannot work, or no inner folds can be made; nothing was trained.
    """
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise ValueError(f"{name!r}: a search is named by letters, digits, _ - and .")
    if n_trials < 1:
        raise ValueError(f"--trials {n_trials}: expected a number from 1")
    space = read_space(arguments)
    experiment_path(name)
    check_command(space.first(), CONF, OWN_CONF)
    config = _config(space.first(), name, 0)
    if "inner" not in config["split"]:
        raise ValueError("a search needs inner folds: leave split out, or say split=patient_kfold")
    check_config(config)
    check_one_device(config["trainer"])
    folder, n_parts = RUNS / name, int(config["split"]["n_val_folds"])
    study = open_study(folder, space)
    hashes: set[str] = {str(one) for one in study.user_attrs.get("data", [])}

    def evaluate(overrides: Sequence[str], trial: str, part: int) -> float:
        """METRIC of the part that chose no checkpoint; the test patients of the fold are unseen."""
        run_dir = folder / f"{trial}-inner{part}"
        run(_config(overrides, name, part), run_dir, brief=True, shares_data=True)
        result = read_result(run_dir)
        if result is None:
            raise ValueError(f"{run_dir}: not finished")
        if hashes and result.data_hash not in hashes:
            raise ValueError(f"{folder}: the recordings have changed since this search began")
        if not hashes:
            hashes.add(result.data_hash)
            study.set_user_attr("data", sorted(hashes))
        return result.metrics["test"][METRIC]

    seed = int(config["seed"])
    search(study, folder, space, evaluate, n_trials=n_trials, n_parts=n_parts, seed=seed)
    progress = progress_of(study)
    if progress.best is None:
        return Found(progress)
    score = round(float(progress.best.value or 0), 6)
    searched = Searched(
        name=name, space=space.lines, trials=progress.counted, pruned=progress.pruned,
        failed=progress.failed, inner_folds=n_parts, score=score,
        split=split_of(config), data_hash=min(hashes),
    )  # fmt: skip
    winner = space.overrides(progress.best.params)
    return Found(progress, searched, tuple(winner), write_experiment(winner, searched))


def _config(overrides: Sequence[str], name: str, part: int) -> RunConfig:
    """Config of one part of a trial.

    Raises:
        ValueError: If the overrides do not compose.
    """
    own = [f"hydra.searchpath=[{json.dumps(OWN_CONF.resolve().as_uri())}]"]
    is_own = has_own_conf() and not OWN_CONF.samefile(CONF)
    asked = [WITHOUT_PICTURES, *overrides, f"study={name}"]
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            config: Any = compose("train", overrides=[*(own if is_own else []), *asked])
            if "inner" in config.split:
                config.split.inner = part
        return plain_config(config)
    except (HydraException, OmegaConfBaseException) as error:
        raise ValueError(first_line(error)) from None


def found_text(found: Found) -> str:
    """What a search has found, in words."""
    progress = found.progress
    counts = f"{progress.counted} trials: {progress.pruned} pruned, {progress.failed} failed"
    if found.searched is None or found.experiment is None:
        return f"{counts}; none went through all inner folds"
    name, fold = found.searched.name, found.searched.split["fold"]
    return (
        f"{counts}\nbest: {' '.join(found.winner)}\n{found.searched.text}\n"
        f"wrote {found.experiment}; now: "
        f"python train.py experiment={name} split.fold={fold} study=NAME"
    )
