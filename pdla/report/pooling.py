"""From runs to scorers: folds joined into passes over the legs.

A pass is one prediction for each leg: all folds of one repeat of the split, trained with one seed.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from pdla.data.skeletons import BOTH_LEGS
from pdla.report.study import StudyRun
from pdla.runs.folder import differing_keys

# Keys of a config that do not make another model: which fold, leg, seed, name, folder, machine.
_NOT_A_VARIANT: Final = (
    "seed", "leg", "study", "tag", "split.fold", "split.inner", "split.file", "data.workers",
    "recordings.videos", "recordings.labels", "recordings.store", "recordings.workers",
    "trainer.accelerator", "trainer.devices", "evaluation.primary",
)  # fmt: skip

PassKey = tuple[str, int, int]  # hash of the split, repeat, seed


@dataclass(frozen=True)
class Scorer:
    """A model, an average of models or a baseline, and its predictions for patients new to it.

    Attributes:
        name: Unique in the study.
        kind: model, average or baseline.
        note: What it is, or which weights and how many runs.
        is_leaky: Whether patients of the test stood in training.
        passes: Predictions, a row a leg, of each pass.
        planned: Legs of each side that a pass holds once all its folds were run.
    """

    name: str
    kind: str
    note: str
    is_leaky: bool
    passes: dict[PassKey, pd.DataFrame] = field(repr=False)
    planned: dict[PassKey, dict[str, int]] = field(repr=False)

    @property
    def is_baseline(self) -> bool:
        """Whether it is there to be beaten."""
        return self.kind == "baseline"


def check_poolable(runs: Sequence[StudyRun], pool_differing: bool) -> list[str]:
    """What the runs differ in that forbids to pool them.

    Returns:
        One line for each difference, if `pool_differing` lets them pass.

    Raises:
        ValueError: The first difference, and the option that pools all the same.
    """
    kinds = {run.result["split"]["is_tuning"] for run in runs}
    if len(kinds) > 1:
        raise ValueError(
            "tuning runs (split.inner) and runs of the study lie in one folder: a report never "
            "mixes them; give tuning a study of its own (study=tune)"
        )
    found = []
    for problem in _differences(runs):
        if not pool_differing:
            raise ValueError(
                f"{problem}: keep them in studies of their own, or pool them all the same with "
                "--pool-differing, which the report will say"
            )
        found.append(problem)
    return found


def _differences(runs: Sequence[StudyRun]) -> Iterator[str]:
    for what, key in (("data", "data_hash"), ("splits", "split")):
        values = [run.result[key] for run in runs]
        hashes = {value if isinstance(value, str) else value["hash"] for value in values}
        if len(hashes) > 1:
            short = ", ".join(sorted(value[:8] for value in hashes))
            yield f"runs of {len(hashes)} different {what} ({short})"
    for name, members in group_variants(runs).items():
        weights = weights_of(members)
        if len(weights) > 1:
            yield f"runs of {name} began with different weights ({', '.join(weights)})"


def weights_of(runs: Sequence[StudyRun]) -> list[str]:
    """What runs began with; a pre-training with the seed of each run is one and the same."""
    exact = {str(run.result["weights_source"]) for run in runs}
    seedless = {_seedless(run.result["weights_source"], run.config) for run in runs}
    return sorted(seedless if len(seedless) < len(exact) else exact)


def _seedless(weights: Any, config: dict[str, Any]) -> str:
    """Weights with the run's own seed taken out of their name, as in `weights=.../seed${seed}/`."""
    return re.sub(rf"seed{config['seed']}(?!\d)", "seedN", str(weights))


