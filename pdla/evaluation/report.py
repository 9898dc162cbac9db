"""A study's runs pooled into one table and page: which model scores which leg, how sure are we."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from pdla import RESEARCH_ONLY
from pdla.data.recordings import N_SCORES
from pdla.evaluation.baselines import majority
from pdla.evaluation.intervals import Estimate, estimate_metrics
from pdla.evaluation.metrics import METRICS, predicted_score
from pdla.evaluation.video_scores import table_metrics
from pdla.evaluation.weighted import PROBABILITY_COLUMNS

Run = tuple[dict[str, Any], pd.DataFrame]


@dataclass(frozen=True)
class Pooled:
    """Test predictions of one model on one leg, over all its folds and seeds.

    Attributes:
        name: Model, leg, and what else sets these runs apart.
        n_runs: Runs that were pooled.
        predictions: A row a leg and run, test stage only.
        metrics: Metric key to value.
        intervals: Metric key to 95% interval over patients.
    """

    name: str
    n_runs: int
    predictions: pd.DataFrame
    metrics: dict[str, float]
    intervals: dict[str, Estimate]


def pool_runs(runs: list[Run]) -> list[Pooled]:
    """Pool the test predictions of each model and leg; each is followed by its majority baseline.

    Raises:
        ValueError: If the runs were made on different data.
    """
    hashes = sorted({str(result["data_hash"]) for result, _ in runs})
    if len(hashes) > 1:
        short = ", ".join(value[:8] for value in hashes)
        raise ValueError(f"runs of {len(hashes)} data sets ({short}) in one study: keep them apart")
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(group_name(run[0]), []).append(run)
    pooled = []
    for name, members in groups.items():
        pooled.append(_pool(name, members))
        baseline = [(result, _say_majority(result, table)) for result, table in members]
        pooled.append(_pool(f"majority, leg {members[0][0]['leg']}", baseline))
    return pooled


def group_name(result: dict[str, Any]) -> str:
    """Runs with the same name are pooled; other weights or a leaky split make another name."""
    parts = [result["model"], f"leg {result['leg']}"]
    if result["weights_source"] != "none":
        parts.append(result["weights_source"])
    if result["is_leaky"]:
        parts.append("LEAKY")
    return ", ".join(parts)


def _pool(name: str, runs: list[Run]) -> Pooled:
    tables = [table[table["stage"] == "test"] for _, table in runs]
    predictions = pd.concat(tables, ignore_index=True)
    metrics, intervals = table_metrics(predictions), estimate_metrics([predictions])
    return Pooled(name, len(runs), predictions, metrics, intervals)


def _say_majority(result: dict[str, Any], table: pd.DataFrame) -> pd.DataFrame:
    """The same legs, scored with the commonest training score of that fold."""
    probabilities = majority(result["score_counts"]["train"], len(table))
    said = table.assign(predicted=predicted_score(probabilities))
    said[PROBABILITY_COLUMNS] = probabilities
    return said


def summary_table(pooled: list[Pooled]) -> pd.DataFrame:
    """One row a model and leg: n, then each metric with its interval as numbers."""
    rows = []
    for group in pooled:
        row: dict[str, Any] = {
            "name": group.name,
            "runs": group.n_runs,
            "legs": len(group.predictions),
            "patients": group.predictions["patient"].nunique(),
        }
        for metric in METRICS:
            row[metric.key] = group.metrics[metric.key]
            if interval := group.intervals.get(metric.key):
                row[f"{metric.key}_low"], row[f"{metric.key}_high"] = interval.low, interval.high
        rows.append(row)
    return pd.DataFrame(rows)


def write_report(study_dir: Path, runs: list[Run], unfinished: list[Path]) -> list[Pooled]:
    """Write report.html and summary.csv into a study's folder.

    Args:
        study_dir: Folder of the study.
        runs: Result and predictions of each finished run.
        unfinished: Folders of runs without a result; they are named in the report.

    Returns:
        What was pooled, for printing.
    """
    pooled = pool_runs(runs)
    summary_table(pooled).to_csv(study_dir / "summary.csv", index=False, float_format="%.4f")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pdla.evaluation"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    page = environment.get_template("report.html").render(
        study=study_dir.name,
        metrics=METRICS,
        rows=[[group, [cell(group, metric.key) for metric in METRICS]] for group in pooled],
        figures=[_as_data_url(confusion_figure(group)) for group in pooled if _is_model(group)],
        results=[result for result, _ in runs],
        unfinished=[path.name for path in unfinished],
        research_only=RESEARCH_ONLY,
    )
    (study_dir / "report.html").write_text(page, encoding="utf-8")
    return pooled


def cell(group: Pooled, key: str) -> str:
    """A metric as text: value and interval, or n/a."""
    value, interval = group.metrics[key], group.intervals.get(key)
    if not np.isfinite(value):
        return "n/a"
    if interval is None or not np.isfinite(interval.low):
        return f"{value:.2f}"
    return f"{value:.2f} ({interval.low:.2f} to {interval.high:.2f})"


def confusion_figure(group: Pooled) -> Figure:
    """Counts of legs by the rater's score and the prediction."""
    counts = np.zeros((N_SCORES, N_SCORES), dtype=int)
    np.add.at(counts, (group.predictions["score"], group.predictions["predicted"]), 1)
    figure = Figure(figsize=(4.2, 3.9), layout="constrained")
    axes = figure.subplots()
    axes.imshow(counts, cmap="Blues", vmin=0)
    for (score, predicted), count in np.ndenumerate(counts):
        shade = "white" if count > counts.max() / 2 else "black"
        axes.text(predicted, score, str(count), ha="center", va="center", color=shade)
    axes.set(xlabel="predicted score", ylabel="rater's score", title=group.name)
    axes.set(xticks=range(N_SCORES), yticks=range(N_SCORES))
    return figure


def _as_data_url(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _is_model(group: Pooled) -> bool:
    return not group.name.startswith("majority,")
