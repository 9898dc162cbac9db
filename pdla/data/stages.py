"""The three parts of a split, their order and their names."""

from typing import Final, Literal

Stage = Literal["train", "val", "test"]
STAGES: Final[tuple[Stage, ...]] = ("train", "val", "test")
STAGE_TITLES: Final[dict[Stage, str]] = {"train": "training", "val": "validation", "test": "test"}
