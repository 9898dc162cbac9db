"""Models as scorers: the folds of their runs joined into passes over the legs."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from pdla.report.study import Study
from pdla.report.study_run import PassKey, StudyRun, repeat_of_fold
from pdla.report.variants import Variant

Passes = dict[PassKey, pd.DataFrame]
Planned = dict[PassKey, dict[str, int]]


@dataclass(frozen=True)
class Scorer:
    """A model, an average of models or a baseline, and its predictions for patients new to it.

    Attributes:
        name: Unique in the study.
        kind: What it is.
        note: What it is in words, or which weights and how many runs.
        is_leaky: Whether patients of the test set were in training.
        passes: Predictions of each pass, a row a leg.
        planned: Legs of each side that a pass holds once all its folds were run.
        alias: What configs call it: the name of the model, or the key of a baseline.
    """

    name: str
    kind: Literal["model", "average", "baseline"]
    note: str
    is_leaky: bool
    passes: Passes = field(repr=False)
    planned: Planned = field(repr=False)
    alias: str = ""

    def is_called(self, name: str) -> bool:
        """Whether a config may mean this row: by its name, `model=` or the key of a baseline."""
        return name in (self.name, self.alias)

    @property
    def is_baseline(self) -> bool:
        """Whether every model must beat it."""
        return self.kind == "baseline"


def plan_passes(runs: Sequence[StudyRun], keys: Collection[PassKey]) -> Planned:
    """Legs of each side that the folds of a repeat test, for each pass."""
    run_of_split = {run.result.split.hash: run for run in runs}
    planned = {}
    for key in keys:
        run = run_of_split[key.split]
        repeats = repeat_of_fold(run.folds)
        tested = {
            index
            for fold, repeat in zip(run.folds, repeats, strict=True)
            if repeat == key.repeat
            for index in fold.test
        }
        sides = run.legs.loc[run.legs.index.isin(tested), "leg"]
        planned[key] = {str(side): int(count) for side, count in sides.value_counts().items()}
    return planned


def pool_models(study: Study) -> list[Scorer]:
    """One scorer for each model of the study."""
    return [_pool(variant) for variant in study.variants.values()]


def _pool(variant: Variant) -> Scorer:
    parts: dict[PassKey, list[pd.DataFrame]] = defaultdict(list)
    for run in variant.runs:
        parts[run.pass_key].append(run.tested)
    passes = {key: pd.concat(tables, ignore_index=True) for key, tables in parts.items()}
    legs = "one network for both legs" if variant.has_both_legs else "a network for each leg"
    return Scorer(
        name=variant.name,
        kind="model",
        note=f"{legs}; {len(variant.runs)} runs; weights: {', '.join(variant.weights)}",
        is_leaky=any(run.result.is_leaky for run in variant.runs),
        passes=passes,
        planned=plan_passes(variant.runs, passes),
        alias=variant.model,
    )
