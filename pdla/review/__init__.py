"""What a run shows to people: curves, pictures, and what the network looked at."""

from typing import TYPE_CHECKING

from pdla.lazy import lazy_names

if TYPE_CHECKING:
    from pdla.review.attribution import Attribution, attribute
    from pdla.review.legs import ClipKeeper, choose_legs
    from pdla.review.logger import HistoryLogger, RunLogger
    from pdla.review.monitors import OptimizerMonitor, SpeedMonitor, TrainingScores
    from pdla.review.options import ReviewOptions
    from pdla.review.progress import progress_callbacks
    from pdla.review.session import log_pictures, log_texts, training_callbacks

__all__ = [
    "Attribution",
    "ClipKeeper",
    "HistoryLogger",
    "OptimizerMonitor",
    "ReviewOptions",
    "RunLogger",
    "SpeedMonitor",
    "TrainingScores",
    "attribute",
    "choose_legs",
    "log_pictures",
    "log_texts",
    "progress_callbacks",
    "training_callbacks",
]
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "pdla.review.attribution": ("Attribution", "attribute"),
        "pdla.review.legs": ("ClipKeeper", "choose_legs"),
        "pdla.review.logger": ("HistoryLogger", "RunLogger"),
        "pdla.review.monitors": ("OptimizerMonitor", "SpeedMonitor", "TrainingScores"),
        "pdla.review.options": ("ReviewOptions",),
        "pdla.review.progress": ("progress_callbacks",),
        "pdla.review.session": ("log_pictures", "log_texts", "training_callbacks"),
    },
)
