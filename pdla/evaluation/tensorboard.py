"""The final numbers of a run and of a study, for TensorBoard."""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import lightning
import pandas as pd
from lightning.pytorch.loggers import TensorBoardLogger
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

from pdla import RESEARCH_ONLY
from pdla.evaluation.metrics import HEADLINE, METRIC_OF

# Columns of the HParams tab; `best` is validation at the best epoch, val/ itself stays a curve.
HPARAM_METRICS: Final = tuple(
    f"{stage}/{key}"
    for stage in ("best", "test")
    for key in ("qwk", "macro_mae", "mae", "balanced_accuracy")
)


def log_summary(trainer: lightning.Trainer, config: dict[str, Any], result: dict[str, Any]) -> None:
    """Log the final metrics, and the row of this run in TensorBoard's HParams tab.

    All of HPARAM_METRICS are columns of every run, also where one is undefined: TensorBoard takes
    the columns of all runs from the first it reads.
    """
    logger = trainer.logger
    if not isinstance(logger, TensorBoardLogger) or not trainer.is_global_zero:
        return
    metrics = {
        f"{title}/{key}": value
        for stage, title in (("val", "best"), ("test", "test"))
        for key in HEADLINE
        if (value := result["metrics"][stage].get(key)) is not None
    }
    logger.log_metrics(metrics, step=trainer.global_step)
    chosen = hyperparameters(config, result, trainer.optimizers[0].defaults["lr"])
    columns = dict.fromkeys(HPARAM_METRICS, 0.0)
    for summary in hparams(chosen, columns):  # type: ignore[no-untyped-call]
        logger.experiment._get_file_writer().add_summary(summary)
    logger.experiment.flush()


def hyperparameters(
    config: dict[str, Any], result: dict[str, Any], learning_rate: float
) -> dict[str, Any]:
    """What tells runs apart, by which the HParams tab groups, filters and colours them.

    The tab shows the first five by name until one asks for more: fold, leg, loss, model, seed.
    """
    return {
        **{key: result[key] for key in ("model", "leg", "fold", "seed")},
        "loss": str(config["loss"]["_target_"]).rpartition(".")[2].removesuffix("Head"),
        "study": config["study"],
        "training_augment": ", ".join(config["augment"] or {}) or "none",
        "training_batch_size": config["data"]["batch_size"],
        "training_learning_rate": float(learning_rate),
        "training_max_epochs": config["trainer"]["max_epochs"],
        "training_split": result["split"]["rule"] + (" LEAKY" if result["is_leaky"] else ""),
        "weights": result["weights_source"],
    }


def log_study(folder: Path, summary: pd.DataFrame, figures: dict[str, dict[str, Figure]]) -> None:
    """Write the numbers and figures of a report for TensorBoard; what stood there is replaced.

    Each scorer is a run of its own below the folder, so that models and baselines share the axes of
    a metric; a table with the intervals and the figures stand in the folder itself.

    Args:
        folder: `_summary` of the study.
        summary: `pdla.evaluation.summary.summary_table`.
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
                        writer.add_scalar(f"summary_leg_{row['leg']}/{key}", row[key])
    with SummaryWriter(str(folder)) as writer:
        for leg, rows in summary.groupby("leg", sort=False):
            writer.add_text(f"leg_{leg}", study_text(rows))
        for kind, group in figures.items():
            for title, figure in group.items():
                figure.set_layout_engine("none")  # laid out already, for the page
                figure.set_dpi(70)
                FigureCanvasAgg(figure)
                writer.add_figure(_as_name(f"{kind}/{title}"), figure, close=False)


def study_text(rows: pd.DataFrame) -> str:
    """The pooled metrics of a leg with their intervals, as a table in Markdown."""
    titles = [METRIC_OF[key].title for key in HEADLINE]
    lines = [["scorer", *titles, "legs", "patients"]]
    lines.append(["---"] * len(lines[0]))
    for row in rows.to_dict("records"):
        leaky = " (LEAKY)" if row["leaky"] else ""
        cells = [_with_interval(row, key) for key in HEADLINE]
        lines.append([f"{row['scorer']}{leaky}", *cells, str(row["legs"]), str(row["patients"])])
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
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
