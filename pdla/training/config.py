"""A composed Hydra config, checked before any work starts; plain dicts from there on."""

from pathlib import Path
from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import get_class, instantiate
from omegaconf import DictConfig, OmegaConf

from pdla.data.skeletons import legs_of


def plain_config(config: DictConfig) -> dict[str, Any]:
    """Resolve a composed config into plain dicts and lists.

    Raises:
        ValueError: If a value that has no default was not given.
    """
    if missing := sorted(OmegaConf.missing_keys(config)):
        key = missing[0]
        raise ValueError(f"{key} has no default: give it, as in `python train.py {key}=VALUE`")
    plain = OmegaConf.to_container(config, resolve=True)
    if not isinstance(plain, dict):
        raise ValueError(f"expected a mapping at the top of the config, got {type(plain).__name__}")
    return {str(key): value for key, value in plain.items()}


def check_config(config: dict[str, Any]) -> None:
    """Stop early at what cannot work.

    Raises:
        ValueError: One line with the key, its value and the way out.
    """
    legs_of(config["leg"])
    if not isinstance(config["seed"], int) or config["seed"] < 0:
        raise ValueError(f"seed={config['seed']!r}: expected a whole number from 0")
    model: Any = get_class(config["model"]["_target_"])
    data: Any = get_class(config["data"]["_target_"])
    if model.input_kind != data.input_kind:
        raise ValueError(
            f"model {model.__name__} takes {model.input_kind}, but data={data.input_kind}: "
            f"leave data out of the command, or say data={model.input_kind}"
        )
    sampling, drawing = config["sampling"], config["drawing"]
    n_frames = round(sampling["seconds"] * sampling["fps"])
    model.check_clips(config["model"], n_frames, (drawing["height"], drawing["width"]))
    if "simulate" not in config["recordings"]:
        _check_places(config["recordings"])


def _check_places(recordings: dict[str, Any]) -> None:
    """Stop at paths that are not there; a published data set has a root, and no label sheet."""
    for key in ("root",) if "root" in recordings else ("videos", "labels"):
        if recordings[key] is None or not Path(recordings[key]).exists():
            raise ValueError(
                f"recordings.{key}={recordings[key]}: not found; give the path of your {key}"
            )


def build(config: dict[str, Any], **values: Any) -> Any:
    """Make the object that a config section names by `_target_`.

    Args:
        config: Section with `_target_`; sections inside it are made as well.
        values: Objects that no config can hold, passed as they are.

    Raises:
        ValueError: The line that the class itself raised, without Hydra's wrapping.
    """
    try:
        maker = instantiate(config, _convert_="all", _partial_=True)
        return maker(**values)
    except (InstantiationException, TypeError) as error:
        raise ValueError(f"{config['_target_']}: {_root_cause(error)}") from error


def build_model(config: dict[str, Any]) -> Any:
    """Make the LegScorer of a config; loss and optimizer stay plain dicts in its checkpoint.

    Raises:
        ValueError: The line that the class itself raised, without Hydra's wrapping.
    """
    section = config["model"]
    try:
        return instantiate(
            section, loss=config["loss"], optim=config["optim"], _recursive_=False, _convert_="all"
        )
    except InstantiationException as error:
        raise ValueError(f"{section['_target_']}: {_root_cause(error)}") from error


def _root_cause(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error
