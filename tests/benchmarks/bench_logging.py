"""`make bench`: what TensorBoard, curves and pictures cost a training, on this machine.

The same training with and without them, in turn, by CPU time. Two trainings of a few seconds differ
by some percent whatever one does, so the time inside the hooks and the logger is counted as well:
that share must stay under the limit. What is drawn once a run, after its training, stands beside.
"""

import io
import logging
import os
import platform
import statistics
import time
import warnings
from contextlib import redirect_stdout
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from rich.console import Console
from rich.table import Table

from pdla.evaluation.video_scores import VideoScores
from pdla.review.clip_pictures import TrainingBatchPictures
from pdla.review.logger import HistoryLogger, RunLogger
from pdla.review.monitors import OptimizerMonitor, SpeedMonitor, TrainingScores
from pdla.review.options import ReviewOptions
from pdla.review.session import training_callbacks
from pdla.targets import build
from pdla.training import run as training
from pdla.training.config import build_model
from tests.fixtures.configs import compose_config
from tests.fixtures.people import make_cohort

LIMIT = 0.03
# Patients (four legs each), epochs and rounds: keypoint networks get as many legs as the clinic of
# 2023 has and half of their epochs, networks on pictures a few steps of some seconds each.
TRAININGS = {
    "tcn": (30, 30, 3), "stgcn": (30, 10, 3), "resnet_lstm": (9, 1, 3), "r3d": (9, 1, 2),
}  # fmt: skip
HOOKS = {
    TrainingBatchPictures: ("on_train_batch_start",),
    TrainingScores: ("on_train_epoch_start", "on_train_batch_end", "on_train_epoch_end"),
    OptimizerMonitor: ("on_train_epoch_start", "on_before_optimizer_step", "on_train_epoch_end"),
    SpeedMonitor: ("on_train_batch_start", "on_train_batch_end", "on_train_epoch_end"),
    RunLogger: ("log_metrics", "save"),
    HistoryLogger: ("log_metrics", "save"),
}


def count_time(owner, name, spent):
    """Add the CPU seconds of a method to spent[0]; what it calls is not counted twice."""
    method = getattr(owner, name)

    @wraps(method)
    def timed(*args, **options):
        before, start = spent[0], time.thread_time()
        try:
            return method(*args, **options)
        finally:
            spent[0] = before + time.thread_time() - start

    setattr(owner, name, timed)


def fit(config, cohort, folder, with_review):
    """CPU seconds of a training, without building the model and the data."""
    lightning.seed_everything(config["seed"], verbose=False)
    data = training.build_data(config, cohort)
    model = build_model(config)
    model.set_training_counts(data.score_counts("train"))
    callbacks = [
        VideoScores(data.samples, data.split_fold),
        ModelCheckpoint(folder, "best", "val/rps", save_weights_only=True),
        ModelCheckpoint(folder, "last"),
    ]
    if with_review:
        callbacks += training_callbacks(ReviewOptions.from_config(config), data, "mean")
    logger = [RunLogger(folder), HistoryLogger(folder)] if with_review else False
    trainer = build(
        {**config["trainer"], "enable_progress_bar": False},
        "trainer",
        default_root_dir=folder, logger=logger, callbacks=callbacks,
    )  # fmt: skip
    start = time.process_time()
    trainer.fit(model, data)
    return time.process_time() - start


def compare(name, n_patients, epochs, repeats, spent):
    """Ratio, seconds without, share in hooks: medians over rounds in turn; one warms up."""
    config = compose_config(
        f"model={name}",
        "model.weights=none",
        "leg=both",
        f"trainer.max_epochs={epochs}",
        "review.pictures=true",
    )
    cohort = make_cohort(n_patients)
    ratios, seconds, shares = [], [], []
    for round_ in range(repeats + 1):
        spent[0] = 0.0
        with TemporaryDirectory() as folder:
            order = (True, False) if round_ % 2 else (False, True)
            times = {which: fit(config, cohort, f"{folder}/{which}", which) for which in order}
        if round_ > 0:
            ratios.append(times[True] / times[False])
            seconds.append(times[False])
            shares.append(spent[0] / times[True])
    return [statistics.median(values) for values in (ratios, seconds, shares)]


def after_training():
    """CPU seconds that pictures add to a whole run of R3D-18, once, and their MiB."""
    seconds = {}
    with TemporaryDirectory() as folder:
        for pictures in ("false", "true"):
            run_dir = Path(folder) / pictures
            config = compose_config(
                "model=r3d", "model.weights=none", "leg=both", "trainer.max_epochs=1",
                f"review.pictures={pictures}",
            )  # fmt: skip
            start = time.process_time()
            with redirect_stdout(io.StringIO()):
                training.run(config, run_dir)
            seconds[pictures] = time.process_time() - start
        events = sum(path.stat().st_size for path in run_dir.glob("events.out.tfevents.*"))
        files = sum(path.stat().st_size for path in (run_dir / "pictures").iterdir())
    return seconds["true"] - seconds["false"], events / 2**20, files / 2**20


def main():
    """Print a table; fails where a training slows down by more than the limit."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")
    training.load_cohort = lambda recordings: make_cohort(9)
    title = f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}"
    table = Table("training", "without logging", "with, in turn", "in the hooks", title=title)
    spent, costs = [0.0], []
    for owner, names in HOOKS.items():
        for name in names:
            count_time(owner, name, spent)
    for name, (n_patients, epochs, rounds) in TRAININGS.items():
        ratio, seconds, share = compare(name, n_patients, epochs, rounds, spent)
        costs.append(share)
        what = f"{name}, {4 * n_patients} legs, {epochs} epochs"
        table.add_row(what, f"{seconds:.1f} CPU s", f"{ratio - 1:+.1%}", f"{share:.1%}")
    Console().print(table)
    seconds, events, files = after_training()
    print(f"after a training of r3d, once: pictures in {seconds:.1f} CPU s; "
          f"events {events:.1f} MiB, pictures for the report {files:.2f} MiB")  # fmt: skip
    if max(costs) > LIMIT:
        raise SystemExit(f"logging costs {max(costs):.1%} of a training: more than {LIMIT:.0%}")


if __name__ == "__main__":
    main()
