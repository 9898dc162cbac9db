"""The final numbers of a run and of a study, for TensorBoard."""

import math
from pathlib import Path
from typing import Any, Final

import lightning
import pandas as pd
from lightning.pytorch.loggers import TensorBoardLogger
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

from pdla.evaluation.metrics import METRICS

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
        f"{title}/{metric.key}": value
        for stage, title in (("val", "best"), ("test", "test"))
        for metric in METRICS
        if (value := result["metrics"][stage].get(metric.key)) is not None
    }
    logger.log_metrics(metrics, step=trainer.global_step)
    columns = dict.fromkeys(HPARAM_METRICS, 0.0)
    row = hparams(hyperparameters(config, result), columns)  # type: ignore[no-untyped-call]
    for summary in row:
        logger.experiment._get_file_writer().add_summary(summary)
    logger.save()


def hyperparameters(config: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """What tells runs apart, by which the HParams tab groups, filters and colours them."""
    rate = config["optim"]["optimizer"].get("lr")
    return {
        **{key: result[key] for key in ("model", "leg", "fold", "seed")},
        "study": config["study"],
        "loss": str(config["loss"]["_target_"]).rpartition(".")[2].removesuffix("Head"),
        "learning_rate": "default" if rate is None else rate,
        "batch_size": config["data"]["batch_size"],
        "max_epochs": config["trainer"]["max_epochs"],
        "augment": ", ".join(config["augment"] or {}) or "none",
        "weights": result["weights_source"],
        "split": result["split"]["rule"],
    }


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
