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
from pdla.report.analysis import Analysis, Row, Section
from pdla.report.error_clips import leg_errors
from pdla.report.pooling import Scorer
from pdla.report.spread import measure_spread, passes_text
from pdla.report.study_run import PassKey, StudyRun

Cell = tuple[str, str]  # value, and interval or reason in smaller letters


def make_cell(estimate: Estimate, reason: str = "") -> Cell:
    """Value and interval; n/a and why where undefined."""
    if not np.isfinite(estimate.value):
        return "n/a", reason
    if not np.isfinite(estimate.low):
        return f"{estimate.value:z.2f}", ""
    return f"{estimate.value:z.2f}", f"{estimate.low:z.2f} to {estimate.high:z.2f}"


def interval_text(estimate: Estimate) -> str:
    """Value and interval in a sentence; n/a where undefined."""
    value, interval = make_cell(estimate)
    return f"{value} ({interval})" if interval else value


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
    direction: str
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
        rows.append(MetricRow(title, metric.direction, cells))
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
    """Every subgroup and scorer with its metrics."""
    return [
        _scorer_row(row, metrics, title if number == 0 else "")
        for title, rows in section.subgroups.items()
        for number, row in enumerate(rows)
    ]


@dataclass(frozen=True)
class SpreadRow:
    """What draws of the folds and seeds change: a scorer or a difference.

    Attributes:
        name: Of the row.
        is_bold: Whether it is a model, an average or the primary contrast.
        passes: How many draws and seeds.
        cells: For each metric: SD between draws, SD between seeds, lowest to highest pass.
    """

    name: str
    is_bold: bool
    passes: str
    cells: list[str]


def spread_rows(
    section: Section, metrics: list[Metric], is_external: bool = False
) -> list[SpreadRow]:
    """Rows with several passes over the legs, then the primary contrast."""
    rows = [
        (row.scorer.name, not row.scorer.is_baseline, row.spread)
        for row in section.rows
        if len(row.spread) > 1
    ]
    rows += [
        (f"{one.scorer.name} minus {one.other.name} *", True, one.spread)
        for one in section.differences
        if one.is_primary and len(one.spread) > 1
    ]
    return [
        SpreadRow(
            name,
            is_bold,
            passes_text(spread, is_external),
            [cell for metric in metrics for cell in _spread_cells(spread, metric)],
        )
        for name, is_bold, spread in rows
    ]


def _spread_cells(passes: Mapping[PassKey, Mapping[str, float]], metric: Metric) -> list[str]:
    found = measure_spread({key: values[metric.key] for key, values in passes.items()})
    sds = ["-" if np.isnan(sd) else f"{sd:.2f}" for sd in (found.sd_repeats, found.sd_seeds)]
    return [*sds, f"{show_number(found.low)} to {show_number(found.high)}"]


def show_number(value: float) -> str:
    """Two decimals, or n/a."""
    return f"{value:z.2f}" if np.isfinite(value) else "n/a"


MAX_ERRORS: Final = 40  # legs that are listed, the worst first


@dataclass(frozen=True)
class FlowStep:
    """A step from the videos that were found to the legs that were tested."""

    title: str
    count: int
    unit: str
    note: str


def flow_steps(analysis: Analysis) -> list[FlowStep]:
    """Found, usable, rated, tested; over all data sets; the reasons are in `Study.excluded`."""
    flows = [run.result.flow for run in analysis.study.data_runs]
    table = analysis.sections[0].table
    patients = table["patient"].nunique()
    rows, in_view = sum(flow.rows for flow in flows), sum(flow.legs_usable for flow in flows)
    found, usable, rated = (
        sum(values)
        for values in zip(
            *((flow.videos_found, flow.videos_usable, flow.legs_rated) for flow in flows),
            strict=True,
        )
    )
    return [
        FlowStep("found", found, "videos", f"{rows} rows in the label sheet"),
        FlowStep("usable", usable, "videos", f"{in_view} legs in view"),
        FlowStep("rated", rated, "legs", "have a score"),
        FlowStep("used", len(table), "legs", f"tested; {patients} patients"),
    ]


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
    """Legs of all models, a row each, the worst first.

    Columns: video_id, leg, patient, group, visit, score, the expected scores of each model and
    average, and error: distance of the expected score from the rater's in points, mean over models
    and passes. An average does not count in the error: its models are there already.
    """
    section = analysis.sections[0]
    table = section.table[[*LEG_KEY, "patient", "group", "visit", "score"]].set_index(LEG_KEY)
    for own in section.rows:
        if not own.scorer.is_baseline:
            expected = pd.concat(own.passes).set_index(LEG_KEY)["expected_score"]
            table[own.scorer.name] = expected.groupby(LEG_KEY).mean()
    table["error"] = leg_errors([own.passes for own in section.rows if own.scorer.kind == "model"])
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
        error: Distance of the expected score from the rater's, in points.
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
            error=show_number(row["error"]),
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
