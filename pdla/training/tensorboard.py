"""The final numbers of a run, for TensorBoard and the loggers of other tools."""

import math
from typing import Any, Final

import lightning
from torch.utils.tensorboard.summary import hparams

from pdla.evaluation.metrics import HEADLINE
from pdla.review.logger import RunLogger
from pdla.runs.config import RunConfig
from pdla.runs.result import RunResult

# Columns of the HParams tab; `best` is validation at the best epoch, val/ itself stays a curve.
HPARAM_METRICS: Final = tuple(
    f"{stage}/{key}"
    for stage in ("best", "test")
    for key in ("qwk", "macro_mae", "mae", "balanced_accuracy")
)


def log_summary(trainer: lightning.Trainer, config: RunConfig, result: RunResult) -> None:
    """Log the final metrics, and the row of this run in TensorBoard's HParams tab.

    All of HPARAM_METRICS are columns of every run, also where one is undefined: TensorBoard takes
    the columns of all runs from the first it reads.
    """
    logger = trainer.logger
    if not isinstance(logger, RunLogger) or not trainer.is_global_zero:
        return
    titles = {"best": result.metrics["val"], "test": result.metrics["test"]}
    metrics = {
        f"{title}/{key}": values[key]
        for title, values in titles.items()
        for key in HEADLINE
        if math.isfinite(values.get(key, math.nan))
    }
    chosen = hyperparameters(config, result, trainer.optimizers[0].defaults["lr"])
    for one in (logger, *logger.others):
        one.log_metrics(metrics, step=trainer.global_step)
    for one in logger.others:
        one.log_hyperparams(chosen)
    if logger.board is None:
        return
    columns = dict.fromkeys(HPARAM_METRICS, 0.0)
    for summary in hparams(chosen, columns):  # type: ignore[no-untyped-call]
        logger.experiment._get_file_writer().add_summary(summary)
    logger.board.flush()


def hyperparameters(config: RunConfig, result: RunResult, learning_rate: float) -> dict[str, Any]:
    """What tells runs apart, by which the HParams tab groups, filters and colours them.

    The tab shows the first five by name until one asks for more: fold, leg, loss, model, seed.
    """
    return {
        "model": result.model,
        "leg": result.leg,
        "fold": result.split.fold,
        "seed": result.seed,
        "loss": str(config["loss"]["_target_"]).rpartition(".")[2].removesuffix("Head"),
        "study": config["study"],
        "training_augment": ", ".join(config["augment"] or {}) or "none",
        "training_batch_size": config["data"]["batch_size"],
        "training_learning_rate": float(learning_rate),
        "training_max_epochs": config["trainer"]["max_epochs"],
        "training_split": result.split.rule + (" LEAKY" if result.is_leaky else ""),
        "weights": result.weights_source,
    }
