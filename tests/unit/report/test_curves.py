"""Training curves, read back from what a run logged."""

import pandas as pd

from pdla.report.curves import read_curves
from pdla.review.logger import HistoryLogger, RunLogger


def log(logger, points):
    for step, values in points:
        logger.log_metrics(values, step)
    logger.finalize("success")


def test_of_a_resumed_run_the_later_point_of_a_step_counts(tmp_path):
    log(HistoryLogger(tmp_path), [(1, {"val/loss": 3.0}), (2, {"val/loss": 9.0})])
    log(HistoryLogger(tmp_path), [(2, {"val/loss": 2.0, "speed/clips_per_second": 5.0})])
    assert read_curves(tmp_path) == {"val/loss": [(1, 3.0), (2, 2.0)]}


def test_everything_that_was_logged_is_in_the_history(tmp_path):
    log(HistoryLogger(tmp_path), [(1, {"val/loss": 3.0}), (1, {"optimizer/learning_rate": 0.1})])
    table = pd.read_csv(tmp_path / "history" / "version_0" / "metrics.csv")
    assert set(table.columns) == {"step", "val/loss", "optimizer/learning_rate"}


def test_half_a_line_of_a_killed_run_is_passed_over(tmp_path):
    path = tmp_path / "history" / "version_0" / "metrics.csv"
    path.parent.mkdir(parents=True)
    path.write_text("epoch,step,train/loss,val/loss\n0,1,2.0,\n0,2,1.5,1.0\n1")
    assert read_curves(tmp_path) == {"train/loss": [(1, 2.0), (2, 1.5)], "val/loss": [(2, 1.0)]}
    path.write_text("")
    assert read_curves(tmp_path) == {}


def test_an_older_run_without_a_history_is_read_from_its_events(tmp_path):
    logger = RunLogger(tmp_path)
    log(logger, [(1, {"val/loss": 3.0, "train/loss": 2.5}), (2, {"val/loss": 2.0})])
    logger.experiment.close()
    assert read_curves(tmp_path) == {"train/loss": [(1, 2.5)], "val/loss": [(1, 3.0), (2, 2.0)]}
