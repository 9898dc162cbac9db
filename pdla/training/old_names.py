"""Options and keys of earlier versions: each gives one line with what replaces it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

_LENGTH = "clip length belongs to the model now"
OLD_OPTIONS: Final = {
    "sampling=whole_bout": f"sampling=leg_bout ({_LENGTH})",
    "sampling=random": "sampling=recording",
    "sampling=uniform": "sampling=recording_uniform",
    "sampling=constant_clips": "sampling=recording_constant",
    "loss=weighted": "loss=weighted_cross_entropy",
    "optim=sgd": "optim=sgd_multistep",
    "optim=sgd_2023": "optim=sgd_step",
    "trainer=full_batch": "nothing: data.batch_size=all belongs to the model now",
    "trainer=keypoints": "nothing: trainer.max_epochs belongs to the model now",
    "trainer=heatmaps": "nothing: trainer.max_epochs belongs to the model now",
    "trainer=overfit": "experiment=overfit",
}
OLD_KEYS: Final = {"data.sampler": "data.balance", "data.drawing": "drawing"}


def check_overrides(arguments: Iterable[str]) -> None:
    """Stop at an option or key of an earlier version on the command line.

    Args:
        arguments: Of the command line, as a shell gives them.

    Raises:
        ValueError: One line with the old name and the new one.
    """
    for argument in arguments:
        key, equals, values = argument.lstrip("+~").partition("=")
        for old, new in OLD_KEYS.items():
            if key == old or key.startswith(f"{old}."):
                raise ValueError(_renamed(key, new + key.removeprefix(old)))
        for value in values.split(",") if equals else ():
            if new_option := OLD_OPTIONS.get(f"{key}={value.strip()}"):
                raise ValueError(_renamed(f"{key}={value.strip()}", new_option))


def check_keys(config: Mapping[str, Any]) -> None:
    """Stop at a key of an earlier version in a composed config, for instance of conf/local.

    Raises:
        ValueError: One line with the old name and the new one.
    """
    for old, new in OLD_KEYS.items():
        section, _, key = old.partition(".")
        if key in (config.get(section) or {}):
            raise ValueError(_renamed(old, new))


def _renamed(old: str, new: str) -> str:
    return f"{old} is of an earlier version; use {new}"
