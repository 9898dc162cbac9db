"""The winner of a search as an experiment: `conf/experiment/NAME.yaml` of the user's own folder."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from pdla.commands.local import OWN_CONF
from pdla.commands.train_help import CONF
from pdla.data.files import write_text
from pdla.runs.searched import KEY, Searched

PACKAGE: Final = "# @package _global_\n"
MARK: Final = "# Written by `pdla search {name}`, which replaces it while this line is there.\n"


def experiment_path(name: str) -> Path:
    """Where the winner goes.

    Raises:
        ValueError: If another experiment has that name.
    """
    path = OWN_CONF / "experiment" / f"{name}.yaml"
    for place in {path.resolve(), (CONF / "experiment" / path.name).resolve()}:
        if place.exists() and MARK.format(name=name) not in place.read_text(encoding="utf-8"):
            raise ValueError(f"{place}: is another experiment; give the search another name")
    return path


def experiment_text(overrides: Sequence[str], searched: Searched) -> str:
    """The overrides of the winner as a file of conf/experiment/.

    Args:
        overrides: Fixed ones and those of the winner.
        searched: What was searched.
    """
    base: list[Any] = []
    groups: list[dict[str, str]] = []
    values = OmegaConf.create({})
    for text in overrides:
        override: Any = OverridesParser.create().parse_override(text)
        key, value = override.key_or_group, override.value()
        if key == "experiment":
            base.append(value)  # beside this one, in the same group
        elif (CONF / key).is_dir():
            groups.append({f"override /{key}": value})
        else:
            OmegaConf.update(values, key, value, force_add=True)
    for key, number in searched.split.items():
        if key != "repeats" or number != 0:
            OmegaConf.update(values, f"split.{key}", number, force_add=True)
    chosen: Any = OmegaConf.to_container(values)
    defaults = {"defaults": [*base, *groups]} if base or groups else {}
    content = defaults | chosen | {KEY: asdict(searched)}
    why = (
        f"# Choose this for fold {searched.split['fold']} only: the best of {searched.trials} "
        "trials on inner folds of its training patients.\n"
    )
    body = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    return f"{PACKAGE}{why}{MARK.format(name=searched.name)}{body}"


def write_experiment(overrides: Sequence[str], searched: Searched) -> Path:
    """Write the winner; see `experiment_path`."""
    path = experiment_path(searched.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, experiment_text(overrides, searched))
    return path
