"""Options of the intake, as every command takes them: a file of conf/recordings/ and overrides."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from pdla.commands.overrides import quote_value, read_overrides
from pdla.data.files import first_line
from pdla.data.intake import IntakeOptions
from pdla.data.intake.options import PLACES


def read_options(config: Path | None, overrides: Sequence[str]) -> IntakeOptions:
    """Options of the intake from a file of conf/recordings/ and from the command line.

    Args:
        config: YAML file, or None for the defaults; what it does not name is as by default.
        overrides: As for training: `recordings.openpose.layout=body_25b`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If an option is unknown or cannot be read.
    """
    changes = read_overrides(overrides)
    try:
        merged = OmegaConf.merge(_load(config), changes)
        plain = OmegaConf.to_container(merged, resolve=True, throw_on_missing=False)
    except (OmegaConfBaseException, ValueError, YAMLError) as error:
        is_binary = isinstance(error, UnicodeDecodeError)
        line = "is no text; give a file of options in YAML" if is_binary else first_line(error)
        raise ValueError(f"{config or ' '.join(overrides)}: {line}") from None
    if not isinstance(plain, dict):
        raise ValueError(f"{config}: expected a file of conf/recordings/")
    return IntakeOptions.from_config({str(key): value for key, value in plain.items()})


def overrides_for_training(
    config: Path | None, overrides: Sequence[str], store: Path, usual_store: Path
) -> list[str]:
    """Overrides with which train.py reads as a command did that was given these.

    Args:
        config: File of conf/recordings/ that the command was given, or None.
        overrides: Its overrides.
        store: Its store.
        usual_store: The store of conf/recordings/clinic.yaml.
    """
    given = []
    for section, options in _load(config).items():
        if section in PLACES:
            continue
        named = options.items() if isinstance(options, DictConfig) else [("", options)]
        keys = (f"{section!s}.{name!s}".rstrip(".") for name, _ in named)
        given += [f"{key}={_as_text(value)}" for key, (_, value) in zip(keys, named, strict=True)]
    where = [] if store == usual_store else [f"store={quote_value(str(store))}"]
    return [*given, *overrides, *where]


def _load(config: Path | None) -> DictConfig:
    if config is not None and not config.is_file():
        what = "is a folder" if config.is_dir() else "no such file"
        raise FileNotFoundError(
            f"--config {config}: {what}; give a file of options like conf/recordings/clinic.yaml, "
            "or write one with `pdla init VIDEOS`"
        )
    loaded = OmegaConf.create({}) if config is None else OmegaConf.load(config)
    if not isinstance(loaded, DictConfig):
        raise ValueError("expected a file of conf/recordings/")
    loaded.pop("defaults", None)
    return loaded


def _as_text(value: Any) -> str:
    """A value as the right side of an override."""
    if isinstance(value, str):
        return quote_value(value)
    plain = OmegaConf.to_container(value) if OmegaConf.is_config(value) else value
    # JSON is what Hydra reads, but for the quotes around keys.
    return re.sub(r'"(\w+)": ', r"\1: ", json.dumps(plain, ensure_ascii=False))
