"""Out of memory: one line that names the settings to lower."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import torch

from pdla.runs.config import RunConfig

# What a network's memory grows with, the most effective first.
SETTINGS: Final = (
    ("data", "batch_size"), ("sampling", "seconds"), ("drawing", "height"), ("drawing", "width"),
)  # fmt: skip


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
