"""What the report page shows: words and cells, made of an analysis; the template lays them out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from pdla.data.recordings import SCORES
from pdla.evaluation.intervals import Estimate
from pdla.evaluation.metrics import HEADLINE, METRIC_OF, METRICS, Metric
from pdla.evaluation.predictions import LEG_KEY, LegKey
from pdla.report.analysis import Analysis, Difference, Row, Section
from pdla.report.pooling import Scorer
from pdla.report.study_run import StudyRun

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


@dataclass(frozen=True)
class ScorerRow:
    """A scorer in a table.

    Attributes:
        title: Of the subgroup, in its first row; empty elsewhere.
        scorer: Model, average or baseline.
        n_legs: Legs that it scored.
        n_patients: Their patients.
        cells: One for each metric of the table.
    """

    title: str
    scorer: Scorer
    n_legs: int
    n_patients: int
    cells: list[Cell]


def main_rows(section: Section, metrics: list[Metric]) -> list[ScorerRow]:
    """Rows of the main table of a leg."""
    return [_scorer_row(row, metrics) for row in section.rows]


def _scorer_row(row: Row, metrics: list[Metric], title: str = "") -> ScorerRow:
    return ScorerRow(title, row.scorer, row.n_legs, row.n_patients, _cells(row, metrics))


@dataclass(frozen=True)
class MetricRow:
    """A metric in a table: one cell a scorer."""

    title: str
    higher_is_better: bool
    cells: list[Cell]


def other_rows(section: Section, shown: list[Metric]) -> list[MetricRow]:
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
        rows.append(MetricRow(title, metric.higher_is_better, cells))
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


def subgroup_rows(section: Section, metrics: list[Metric]) -> list[ScorerRow]:
    """Every subgroup and scorer with the primary metrics."""
    return [
        _scorer_row(row, metrics, title if number == 0 else "")
        for title, rows in section.subgroups.items()
        for number, row in enumerate(rows)
    ]


@dataclass(frozen=True)
class PassRow:
    """One pass of a model: metrics of a repeat of the split and a seed."""

    name: str
    repeat: int
    seed: str
    cells: list[str]


def spread_rows(section: Section, metrics: list[Metric]) -> list[PassRow]:
    """Each pass of each model, if there are several."""
    return [
        PassRow(
            row.scorer.name,
            key.repeat,
            "mean" if row.scorer.kind == "average" else str(key.seed),
            [show_number(values[metric.key]) for metric in metrics],
        )
        for row in section.rows
        if not row.scorer.is_baseline and len(row.spread) > 1
        for key, values in row.spread.items()
    ]


def show_number(value: float) -> str:
    """Two decimals, or n/a."""
    return f"{value:.2f}" if np.isfinite(value) else "n/a"


MAX_ERRORS: Final = 40  # legs that are listed, the worst first


@dataclass(frozen=True)
class FlowStep:
    """A step from the videos that were found to the legs that were tested."""

    title: str
    count: int
    unit: str
    note: str


def flow_steps(analysis: Analysis) -> list[FlowStep]:
    """Found, usable, rated, tested; the reasons are in `exclusion_rows`."""
    flow = analysis.study.first.result.flow
    table = analysis.sections[0].table
    patients = table["patient"].nunique()
    return [
        FlowStep("found", flow.videos_found, "videos", f"{flow.rows} rows in the label sheet"),
        FlowStep("usable", flow.videos_usable, "videos", f"{flow.legs_usable} legs in view"),
        FlowStep("rated", flow.legs_rated, "legs", "have a score"),
        FlowStep("used", len(table), "legs", f"tested; {patients} patients"),
    ]


def exclusion_rows(analysis: Analysis) -> list[tuple[str, int]]:
    """Why videos and legs were left out, the commonest first."""
    return list(analysis.study.first.result.excluded.items())


@dataclass(frozen=True)
class ScoreRow:
    """Legs of score 0 to 4 in one part of the study."""

    title: str
    counts: list[int]
    n_legs: int
    n_patients: int


def score_rows(analysis: Analysis) -> list[ScoreRow]:
    """Legs by score, for each leg and group."""
    rows = []
    for section in analysis.sections:
        groups = sorted(name for name in section.table["group"].unique() if name)
        for title, table in _with_groups(section.table, groups):
            counts = table["score"].value_counts()
            rows.append(
                ScoreRow(
                    f"{section.scope.title}{title}",
                    [int(counts.get(score, 0)) for score in SCORES],
                    len(table),
                    table["patient"].nunique(),
                )
            )
    return rows


def _with_groups(table: pd.DataFrame, groups: list[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    yield "", table
    if len(groups) > 1:
        for group in groups:
            yield f", group {group}", table[table["group"] == group]


def error_table(analysis: Analysis) -> pd.DataFrame:
    """Legs of all models, a row each, the worst first: mean absolute error over models and passes.

    Columns: video_id, leg, patient, group, visit, score, the expected scores of each model and
    average, error. An average does not count in the error: its models are there already.
    """
    section = analysis.sections[0]
    table = section.table[[*LEG_KEY, "patient", "group", "visit", "score"]].set_index(LEG_KEY)
    errors = []
    for own in section.rows:
        if own.scorer.is_baseline:
            continue
        rows = pd.concat(own.passes).set_index(LEG_KEY)
        table[own.scorer.name] = rows["expected_score"].groupby(LEG_KEY).mean()
        if own.scorer.kind == "model":
            errors.append((rows["predicted"] - rows["score"]).abs().groupby(LEG_KEY).mean())
    table["error"] = pd.concat(errors, axis=1).mean(axis=1)
    return table.sort_values("error", ascending=False, kind="stable").reset_index()


@dataclass(frozen=True)
class ErrorRow:
    """A leg in the table of errors.

    Attributes:
        leg: Video and leg.
        patient: Pseudonym.
        group: Of the cohort.
        visit: From 1.
        score: The rater's.
        cells: Expected score of each model.
        error: Mean absolute error over models and passes, in points.
        clip: Address of the drawn clip; empty if there is none.
    """

    leg: LegKey
    patient: str
    group: str
    visit: int
    score: int
    cells: list[str]
    error: str
    clip: str


def error_rows(analysis: Analysis, clips: Mapping[LegKey, str]) -> list[ErrorRow]:
    """The legs with the largest errors; `clips` gives the address of those that were drawn."""
    table = error_table(analysis)
    table = table[table["error"] > 0].head(MAX_ERRORS)
    names = scored_names(analysis)
    return [
        ErrorRow(
            leg=(row["video_id"], row["leg"]),
            patient=row["patient"],
            group=row["group"],
            visit=row["visit"],
            score=row["score"],
            cells=[show_number(row[name]) for name in names],
            error=f"{row['error']:.1f}",
            clip=clips.get((row["video_id"], row["leg"]), ""),
        )
        for row in table.to_dict("records")
    ]


def scored_names(analysis: Analysis) -> list[str]:
    """Models and averages, in order of the columns of the table of errors."""
    return [row.scorer.name for row in analysis.sections[0].rows if not row.scorer.is_baseline]


@dataclass(frozen=True)
class RunRow:
    """A run in the table of runs; each field is a cell."""

    name: str
    leg: str
    fold: int
    seed: int
    weights: str
    train: str
    test: str
    absent: str
    unsupported: str
    epochs: str
    minutes: str
    config: str


def run_rows(analysis: Analysis) -> list[RunRow]:
    """What every run was."""
    return [_run_row(run) for run in analysis.study.runs]


def _run_row(run: StudyRun) -> RunRow:
    result = run.result
    return RunRow(
        name=run.folder.name,
        leg=result.leg,
        fold=result.split.fold,
        seed=result.seed,
        weights=result.weights_source,
        train=" / ".join(map(str, result.score_counts["train"])),
        test=" / ".join(map(str, result.score_counts["test"])),
        absent=", ".join(map(str, result.absent_scores("test"))),
        unsupported=", ".join(map(str, result.unsupported_scores)),
        epochs="" if result.epochs is None else str(result.epochs),
        minutes=f"{sum(result.times.values()) / 60:.1f}" if result.times else "",
        config=result.config_hash[:8],
    )
