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
from pdla.report.pooling import Scorer
from pdla.report.references import attainable_kappa
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


def headline(analysis: Analysis) -> list[str]:
    """The answer, a sentence or two for each model, on the first primary metric."""
    metric = METRIC_OF[analysis.primary[0]]
    section = analysis.headline
    told = []
    for row in section.rows:
        if row.scorer.is_baseline:
            continue
        stamp = "LEAKY, no result: " if row.scorer.is_leaky else ""
        where = f", {section.scope.title}" if analysis.patients else ""
        told.append(
            f"{stamp}{row.scorer.name}{where}: {metric.title} "
            f"{interval_text(row.estimates[metric.key])} "
            f"on {row.n_legs} legs of {row.n_patients} patients"
            + _elsewhere(analysis, row, metric)
            + _share_of_reference(analysis, row, metric)
            + _monotony(row)
            + f". {_verdicts(section, row, metric)}."
        )
    return told


def _elsewhere(analysis: Analysis, row: Row, metric: Metric) -> str:
    """The same metric of everybody, where the headline is of patients, and of each leg."""
    first, *legs = analysis.sections
    named = [("with controls", first)] if analysis.patients else []
    named += [(section.scope.title.lower(), section) for section in legs if not analysis.patients]
    told = [
        f"{name} {interval_text(own.estimates[metric.key])}"
        for name, section in named
        for own in section.rows
        if own.scorer is row.scorer
    ]
    return f" ({'; '.join(told)})" if told else ""


def _share_of_reference(analysis: Analysis, row: Row, metric: Metric) -> str:
    """Which share of what true kinematics give a model reaches, on simulated data; else empty."""
    run = analysis.study.first
    attainable = attainable_kappa(run, patients_only=analysis.patients is not None)
    if metric.key != "qwk" or attainable is None:
        return ""
    return (
        f", {row.estimates['qwk'].value / attainable:.0%} of the {attainable:.2f} that true "
        f"kinematics give with raters {run.result.data.raters}"
    )


def power_note(analysis: Analysis) -> str:
    """The smallest difference that these patients could have shown; empty if it is not known."""
    metric = METRIC_OF[analysis.primary[0]]
    section = analysis.headline
    differences = [one for one in section.differences if one.other.is_baseline]
    named = [one for one in differences if one.is_primary]
    found = [(one.estimates[metric.key].detectable, one) for one in named or differences]
    found = [(value, one) for value, one in found if value > 0]  # NaN and constants are not
    if not found:
        return ""
    smallest, one = min(found, key=lambda pair: pair[0])
    largest = max(found, key=lambda pair: pair[0])[0]
    values = f"{smallest:.2f}" if smallest == largest else f"{smallest:.2f} to {largest:.2f}"
    n_patients = one.estimates[metric.key].n_patients
    which = "the primary contrast" if named else "each baseline"
    return (
        f"With these {n_patients} patients, a true difference in {metric.title} to {which} would "
        f"have to be at least {values} to be shown in 80% of such studies, before any correction. "
        "\u201cNo difference shown\u201d does not mean that there is none."
    )


def _monotony(row: Row) -> str:
    """That a scorer gives everybody one score, which its metrics show to experts only."""
    said = {int(score) for table in row.passes for score in table["predicted"].unique()}
    return f"; it says {said.pop()} to every leg" if len(said) == 1 else ""


def _verdicts(section: Section, row: Row, metric: Metric) -> str:
    """Which baselines a model is better than, cannot be told apart from, is worse than."""
    groups: dict[bool | None, list[str]] = {}
    own = [one for one in section.differences if one.scorer is row.scorer and one.other.is_baseline]
    if not any(np.isfinite(one.estimates[metric.key].low) for one in own):
        return (
            "Too few patients for an interval, so nothing is known of the difference to baselines"
        )
    for one in own:
        star = " (primary contrast)" if one.is_primary else ""
        groups.setdefault(one.is_better(metric), []).append(f"\u201c{one.other.name}\u201d{star}")
    words = ((True, "better than"), (None, "no difference shown to"), (False, "worse than"))
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
    """Legs of all models, a row each, the worst first.

    Columns: video_id, leg, patient, group, visit, score, the expected scores of each model and
    average, and error: distance of the expected score from the rater's in points, mean over models
    and passes. An average does not count in the error: its models are there already.
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
            errors.append((rows["expected_score"] - rows["score"]).abs().groupby(LEG_KEY).mean())
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
