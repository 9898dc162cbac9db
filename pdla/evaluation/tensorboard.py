"""What a run leaves for TensorBoard beside its curves, and the lines that it prints on its way."""

import json
import logging
from typing import Any

import lightning
from lightning.pytorch.loggers import TensorBoardLogger

from pdla.evaluation.metrics import METRICS

log = logging.getLogger(__name__)


class EpochLines(lightning.Callback):
    """One line an epoch where a progress bar would be noise: in a pipe, in a log, under CI."""

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> None:
        """Log loss and the metrics of the validation patients."""
        if not trainer.is_global_zero:
            return
        shown = ("train/loss", "val/loss", "val/rps", "val/qwk", "val/macro_mae")
        values = {name: trainer.callback_metrics.get(name) for name in shown}
        text = "  ".join(
            f"{name} {value:.3f}" for name, value in values.items() if value is not None
        )
        log.info("epoch %d/%d  %s", trainer.current_epoch + 1, trainer.max_epochs or 0, text)


def log_summary(trainer: lightning.Trainer, config: dict[str, Any], result: dict[str, Any]) -> None:
    """Log the hyperparameters beside the final metrics, once, for TensorBoard's HParams tab."""
    logger = trainer.logger
    if not isinstance(logger, TensorBoardLogger) or not trainer.is_global_zero:
        return
    chosen = {key: result[key] for key in ("model", "leg", "fold", "seed", "weights_source")}
    # `best` is the validation score of the best checkpoint: val/ itself stays one point an epoch.
    metrics = {
        f"{title}/{metric.key}": value
        for stage, title in (("val", "best"), ("test", "test"))
        for metric in METRICS
        if (value := result["metrics"][stage].get(metric.key)) is not None
    }
    logger.log_hyperparams(chosen, metrics, step=trainer.global_step)
    text = json.dumps(config, indent=2, ensure_ascii=False)
    logger.experiment.add_text("config", "\n".join("    " + line for line in text.splitlines()))
    logger.save()
