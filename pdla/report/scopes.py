"""Parts of a study that are judged by themselves: a leg, the patient group, a visit number."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import pandas as pd

from pdla.data.skeletons import BOTH_LEGS, legs_of
from pdla.evaluation.intervals import Draws, Estimate, draw_metrics, estimate_differences
from pdla.evaluation.leg_table import SITE
from pdla.evaluation.metrics import METRIC_OF
from pdla.evaluation.predictions import LEG_KEY, LegKey
from pdla.report.pooling import Passes, Scorer
from pdla.report.study_run import PassKey

LEG_TITLES: Final = {"L": "Left leg", "R": "Right leg", BOTH_LEGS: "Both legs"}
MAX_VISITS: Final = 4  # later visits are few
SITE_TITLE: Final = "site {}"
# Usual names of the group without the disease, in lower case; study.yaml may name others.
CONTROL_GROUPS: Final = frozenset({"cg", "control", "controls", "hc", "nc", "healthy"})

Repeat = tuple[str, int]  # hash of the split, repeat


@dataclass(frozen=True)
class Scope:
    """Which rows of a table of predictions count.

    Attributes:
        title: For people.
        leg: L, R or both.
        column: A further column that must hold one of `values`; empty for none.
        values: What it may hold.
        inside: A scope that the rows must be in as well.
    """

    title: str
    leg: str
    column: str = ""
    values: tuple[str | int, ...] = ()
    inside: "Scope | None" = None

    def select(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows that count."""
        chosen = self.inside.select(table) if self.inside else table
        chosen = chosen[chosen["leg"].isin(legs_of(self.leg))]
        return chosen[chosen[self.column].isin(self.values)] if self.column else chosen


def leg_scopes(scorers: Sequence[Scorer]) -> list[Scope]:
    """Each leg that was scored; both together first, if there are both."""
    legs = sorted({leg for scorer in scorers for leg in _legs(scorer)})
    names = [BOTH_LEGS, *legs] if len(legs) > 1 else legs
    return [Scope(LEG_TITLES[leg], leg) for leg in names]


def _legs(scorer: Scorer) -> set[str]:
    return {leg for table in scorer.passes.values() for leg in table["leg"].unique()}


def patients_scope(scope: Scope, table: pd.DataFrame, controls: Collection[str]) -> Scope | None:
    """A leg within the patients, where a cohort has both patients and controls.

    Args:
        scope: Of the leg.
        table: Its legs.
        controls: Names of groups that are controls, in lower case.
    """
    groups = sorted(str(name) for name in table["group"].unique() if name)
    patients = tuple(name for name in groups if name.lower() not in controls)
    if not patients or len(patients) == len(groups):
        return None
    names = ", ".join(patients)
    return Scope(f"{scope.title}, patients only (group {names})", scope.leg, "group", patients)


def subgroup_scopes(scope: Scope, table: pd.DataFrame) -> list[Scope]:
    """Within a scope: each group alone, each visit number and each site, if there are several."""
    groups = sorted(str(name) for name in table["group"].unique() if name)
    visits = sorted(int(visit) for visit in table["visit"].unique())
    parts: list[tuple[str, str, Sequence[str | int]]] = [
        ("group {} alone", "group", groups),
        ("visit {}", "visit", visits[:MAX_VISITS] if len(visits) > 1 else []),
        (SITE_TITLE, SITE, site_names(table)),
    ]
    return [
        Scope(title.format(value), scope.leg, column, (value,), scope)
        for title, column, values in parts
        if len(values) > 1
        for value in values
    ]


def site_names(table: pd.DataFrame) -> list[str]:
    """Sites of some legs, in alphabetical order; none where the label sheet named none."""
    return sorted(str(name) for name in table[SITE].unique() if name) if SITE in table else []


