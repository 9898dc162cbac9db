"""Parts of a study that are judged by themselves: a leg, the patient group, a visit number."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from pdla.evaluation.intervals import Estimate, estimate_differences, estimate_metrics
from pdla.evaluation.metrics import METRIC_OF
from pdla.evaluation.pooling import PassKey, Scorer
from pdla.evaluation.weighted import number_patients, weighted_metrics

LEG_TITLES: Final = {"L": "Left leg", "R": "Right leg", "both": "Both legs"}
MAX_VISITS: Final = 4  # later visits are few


@dataclass(frozen=True)
class Scope:
    """Which rows of a table of predictions count.

    Attributes:
        title: For people.
        leg: L, R or both.
        column: A further column that must hold `value`; empty for none.
        value: What it must hold.
    """

    title: str
    leg: str
    column: str = ""
    value: str | int = ""

    def select(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows that count."""
        chosen = table if self.leg == "both" else table[table["leg"] == self.leg]
        return chosen[chosen[self.column] == self.value] if self.column else chosen


def leg_scopes(scorers: Sequence[Scorer]) -> list[Scope]:
    """Each leg that was scored; both together first, if there are both."""
    legs = sorted({leg for scorer in scorers for leg in _legs(scorer)})
    names = ["both", *legs] if len(legs) > 1 else legs
    return [Scope(LEG_TITLES[leg], leg) for leg in names]


def _legs(scorer: Scorer) -> set[str]:
    return {leg for table in scorer.passes.values() for leg in table["leg"].unique()}


def subgroup_scopes(scope: Scope, table: pd.DataFrame) -> list[Scope]:
    """Within a leg: each group alone, if there are several, and each visit number."""
    groups = sorted(name for name in table["group"].unique() if name)
    found = [Scope(f"group {name} alone", scope.leg, "group", name) for name in groups]
    visits = sorted(int(visit) for visit in table["visit"].unique())[:MAX_VISITS]
    found += [Scope(f"visit {visit}", scope.leg, "visit", visit) for visit in visits]
    return found if len(groups) > 1 or len(visits) > 1 else []


def complete_passes(scorer: Scorer, scope: Scope) -> dict[PassKey, pd.DataFrame]:
    """Passes over a scope that reach as many legs as any; a half pass is no repeat of a whole."""
    parts = {key: scope.select(table) for key, table in scorer.passes.items()}
    most = max((len(table) for table in parts.values()), default=0)
    return {key: table for key, table in parts.items() if len(table) == most and most > 0}


def score_in(
    scorer: Scorer, scope: Scope, keys: Collection[str] = tuple(METRIC_OF)
) -> dict[str, Estimate] | None:
    """Metrics of a scorer in a scope; None if it scored nothing there."""
    passes = list(complete_passes(scorer, scope).values())
    return estimate_metrics(passes, keys) if passes else None


def compare_in(
    scorer: Scorer, other: Scorer, scope: Scope, keys: Collection[str]
) -> dict[str, Estimate] | None:
    """Metrics of a scorer minus those of another, on the legs that both scored; None if none."""
    own = list(complete_passes(scorer, scope).values())
    others = list(complete_passes(other, scope).values())
    shared = [_keys_of(table) for table in (*own, *others)]
    if not own or not others or not (common := set.intersection(*shared)):
        return None
    return estimate_differences(
        [_only(table, common) for table in own], [_only(table, common) for table in others], keys
    )


def _keys_of(table: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(table["video_id"], table["leg"], strict=True))


def _only(table: pd.DataFrame, wanted: set[tuple[str, str]]) -> pd.DataFrame:
    keys = zip(table["video_id"], table["leg"], strict=True)
    return table[[key in wanted for key in keys]]


def spread_over_passes(
    scorer: Scorer, scope: Scope, keys: Collection[str]
) -> dict[PassKey, dict[str, float]]:
    """Metrics of each single pass: what another seed or another draw of the folds changes."""
    spread = {}
    for key, table in complete_passes(scorer, scope).items():
        legs = number_patients([table])[0]
        everybody = weighted_metrics(legs, np.ones((1, legs.n_patients)), keys)
        spread[key] = {name: float(values[0]) for name, values in everybody.items()}
    return spread
