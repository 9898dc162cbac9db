"""Pre-trained weights where there may be no internet: say what was wanted, record what was used."""

import functools
import logging
import socket
from pathlib import Path
from urllib.parse import urlparse

import torch
from torch import Tensor, nn
from torchvision.models import WeightsEnum

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 4.0


def load_weights(network: nn.Module, weights: str, pretrained: WeightsEnum) -> str:
    """Fill a network with pre-trained weights, all layers whose shapes agree.

    Args:
        network: The network; changed in place.
        weights: `auto` (cache or download, else from scratch with a warning), `required` (the same,
            else an error), `none`, or the path of a file saved with torch.save(state_dict).
        pretrained: The torchvision weights that `auto` and `required` mean.

    Returns:
        What was used, for the record: `none`, the torchvision weights, or the file's name.

    Raises:
        ValueError: If weights are required and not to be had, or a path is not a file of weights
            for this network.
    """
    if weights == "none":
        return "none"
    if weights not in ("auto", "required"):
        return _load_file(network, Path(weights))
    state = _pretrained_state(pretrained)
    if state is not None:
        _fill(network, state)
        return str(pretrained)
    hint = f"put {_cached_file(pretrained).name} into {_cached_file(pretrained).parent}"
    if weights == "required":
        raise ValueError(f"model.weights=required: {pretrained} not cached, no internet; {hint}")
    log.warning(
        "TRAINING FROM SCRATCH: %s is not cached and there is no internet; %s", pretrained, hint
    )
    return "none"


def _load_file(network: nn.Module, path: Path) -> str:
    if not path.is_file():
        raise ValueError(
            f"model.weights={path}: no such file; choose auto, required, none or a path"
        )
    state = torch.load(path, map_location="cpu", weights_only=True)
    n_filled = _fill(network, state)
    if n_filled == 0:
        raise ValueError(
            f"{path}: no layer fits {type(network).__name__}; weights of another network?"
        )
    return path.name


def _fill(network: nn.Module, state: dict[str, Tensor]) -> int:
    own = network.state_dict()
    fitting = {name: value for name, value in state.items() if _fits(own.get(name), value)}
    network.load_state_dict(fitting, strict=False)
    log.info("pre-trained: %d of %d layers filled", len(fitting), len(own))
    return len(fitting)


def _fits(own: Tensor | None, value: Tensor) -> bool:
    return own is not None and own.shape == value.shape


@functools.cache
def _pretrained_state(pretrained: WeightsEnum) -> dict[str, Tensor] | None:
    """Weights from the cache or the internet; None (asked once a process) if neither works."""
    if not _cached_file(pretrained).exists() and not _reachable(pretrained.url):
        return None
    state: dict[str, Tensor] = torch.hub.load_state_dict_from_url(
        pretrained.url, map_location="cpu", check_hash=True, weights_only=True
    )
    return state


def _cached_file(pretrained: WeightsEnum) -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(pretrained.url).path).name


def _reachable(url: str) -> bool:
    parts = urlparse(url)
    try:
        socket.create_connection((parts.hostname, 443), timeout=CONNECT_TIMEOUT_S).close()
    except OSError:
        return False
    return True
