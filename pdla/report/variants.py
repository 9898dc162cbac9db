"""Runs that trained the same model in the same way, under a name that tells them apart."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from pdla.report.study_run import StudyRun
from pdla.runs.config import RunConfig
from pdla.runs.folder import differing_keys

# Keys of a config that do not make another model: which fold, leg, seed, name, folder, machine.
_NOT_A_VARIANT: Final = (
    "seed", "leg", "study", "tag", "split.fold", "split.inner", "split.file", "data.workers",
    "recordings.videos", "recordings.labels", "recordings.store", "recordings.workers",
    "trainer.accelerator", "trainer.devices", "evaluation.primary", "evaluation.contrast",
)  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """Runs of one model that differ in fold, leg and seed only.

    Attributes:
        name: Unique in the study.
        runs: At least one.
    """

    name: str
    runs: tuple[StudyRun, ...]

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.runs[0].result.model

    @property
    def tag(self) -> str:
        """The tag of the config, without the dash that sets it off."""
        return _tag_of(self.runs)

    @property
    def has_both_legs(self) -> bool:
        """Whether one network scores both legs."""
        return self.runs[0].result.has_both_legs

    @cached_property
    def weights(self) -> list[str]:
        """What the runs started from; pre-training with the seed of each run counts as one."""
        exact = {run.result.weights_source for run in self.runs}
        seedless = {_seedless(run.result.weights_source, run.config) for run in self.runs}
        return sorted(seedless if len(seedless) < len(exact) else exact)


def group_variants(runs: Sequence[StudyRun]) -> dict[str, Variant]:
    """The variants among some runs, by name, in the order of their first run within a model."""
    kinds: dict[str, list[list[StudyRun]]] = defaultdict(list)
    for run in runs:
        base = run.result.model + (", both legs" if run.result.has_both_legs else "")
        for members in kinds[base]:
            if not _differing_keys(members[0].config, run.config):
                members.append(run)
                break
        else:
            kinds[base].append([run])
    variants: dict[str, Variant] = {}
    for base, groups in kinds.items():
        for name, members in zip(_names(base, groups), groups, strict=True):
            own = f"{name}, {members[0].result.config_hash[:6]}" if name in variants else name
            variants[own] = Variant(own, tuple(members))
    return variants


def _names(base: str, groups: Sequence[Sequence[StudyRun]]) -> Iterator[str]:
    """By the tags that the user gave if they tell the variants apart, else by what differs."""
    tags = [_tag_of(members) for members in groups]
    if len(set(tags)) == len(groups):
        yield from (f"{base}, {tag}" if tag else base for tag in tags)
        return
    configs = [members[0].config for members in groups]
    keys = sorted({key for config in configs for key in _differing_keys(configs[0], config)})
    for config in configs:
        told = [f"{key}={_value_at(config, key)}" for key in keys[:3]]
        more = [f"{len(keys) - 3} more differences"] if len(keys) > 3 else []
        yield ", ".join([base, *told, *more])


def _tag_of(runs: Sequence[StudyRun]) -> str:
    tags = {str(run.config["tag"]) for run in runs}
    return tags.pop().strip("-_ ") if len(tags) == 1 else ""


def _seedless(weights: Any, config: RunConfig) -> str:
    """Weights with the run's own seed taken out of their name, as in `weights=.../seed${seed}/`."""
    return re.sub(rf"seed{config['seed']}(?!\d)", "seedN", str(weights))


def _differing_keys(one: RunConfig, other: RunConfig) -> list[str]:
    weights = [_seedless(config["model"].get("weights"), config) for config in (one, other)]
    return [
        key
        for key in differing_keys(one, other)
        if key not in _NOT_A_VARIANT
        and not key.startswith(("split.", "review"))
        and not (key == "model.weights" and weights[0] == weights[1])
    ]


def _value_at(config: Any, key: str) -> Any:
    for part in key.split("."):
        config = config.get(part, "none") if isinstance(config, dict) else "none"
    return config
