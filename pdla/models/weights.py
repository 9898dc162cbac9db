"""Weights to start from: say what was wanted, fill what fits, record what was used and left."""

import logging
from collections.abc import Set
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file as load_safetensors
from torch import Tensor, nn

from pdla.models.downloads import Pretrained, fetch
from pdla.models.shipped import SIMULATED

log = logging.getLogger(__name__)

NAMED: Final = ("auto", "required", "none", SIMULATED)  # everything else is a path
PUBLISHED: Final = ("auto", "required", "none")  # what is said of weights that others publish
MIN_SHARE: Final = 0.5  # weights that fill less of a network are another network's


def load_pretrained(network: nn.Module, weights: str, pretrained: Pretrained) -> str:
    """Fill a network with published weights, before it gets its head for the scores.

    Args:
        network: The network as published; changed in place.
        weights: `auto` (cache or download, else from scratch with a warning), `required` (the same,
            else an error) or `none`.
        pretrained: The weights that `auto` and `required` mean.

    Returns:
        What was used, for the record: `none`, or the name of the weights.

    Raises:
        ValueError: If weights are required and not to be had, or the cached file is damaged.
    """
    if weights == "none":
        return "none"
    if path := fetch(pretrained):
        fill(network, read_state(path), path.name)
        return pretrained.name
    cached = pretrained.cached
    hint = f"put {cached.name} into {cached.parent}"
    if weights == "required":
        raise ValueError(
            f"model.weights=required: {pretrained.name} not cached, no internet; {hint}"
        )
    log.warning(
        "TRAINING FROM SCRATCH: %s is not cached and there is no internet; %s",
        pretrained.name, hint,
    )  # fmt: skip
    return "none"


def load_file(scorer: nn.Module, path: Path) -> str:
    """Fill a whole scorer, network and head, from a run's best.ckpt or a file of weights.

    How often each score was seen (the head's counts) is left: that is the new training set's.

    Args:
        scorer: The LegScorer; changed in place.
        path: A checkpoint of a run, or what torch.save(network.state_dict()) wrote.

    Returns:
        What was used, for the record: run and file, how many layers were filled and which not.

    Raises:
        ValueError: If the file is not there, does not open safely, or is of another network.
    """
    if not path.is_file():
        raise ValueError(
            f"model.weights={path}: no such file; choose auto, required, none or a path"
        )
    state = read_state(path)
    state.pop("head.counts", None)
    own = scorer.state_dict().keys() - {"head.counts"}
    prefix = _best_prefix(own, state)
    left = fill(scorer, {f"{prefix}{key}": value for key, value in state.items()}, path.name)
    left.remove("head.counts")
    is_run = path.parent.name == "checkpoints"
    name = f"{path.parents[1].name}/{path.name}" if is_run else path.name
    source = f"{name} ({len(own) - len(left)} of {len(own)} layers)"
    return f"{source}; new: {_some(left)}" if left else source


def fill(network: nn.Module, state: dict[str, Tensor], file: str) -> list[str]:
    """Copy all layers whose names and shapes agree.

    Returns:
        Names of the network's own layers that were left as they are.

    Raises:
        ValueError: If less than half of the network is filled.
    """
    own = network.state_dict()
    fitting = {name: value for name, value in state.items() if _fits(own.get(name), value)}
    if len(fitting) < MIN_SHARE * len(own):
        raise ValueError(
            f"model.weights={file}: {len(fitting)} of {len(own)} layers fit "
            f"{type(network).__name__}; weights of another network?"
        )
    network.load_state_dict(fitting, strict=False)
    left = [name for name in own if name not in fitting]
    unused = [name for name in state if name not in fitting]
    log.info(
        "%s: %d of %d layers filled; left: %s; not used: %s",
        file, len(fitting), len(own), ", ".join(left) or "none", ", ".join(unused) or "none",
    )  # fmt: skip
    return left


def check_same_layers(scorer: nn.Module, path: Path) -> None:
    """Stop before any work at a checkpoint that another version, or another network, has left.

    Args:
        scorer: The LegScorer that would go on from it.
        path: A checkpoint.

    Raises:
        ValueError: If it does not open safely, or a layer is missing, unknown or of another shape.
    """
    own, state = scorer.state_dict(), read_state(path)
    differing = [name for name in own if not _fits(state.get(name), own[name])]
    differing += [name for name in state if name not in own]
    if differing:
        raise ValueError(
            f"{path}: {len(differing)} layers are not those of {type(scorer).__name__} "
            f"({_some(differing)}); made by another version of pdla? Delete the run's folder, or "
            "give this run a name of its own (tag=-NAME)"
        )


def read_state(path: Path) -> dict[str, Tensor]:
    """Tensors of a file by name; nothing in it is ever executed.

    Raises:
        ValueError: If it holds more than tensors and plain values, or no tensors.
    """
    if path.suffix == ".safetensors":
        try:
            return load_safetensors(path)
        except (SafetensorError, OSError) as error:
            raise ValueError(f"{path}: not weights that can be opened ({error})") from None
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ValueError(f"{path}: not weights that can be opened safely ({reason})") from None
    for key in ("state_dict", "model_state"):  # Lightning's word, pytorchvideo's word
        content = content.get(key, content) if isinstance(content, dict) else content
    if not isinstance(content, dict):
        raise ValueError(f"{path}: holds {type(content).__name__}, expected weights by name")
    return {str(key): value for key, value in content.items() if isinstance(value, Tensor)}


def _fits(own: Tensor | None, value: Tensor) -> bool:
    return own is not None and own.shape == value.shape


def _best_prefix(own: Set[str], state: dict[str, Tensor]) -> str:
    """What stands before the names of a bare network inside of a scorer, `network.` for most."""
    first = next(iter(state), "")
    candidates = {""} | {name.removesuffix(first) for name in own if name.endswith(first)}
    return max(sorted(candidates), key=lambda prefix: sum(f"{prefix}{key}" in own for key in state))


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"