def complete_passes(scorer: Scorer, scope: Scope) -> Passes:
    """Passes of which every fold was run: a half pass is no repeat of a whole one.

    Where no pass is whole, those that reach as many legs as any.
    """
    side = Scope(scope.title, scope.leg)
    sides = {leg for table in scorer.passes.values() for leg in side.select(table)["leg"].unique()}
    counts = {key: side.select(table)["leg"].value_counts() for key, table in scorer.passes.items()}
    whole = [
        key
        for key, count in counts.items()
        if sides and all(count.get(leg, 0) == scorer.planned[key].get(leg, 0) for leg in sides)
    ]
    if not whole:
        most = max((count.sum() for count in counts.values()), default=0)
        whole = [key for key, count in counts.items() if most > 0 and count.sum() == most]
    parts = {key: scope.select(scorer.passes[key]) for key in whole}
    return {key: table for key, table in parts.items() if len(table)}


@dataclass(frozen=True)
class Judged:
    """A scorer in a scope, its patients drawn once.

    Attributes:
        scorer: Model or baseline.
        scope: Which legs.
        passes: Its complete passes over them, at least one.
        draws: Metrics of all patients and of each draw.
    """

    scorer: Scorer
    scope: Scope
    passes: Passes = field(repr=False)
    draws: Draws = field(repr=False)

    @cached_property
    def legs(self) -> dict[Repeat, frozenset[LegKey]]:
        """Video and leg of all that every seed has scored, for each repeat of the split."""
        found: dict[Repeat, frozenset[LegKey]] = {}
        for (split, repeat, _), table in self.passes.items():
            legs = _legs_of(table)
            found[split, repeat] = found.get((split, repeat), legs) & legs
        return found

    @property
    def is_even(self) -> bool:
        """Whether all seeds have scored the same legs."""
        return all(len(table) == len(self.legs[key[:2]]) for key, table in self.passes.items())

    @cached_property
    def table(self) -> pd.DataFrame:
        """Every leg once, as the first pass that has it predicted it."""
        return pd.concat(self.passes.values()).drop_duplicates(LEG_KEY)

    def spread(self, keys: Collection[str]) -> dict[PassKey, dict[str, float]]:
        """Metrics of each pass: what another seed or another draw of the folds changes."""
        values = zip(self.passes, self.draws.passes, strict=True)
        return {name: {key: float(found[key][0]) for key in keys} for name, found in values}


def judge(scorer: Scorer, scope: Scope, keys: Collection[str] = tuple(METRIC_OF)) -> Judged | None:
    """Draw the patients of a scorer in a scope; None if it scored nothing there."""
    passes = complete_passes(scorer, scope)
    if not passes:
        return None
    return Judged(scorer, scope, passes, draw_metrics(list(passes.values()), keys))


def compare(one: Judged, other: Judged, keys: Collection[str]) -> dict[str, Estimate] | None:
    """Metrics of a scorer minus those of another, on the legs that both scored; None if none."""
    if one.legs == other.legs and one.is_even and other.is_even:
        return one.draws.differences(other.draws, keys)
    shared = [frozenset.intersection(*judged.legs.values()) for judged in (one, other)]
    if not (common := shared[0] & shared[1]):
        return None
    own, others = (
        [_only(table, common) for table in judged.passes.values()] for judged in (one, other)
    )
    return estimate_differences(own, others, keys)


def subtract_passes(
    one: Judged, other: Judged, keys: Collection[str]
) -> dict[PassKey, dict[str, float]]:
    """Metrics of a scorer minus those of another, pass by pass; empty if their legs differ.

    A pass of a scorer without that seed, as a baseline, is its pass of seed 0.
    """
    if not (one.is_even and other.is_even):
        return {}
    own, others = one.spread(keys), other.spread(keys)
    found = {}
    for name, values in own.items():
        base = others.get(name) or others.get(name._replace(seed=0))
        if base is None or one.legs[name[:2]] != other.legs[name[:2]]:
            continue
        found[name] = {key: values[key] - base[key] for key in keys}
    return found


def _legs_of(table: pd.DataFrame) -> frozenset[LegKey]:
    return frozenset(zip(table["video_id"], table["leg"], strict=True))


def _only(table: pd.DataFrame, wanted: Collection[LegKey]) -> pd.DataFrame:
    keys = zip(table["video_id"], table["leg"], strict=True)
    return table[[key in wanted for key in keys]]
