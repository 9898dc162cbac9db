"""Numbers only: from the clips of a leg to one score, metrics, intervals and baselines.

Reading order: `predictions` (the table), `metrics`, `weighted`, `intervals`, `leg_table`,
`baselines`; `clip_collector` and `video_scores` collect scores while Lightning runs, and are not
imported here because they need torch.
"""

from pdla.evaluation.intervals import Estimate, estimate_differences, estimate_metrics
from pdla.evaluation.leg_table import read_legs
from pdla.evaluation.metrics import METRIC_OF, METRICS, Metric, expected_score, predicted_score
from pdla.evaluation.predictions import COLUMNS, LegKey, add_scores, read_predictions

__all__ = [
    "COLUMNS",
    "METRICS",
    "METRIC_OF",
    "Estimate",
    "LegKey",
    "Metric",
    "add_scores",
    "estimate_differences",
    "estimate_metrics",
    "expected_score",
    "predicted_score",
    "read_legs",
    "read_predictions",
]
