"""A study's numbers and figures for TensorBoard, beside its runs.

Apart from `tensorboard`, which needs lightning: that takes as long to import as a report to write.
"""

import math
from pathlib import Path

import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch.utils.tensorboard import SummaryWriter

from pdla.evaluation.metrics import METRICS


def log_study(folder: Path, summary: pd.DataFrame, figures: dict[str, dict[str, Figure]]) -> None:
    """Write the numbers and figures of a report for TensorBoard; what stood there is replaced.

    Args:
        folder: `_summary` of the study.
        summary: `pdla.evaluation.report.summary_table`.
        figures: Figures by kind and title.
    """
    for old in folder.glob("events.out.tfevents.*"):
        old.unlink()
    with SummaryWriter(str(folder)) as writer:
        for row in summary.to_dict("records"):
            for metric in METRICS:
                if math.isfinite(row[metric.key]):
                    name = f"{row['leg']}-{metric.key}/{row['scorer']}"
                    writer.add_scalar(name.replace(" ", "_"), row[metric.key])
        for kind, group in figures.items():
            for title, figure in group.items():
                figure.set_layout_engine("none")  # laid out already, for the page
                figure.set_dpi(70)
                FigureCanvasAgg(figure)
                writer.add_figure(f"{kind}/{title}".replace(" ", "_"), figure, close=False)
