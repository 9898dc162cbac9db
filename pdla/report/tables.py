"""What the report page shows: words and cells, made of an analysis; the template lays them out."""

from typing import Any

import numpy as np

from pdla.report.analysis import Analysis, Difference, Row, Section
from pdla.evaluation.intervals import Estimate
from pdla.evaluation.metrics import HEADLINE, METRIC_OF, METRICS, Metric

Cell = tuple[str, str]  # value, and interval or reason in smaller letters


def make_cell(estimate: Estimate, reason: str = "") -> Cell:
    """Value and interval; n/a and why where undefined."""
    if not np.isfinite(estimate.value):
        return "n/a", reason
    if not np.isfinite(estimate.low):
        return f"{estimate.value:.2f}", ""
    return f"{estimate.value:.2f}", f"{estimate.low:.2f} to {estimate.high:.2f}"


def interval_text(estimate: Estimate) -> str:
    """Value and interval in a sentence; n/a where undefined."""
    value, interval = make_cell(estimate)
    return f"{value} ({interval})" if interval else value


def is_better(difference: Difference, metric: Metric) -> bool | None:
    """Whether a model is better than another scorer; None if the interval does not say."""
    estimate = difference.estimates[metric.key]
    if estimate.low > 0 or estimate.high < 0:
        return bool((estimate.low > 0) == metric.higher_is_better)
    return None


def headline(analysis: Analysis) -> list[str]:
    """The answer, a sentence or two for each model, on the first primary metric."""
    metric = METRIC_OF[analysis.primary[0]]
    first, *legs = analysis.sections
    told = []
    for row in first.rows:
        if row.scorer.is_baseline:
            continue
        stamp = "LEAKY, no result: " if row.scorer.is_leaky else ""
        by_leg = "; ".join(
            f"{section.scope.title.lower()} {interval_text(own.estimates[metric.key])}"
            for section in legs
            for own in section.rows
            if own.scorer is row.scorer
        )
        told.append(
            f"{stamp}{row.scorer.name}: {metric.title} {interval_text(row.estimates[metric.key])} "
            f"on {row.n_legs} legs of {row.n_patients} patients"
            + (f" ({by_leg})" if by_leg else "")
            + _monotony(row)
            + f". {_verdicts(first, row, metric)}."
        )
    return told


def _monotony(row: Row) -> str:
    """That a scorer gives everybody one score, which its metrics show to experts only."""
    said = {int(score) for table in row.passes for score in table["predicted"].unique()}
    return f"; it says {said.pop()} to every leg" if len(said) == 1 else ""


def _verdicts(section: Section, row: Row, metric: Metric) -> str:
    """Which baselines a model is better than, cannot be told apart from, is worse than."""
    groups: dict[bool | None, list[str]] = {}
    has_interval = False
    for difference in section.differences:
        if difference.scorer is row.scorer and difference.other.is_baseline:
            has_interval |= bool(np.isfinite(difference.estimates[metric.key].low))
            groups.setdefault(is_better(difference, metric), []).append(
                f"\u201c{difference.other.name}\u201d"
            )
    if not has_interval:
        return (
            "Too few patients for an interval, so nothing is known of the difference to baselines"
        )
    words = ((True, "better than"), (None, "not told apart from"), (False, "worse than"))
    text = "; ".join(f"{word} {_enumerate(groups[key])}" for key, word in words if key in groups)
    return text[:1].upper() + text[1:]


def _enumerate(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def ordered_metrics(analysis: Analysis) -> list[Metric]:
    """The metrics of the main table, the primary ones first."""
    keys = [*analysis.primary, *(key for key in HEADLINE if key not in analysis.primary)]
    return [METRIC_OF[key] for key in keys]


def main_rows(section: Section, metrics: list[Metric]) -> list[dict[str, Any]]:
    """Rows of the main table of a leg."""
    return [
        {
            "name": row.scorer.name,
            "kind": row.scorer.kind,
            "note": row.scorer.note,
            "is_leaky": row.scorer.is_leaky,
            "legs": row.n_legs,
            "patients": row.n_patients,
            "passes": len(row.spread),
            "cells": _cells(row, metrics),
        }
        for row in section.rows
    ]


def other_rows(section: Section, shown: list[Metric]) -> list[dict[str, Any]]:
    """All other metrics: a row a metric, a cell a scorer."""
    counts = section.table["score"].value_counts()
    rows = []
    for metric in METRICS:
        if metric in shown:
            continue
        title = metric.title
        if metric.key.startswith("recall_"):
            title += f" (n = {int(counts.get(int(metric.key[-1]), 0))})"
        cells = [cell for row in section.rows for cell in _cells(row, [metric])]
        rows.append({"title": title, "higher": metric.higher_is_better, "cells": cells})
    return rows


def _cells(row: Row, metrics: list[Metric]) -> list[Cell]:
    cells = [make_cell(row.estimates[key], row.reasons.get(key, "")) for key in _keys(metrics)]
    scores = row.judged.table["score"].unique()
    if len(scores) > 1:
        return cells
    why = f"whatever is predicted: the rater gave every leg a {scores[0]}"
    told = zip(cells, metrics, strict=True)
    return [
        (value, why) if metric.key == "qwk" and value != "n/a" else (value, below)
        for (value, below), metric in told
    ]


def _keys(metrics: list[Metric]) -> list[str]:
    return [metric.key for metric in metrics]


def subgroup_rows(section: Section, metrics: list[Metric]) -> list[dict[str, Any]]:
    """Every subgroup and scorer with the primary metrics."""
    return [
        {
            "title": title if number == 0 else "",
            "name": row.scorer.name,
            "kind": row.scorer.kind,
            "legs": row.n_legs,
            "patients": row.n_patients,
            "cells": _cells(row, metrics),
        }
        for title, rows in section.subgroups.items()
        for number, row in enumerate(rows)
    ]


def spread_rows(section: Section, metrics: list[Metric]) -> list[dict[str, Any]]:
    """Each pass of each model, if there are several."""
    return [
        {
            "name": row.scorer.name,
            "repeat": repeat,
            "seed": "mean" if row.scorer.kind == "average" else seed,
            "cells": [show_number(values[metric.key]) for metric in metrics],
        }
        for row in section.rows
        if not row.scorer.is_baseline and len(row.spread) > 1
        for (_, repeat, seed), values in row.spread.items()
    ]


def show_number(value: float) -> str:
    """Two decimals, or n/a."""
    return f"{value:.2f}" if np.isfinite(value) else "n/a"
