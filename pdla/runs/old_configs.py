"""Configs of runs made by earlier versions, read as those of today."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from pdla.runs.config import RunConfig
from pdla.targets import TARGET, public_name

KINEMATICS = "kinematics"  # the only set of quantities before there were published ones
FULL_BATCH_BEFORE = 100_000  # what full-batch training wrote before `batch_size: all`


def read_config(path: Path) -> RunConfig:
    """The config.yaml of a run, in the names of today.

    Raises:
        ValueError: If the file cannot be read as a config.
        OSError: If it cannot be opened.
    """
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        if isinstance(config, dict):
            return upgrade_config(config)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{path}: damaged ({reason}); delete the folder to run it again") from None
    raise ValueError(f"{path}: holds {type(config).__name__}, expected the config of a run")


def upgrade_config(config: dict[str, Any]) -> RunConfig:
    """A config in the names of today; one that has them already is given back as it is.

    Before 0.2 a data module brought a drawing of its own, `balance` was called `sampler`, a trainer
    was pinned to the CPU unless asked for a GPU, and models on quantities knew one set of them.
    """
    config = _rename_targets(config)
    data = dict(config["data"]) if isinstance(config.get("data"), dict) else {}
    is_old = "drawing" in data or "sampler" in data
    if "drawing" in data:
        config["drawing"] = data.pop("drawing")
    if "sampler" in data:
        data["balance"] = data.pop("sampler")
    if data.get("batch_size") == FULL_BATCH_BEFORE:
        data["batch_size"] = "all"
    model = config.get("model")
    if isinstance(model, dict) and "both_legs" in model and "quantities" not in model:
        config["model"] = {**model, "quantities": [KINEMATICS]}
        data["quantities"] = [KINEMATICS]
    if data:
        config["data"] = data
    trainer = config.get("trainer")
    if is_old and isinstance(trainer, dict) and trainer.get("accelerator") == "cpu":
        config["trainer"] = {**trainer, "accelerator": "auto"}
    return cast(RunConfig, config)


def _rename_targets(section: Any) -> Any:
    if isinstance(section, list):
        return [_rename_targets(value) for value in section]
    if not isinstance(section, Mapping):
        return section
    return {
        key: public_name(value)
        if key == TARGET and isinstance(value, str)
        else _rename_targets(value)
        for key, value in section.items()
    }
