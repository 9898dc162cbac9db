"""Memory of a process that trains many networks; out of memory names the settings to lower."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from weakref import WeakSet

import torch

from pdla.runs.config import RunConfig

# What a network's memory grows with, the most effective first.
SETTINGS: Final = (
    ("data", "batch_size"), ("sampling", "seconds"), ("drawing", "height"), ("drawing", "width"),
)  # fmt: skip


_NETWORKS: Final[WeakSet[torch.nn.Module]] = WeakSet()


def track_network(network: torch.nn.Module) -> None:
    """Remember a network for `release_networks`; that alone does not keep it."""
    _NETWORKS.add(network)


def release_networks() -> None:
    """Free tracked networks that nobody uses, with their gradients, optimizers and data.

    A LightningModule and its Trainer hold each other, so Python frees them only in its rarest
    collection: 14 R3D-18 held 4 GB. Call this before the next network is made. Networks that are in
    use stay.
    """
    if _NETWORKS:
        gc.collect()


@contextmanager
def name_memory_settings(config: RunConfig) -> Iterator[None]:
    """Turn an allocation that failed, on a GPU or on the host, into one line.

    Raises:
        ValueError: With the settings to lower and what they are now.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        sections: Mapping[str, Any] = config
        now = ", ".join(
            f"{group}.{key}={sections[group][key]}"
            for group, key in SETTINGS
            if key in (sections.get(group) or {})
        )
        raise ValueError(f"out of memory: lower one of {now}, or choose a smaller model") from None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether this is what torch or Python say when an allocation fails."""
    known = isinstance(error, torch.OutOfMemoryError | MemoryError)
    return known or "can't allocate memory" in str(error)
