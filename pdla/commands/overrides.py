"""Overrides such as `recordings.openpose.fps=25`, read alike by every command and by train.py."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from pdla.data.files import first_line


def as_hydra_reads(argument: str) -> str:
    """The override in a form that Hydra's grammar accepts.

    Text that it does not accept, such as a regular expression or Chinese characters, is quoted, so
    that nobody has to know the grammar. What it accepts stays as it is, and so does what is no
    override.
    """
    try:
        OverridesParser.create().parse_override(argument)
    except HydraException:
        match = re.fullmatch(r"(\+{0,2}[\w./@-]+)=(.*)", argument, re.DOTALL)
        if match and not match[2].startswith(("[", "{")):
            return f"{match[1]}={quote_value(match[2])}"
    return argument


def quote_value(text: str) -> str:
    """The text as a value of an override, quoted where Hydra would read anything else in it."""
    if re.fullmatch(r"[A-Za-z_./-][A-Za-z0-9_./+-]*", text) and _value_of(text) == text:
        return text
    # Within quotes only backslashes before a quote count; ${ would begin an interpolation.
    escaped = re.sub(r'(\\*)("|$(?![\s\S]))', _escape_before_quote, text).replace("${", r"\${")
    return f'"{escaped}"'


def write_override(key: str, value: str | Path) -> str:
    """`key=value` for a shell and for Hydra, whatever is in the value."""
    return shlex.quote(f"{key}={quote_value(str(value))}")


def read_overrides(arguments: Sequence[str]) -> DictConfig:
    """Apply overrides of the section `recordings`, whose name may be left out, to an empty config.

    Raises:
        ValueError: If one cannot be read; names it.
    """
    config = OmegaConf.create({})
    for argument in arguments:
        try:
            override: Override = OverridesParser.create().parse_override(as_hydra_reads(argument))
        except HydraException as error:
            line = first_line(error)
            if Path(argument).is_file():
                line = "a file in the place of an option; a sheet is named by --labels"
            raise ValueError(f"{argument}: {line}; expected KEY=VALUE") from None
        key = override.key_or_group.removeprefix("recordings.")
        if override.is_delete():
            raise ValueError(f"{argument}: nothing can be deleted; write {key}=null")
        if override.is_sweep_override():
            raise ValueError(f"{argument}: several values; a list is written {key}=[a,b]")
        try:
            OmegaConf.update(config, key, override.value(), merge=True, force_add=True)
        except OmegaConfBaseException as error:
            raise ValueError(f"{argument}: {first_line(error)}") from None
    return config


def _escape_before_quote(match: "re.Match[str]") -> str:
    return match[1] * 2 + ('\\"' if match[2] else "")


def _value_of(text: str) -> Any:
    """What Hydra makes of unquoted text."""
    try:
        return OverridesParser.create().parse_override(f"key={text}").value()
    except HydraException:
        return None
