"""Options of the intake, as every command takes them: a file of conf/recordings/ and overrides."""

from collections.abc import Sequence
from pathlib import Path

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from pdla.data.intake import IntakeOptions


def read_options(config: Path | None, overrides: Sequence[str]) -> IntakeOptions:
    """Options of the intake from a file of conf/recordings/ and from the command line.

    Args:
        config: YAML file, or None for the defaults; what it does not name is as by default.
        overrides: As for training: `recordings.openpose.layout=body_25b`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If an option is unknown or cannot be read.
    """
    try:
        given = OmegaConf.create({}) if config is None else OmegaConf.load(config)
        dotted = [override.removeprefix("recordings.") for override in overrides]
        merged = OmegaConf.merge(given, OmegaConf.from_dotlist(dotted))
        plain = OmegaConf.to_container(merged, throw_on_missing=False)
    except (OmegaConfBaseException, YAMLError, ValueError) as error:
        line = str(error).splitlines()[0]
        raise ValueError(f"{config or ' '.join(overrides)}: {line}") from None
    if not isinstance(plain, dict):
        raise ValueError(f"{config}: expected a file of conf/recordings/")
    return IntakeOptions.from_config(
        {str(key): value for key, value in plain.items() if key != "defaults"}
    )
