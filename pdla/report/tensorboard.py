"""A study's numbers and figures for TensorBoard, beside its runs.

Apart from `tensorboard`, which needs lightning: that takes as long to import as a report to write.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch.utils.tensorboard import SummaryWriter

from pdla import RESEARCH_ONLY
from pdla.evaluation.metrics import HEADLINE, METRIC_OF
from pdla.report.markdown import markdown_table


def log_study(folder: Path, summary: pd.DataFrame, figures: dict[str, dict[str, Figure]]) -> None:
    """Write the numbers and figures of a report for TensorBoard; what stood there is replaced.

    Each scorer is a run of its own below the folder, so that models and baselines share the axes of
    a metric; a table with the intervals and the figures stand in the folder itself.

    Args:
        folder: `_summary` of the study.
        summary: `pdla.report.summary.summary_table`.
        figures: Figures by kind and title.
    """
    for old in sorted(folder.rglob("*"), reverse=True):  # what is in a folder before the folder
        if old.is_dir() and not any(old.iterdir()):
            old.rmdir()
        elif old.name.startswith("events.out.tfevents."):
            old.unlink()
    for scorer, rows in summary.groupby("scorer", sort=False):
        with SummaryWriter(str(folder / _as_name(str(scorer)).replace("/", "_"))) as writer:
            for row in rows.to_dict("records"):
                for key in HEADLINE:
                    if math.isfinite(row[key]):
                        writer.add_scalar(f"summary_{_part_name(row)}/{key}", row[key])
    with SummaryWriter(str(folder)) as writer:
        for _, rows in summary.groupby(["leg", "groups"], sort=False):
            writer.add_text(_part_name(rows.iloc[0].to_dict()), study_text(rows))
        for kind, group in figures.items():
            for title, figure in group.items():
                figure.set_layout_engine("none")  # laid out already, for the page
                figure.set_dpi(70)
                FigureCanvasAgg(figure)
                writer.add_figure(_as_name(f"{kind}/{title}"), figure, close=False)


def _part_name(row: Mapping[Any, Any]) -> str:
    """Which legs of whom a row of the summary is about."""
    return f"leg_{row['leg']}" + ("" if row["groups"] == "all" else "_patients")


def study_text(rows: pd.DataFrame) -> str:
    """The pooled metrics of a leg with their intervals, as a table in Markdown."""
    titles = [METRIC_OF[key].title for key in HEADLINE]
    lines = []
    for row in rows.to_dict("records"):
        leaky = " (LEAKY)" if row["leaky"] else ""
        cells = [_with_interval(row, key) for key in HEADLINE]
        lines.append([f"{row['scorer']}{leaky}", *cells, str(row["legs"]), str(row["patients"])])
    table = markdown_table(["scorer", *titles, "legs", "patients"], lines)
    return f"{table}\n\nIn brackets: 95% interval over patients. {RESEARCH_ONLY}"


def _with_interval(row: Mapping[Any, Any], key: str) -> str:
    if not math.isfinite(row[key]):
        return "n/a"
    if not math.isfinite(row[f"{key}_low"]):
        return f"{row[key]:.2f}"
    return f"{row[key]:.2f} ({row[f'{key}_low']:.2f} to {row[f'{key}_high']:.2f})"


def _as_name(text: str) -> str:
    """Without what a folder or a tag cannot hold."""
    return re.sub(r"[^\w/.=+-]+", "_", text).strip("_")
