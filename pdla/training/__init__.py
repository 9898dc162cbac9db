"""From a config to a finished run, and from finished runs to predictions of another cohort.

Reading order: `config`, `run`, and what it calls: `cohorts`, `fitting`, `checkpoints`, `results`,
`records`; then `prediction`.
"""

from typing import TYPE_CHECKING

from pdla.lazy import lazy_names

if TYPE_CHECKING:
    from pdla.training.config import build_model, check_config, check_machine, plain_config
    from pdla.training.prediction import Predictor, load_best, read_finished
    from pdla.training.records import record_data

__all__ = [
    "Predictor",
    "build_model",
    "check_config",
    "check_machine",
    "load_best",
    "plain_config",
    "read_finished",
    "record_data",
]
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "pdla.training.config": ("build_model", "check_machine", "check_config", "plain_config"),
        "pdla.training.prediction": ("Predictor", "load_best", "read_finished"),
        "pdla.training.records": ("record_data",),
    },
)
