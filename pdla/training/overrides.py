"""The command line of a run, checked before Hydra reads it: a misspelt name is one line."""

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from pdla.data.checked_options import suggest
from pdla.training.old_names import check_overrides

PLAIN: Final = re.compile(r"[\w-]+(,[\w-]+)*")  # a word, or a list of words to sweep over
OTHERS: Final = ("+", "~", "hydra.", "hydra/")  # Hydra judges these keys itself
PLUGINS: Final = {"joblib": "joblib", "slurm": "submitit", "ray": "ray"}  # by launcher
OWN_CONFIGS: Final = ("hydra.searchpath", "--config-dir", "-cd", "--config-path", "--config-name")


def check_command(arguments: Sequence[str], conf: Path, own: Path | None = None) -> None:
    """Stop at an option or key that is not there; what Hydra alone can judge is left to it.

    Args:
        arguments: Of the command line.
        conf: Folder of the configuration.
        own: Folder of the user's own options, or None.

    Raises:
        ValueError: One line with the name, the nearest one and what there is.
    """
    check_overrides(arguments)
    if any(argument.startswith(OWN_CONFIGS) for argument in arguments):
        return  # options and keys may be in a folder of the user's own
    given = [argument.partition("=") for argument in arguments if "=" in argument]
    for key, _, value in given:
        if key.lstrip("+") == "launcher":
            check_launcher(value)
    chosen = []
    for key, _, value in given:
        name = key.lstrip("+")
        if (conf / name).is_dir():
            chosen.append(f"{key}={_first_option(name, value, conf, own)}")
    keys = [key for key, _, _ in given if not key.startswith(OTHERS)]
    values = [key for key in keys if not (conf / key).is_dir() and "@" not in key]
    if values:
        _check_keys(values, _compose(conf, [one for one in chosen if not one.endswith("=")]))


def check_launcher(name: str) -> None:
    """Stop at a launcher whose extra is not installed.

    Raises:
        ValueError: One line with what to install.
    """
    plugin = f"hydra_plugins.hydra_{PLUGINS.get(name, '')}_launcher"
    if name in PLUGINS and not _is_installed(plugin):
        raise ValueError(f"launcher={name}: not installed; pip install 'pdla[{name}]'")


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package around it is there
        return False


def _first_option(group: str, value: str, conf: Path, own: Path | None) -> str:
    """The first of the options of a group that a command names; empty if Hydra must judge."""
    if value == "null" or not PLAIN.fullmatch(value):
        return ""
    folders = [conf, own] if own else [conf]  # in a checkout the same one
    known = {path.stem for folder in folders for path in (folder / group).glob("*.yaml")}
    for option in value.split(","):
        if option not in known:
            near = suggest(option, sorted(known))
            raise ValueError(f"{group}={option}: no such option; {near}")
    first = value.split(",", maxsplit=1)[0]
    return first if first in known else ""


def _compose(conf: Path, overrides: list[str]) -> DictConfig | None:
    try:
        with initialize_config_dir(str(conf), version_base="1.3"):
            return compose("train", overrides=overrides)
    except (HydraException, OmegaConfBaseException):
        return None  # Hydra says it with the whole command


def _check_keys(keys: Sequence[str], config: DictConfig | None) -> None:
    if config is None:
        return
    known = list(_dotted(OmegaConf.to_container(config)))
    for key in keys:
        if key in known:
            continue
        section = key.rpartition(".")[0]
        near = [one for one in known if one.rpartition(".")[0] == section] or [
            one for one in known if "." not in one
        ]
        raise ValueError(f"{key}: no such key; {suggest(key, near)}; +{key}=VALUE adds one")


def _dotted(section: Any, prefix: str = "") -> Iterator[str]:
    """Every key of nested sections, as `section.key`."""
    if isinstance(section, Mapping):
        for key, value in section.items():
            yield f"{prefix}{key}"
            yield from _dotted(value, f"{prefix}{key}.")