def group_variants(runs: Sequence[StudyRun]) -> dict[str, list[StudyRun]]:
    """Runs that trained the same model in the same way, by a name that tells them apart."""
    variants: dict[str, list[StudyRun]] = {}
    kinds: dict[str, list[tuple[dict[str, Any], list[StudyRun]]]] = defaultdict(list)
    for run in runs:
        base = str(run.result["model"])
        if run.result["leg"] == BOTH_LEGS:
            base += ", both legs"
        for config, members in kinds[base]:
            if not _variant_keys(config, run.config):
                members.append(run)
                break
        else:
            kinds[base].append((run.config, [run]))
    for base, groups in kinds.items():
        for name, (_, members) in zip(_variant_names(base, groups), groups, strict=True):
            own = (
                name if name not in variants else f"{name}, {members[0].result['config_hash'][:6]}"
            )
            variants[own] = members
    return variants


def _variant_names(
    base: str, groups: Sequence[tuple[dict[str, Any], list[StudyRun]]]
) -> Iterator[str]:
    """By the tags that the user gave if they tell the variants apart, else by what differs."""
    tags = [tag_of(members) for _, members in groups]
    if len(set(tags)) == len(groups):
        yield from (f"{base}, {tag}" if tag else base for tag in tags)
        return
    first = groups[0][0]
    keys = sorted({key for config, _ in groups for key in _variant_keys(first, config)})
    for config, _ in groups:
        told = [f"{key}={_value_at(config, key)}" for key in keys[:3]]
        more = [f"{len(keys) - 3} more differences"] if len(keys) > 3 else []
        yield ", ".join([base, *told, *more])


def tag_of(runs: Sequence[StudyRun]) -> str:
    """The tag that all of some runs have, without the dash that sets it off; else nothing."""
    tags = {str(run.config["tag"]) for run in runs}
    return tags.pop().strip("-_ ") if len(tags) == 1 else ""


def _variant_keys(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
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


def repeat_of_fold(folds: Sequence[dict[str, list[int]]]) -> list[int]:
    """Which repeat each fold belongs to: a new one begins when a leg would be tested twice."""
    repeats, seen, repeat = [], set[int](), 0
    for fold in folds:
        tested = set(fold["test"])
        if tested & seen:
            repeat, seen = repeat + 1, set()
        seen |= tested
        repeats.append(repeat)
    return repeats


def plan_passes(
    runs: Sequence[StudyRun], keys: Collection[PassKey]
) -> dict[PassKey, dict[str, int]]:
    """Legs of each side that the folds of a repeat test, for each pass."""
    folds_of = {run.result["split"]["hash"]: (run.folds, run.legs) for run in runs}
    planned = {}
    for key in keys:
        folds, legs = folds_of[key[0]]
        repeats = repeat_of_fold(folds)
        tested = {
            index
            for fold, repeat in zip(folds, repeats, strict=True)
            if repeat == key[1]
            for index in fold["test"]
        }
        sides = legs.loc[legs.index.isin(tested), "leg"]
        planned[key] = {str(side): int(count) for side, count in sides.value_counts().items()}
    return planned


def pool_models(runs: Sequence[StudyRun]) -> list[Scorer]:
    """One scorer for each model of the study, by name."""
    scorers = []
    for name, members in group_variants(runs).items():
        passes: dict[PassKey, list[pd.DataFrame]] = defaultdict(list)
        for run in members:
            passes[pass_of(run)].append(run.tested)
        weights = weights_of(members)
        scorers.append(
            Scorer(
                name=name,
                kind="model",
                note=_note(members, weights),
                is_leaky=any(run.result["is_leaky"] for run in members),
                passes={key: pd.concat(parts, ignore_index=True) for key, parts in passes.items()},
                planned=plan_passes(members, passes),
            )
        )
    return scorers


def _note(members: Sequence[StudyRun], weights: Sequence[str]) -> str:
    is_both = members[0].result["leg"] == BOTH_LEGS
    legs = "one network for both legs" if is_both else "a network for each leg"
    return f"{legs}; {len(members)} runs; weights: {', '.join(weights)}"


def pass_of(run: StudyRun) -> PassKey:
    """Which pass the predictions of a run belong to."""
    split = run.result["split"]
    return split["hash"], repeat_of_fold(run.folds)[split["fold"]], run.result["seed"]
