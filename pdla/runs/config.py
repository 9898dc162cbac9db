"""The config of a run: what train.py composes from conf/, and config.yaml keeps."""

from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict

from pdla.data.skeletons import Leg

Section = dict[str, Any]
"""Options of one class, by the names of its arguments, and the `_target_` that names the class."""


class EvaluationConfig(TypedDict):
    """How a run is judged; decided before it starts.

    Attributes:
        primary: Metrics that the decision rule serves, the first one above all.
        contrast: What the model is compared with: one row, two rows, or nothing.
        clips: How the clips of a video become one score.
    """

    primary: list[str]
    contrast: NotRequired[str | list[str] | None]
    clips: Literal["mean", "median", "max"]


class RunConfig(TypedDict):
    """One run, as plain values. The groups of conf/ hold options of classes.

    Runs of earlier versions may lack what is not required.
    """

    leg: Leg | Literal["both"]
    seed: int
    study: str
    tag: NotRequired[str]
    keep_last: NotRequired[bool]
    save_every_s: NotRequired[float]
    cuda_graphs: NotRequired[bool]
    evaluation: EvaluationConfig
    review: NotRequired[Section]
    logger: NotRequired[Section]
    searched: NotRequired[Section | None]
    recordings: Section
    split: Section
    sampling: Section
    augment: dict[str, Section]
    drawing: Section
    data: Section
    loss: Section
    optim: Section
    trainer: Section
    model: Section


def check_sections(path: Path, config: RunConfig) -> None:
    """Refuse a config without what every run has.

    Raises:
        ValueError: One line with the path of the config.
    """
    for key in sorted(RunConfig.__required_keys__):
        value = config.get(key)
        kind = RunConfig.__annotations__[key]
        if key not in config:
            fault = f"{key} is missing"
        elif kind in (Section, EvaluationConfig) and not isinstance(value, dict):
            fault = f"{key} holds {type(value).__name__}, expected options"
        elif kind is EvaluationConfig and (
            lost := kind.__required_keys__ - set(config["evaluation"])
        ):
            fault = f"{key}.{min(lost)} is missing"
        else:
            continue
        raise ValueError(f"{path}: damaged ({fault}); restore it, or run again")
