"""A learning rate schedule that was planned for fewer epochs than the run now has."""

from collections.abc import Mapping
from typing import Any

import lightning


class LongerSchedule(lightning.Callback):
    """Plans a restored schedule for the trainer's epochs, and puts the learning rate on it.

    Args:
        optim: Section `optim` of the config; options with the value `max_epochs` are changed.
    """

    def __init__(self, optim: Mapping[str, Any]) -> None:
        schedule = optim.get("schedule") or {}
        self.options = [key for key, value in schedule.items() if value == "max_epochs"]

    def on_train_start(self, trainer: lightning.Trainer, module: Any) -> None:
        """Everything is restored: change it."""
        for config in trainer.lr_scheduler_configs:
            scheduler: Any = config.scheduler
            for option in self.options:
                setattr(scheduler, option, trainer.max_epochs)
            if self.options and hasattr(scheduler, "_get_closed_form_lr"):
                rates = scheduler._get_closed_form_lr()
                for group, rate in zip(scheduler.optimizer.param_groups, rates, strict=True):
                    group["lr"] = rate
                scheduler._last_lr = list(rates)
