"""`make bench`: what TensorBoard, curves and pictures cost a training, on this machine.

The same training with and without them, in turn, by CPU time, so that what else the machine does
counts little. What is drawn once a run, after its training, is measured beside it.
"""

import io
import logging
import os
import platform
import statistics
import time
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from rich.console import Console
from rich.table import Table

from pdla import training
from pdla.config import build, build_model
from pdla.evaluation.video_scores import VideoScores
from pdla.review.logger import RunLogger
from pdla.review.options import ReviewOptions
from pdla.review.session import training_callbacks
from tests.conftest import make_cohort
from tests.test_config import compose_config

LIMIT = 0.03
# Patients (four legs each), epochs and rounds: keypoint networks get as many legs as the clinic of
# 2023 has and half of their epochs, networks on pictures a few steps of some seconds each.
TRAININGS = {
    "tcn": (30, 30, 7), "stgcn": (30, 10, 5), "resnet_lstm": (9, 1, 5), "r3d": (9, 1, 3),
}  # fmt: skip


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
    logger = RunLogger(folder) if with_review else False
    trainer = build(
        {**config["trainer"], "enable_progress_bar": False},
        default_root_dir=folder, logger=logger, callbacks=callbacks,
    )  # fmt: skip
    start = time.process_time()
    trainer.fit(model, data)
    return time.process_time() - start


def compare(name, n_patients, epochs, repeats):
    """CPU seconds with and without, medians over rounds in turn; the first round warms up."""
    config = compose_config(
        f"model={name}", "model.weights=none", "leg=both", f"trainer.max_epochs={epochs}"
    )
    cohort = make_cohort(n_patients)
    ratios, seconds = [], []
    for round_ in range(repeats + 1):
        with TemporaryDirectory() as folder:
            order = (True, False) if round_ % 2 else (False, True)
            times = {which: fit(config, cohort, f"{folder}/{which}", which) for which in order}
        if round_ > 0:
            ratios.append(times[True] / times[False])
            seconds.append(times[False])
    return statistics.median(ratios), statistics.median(seconds)


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
    table = Table("training", "without logging", "logging adds", title=title)
    costs = []
    for name, (n_patients, epochs, rounds) in TRAININGS.items():
        ratio, seconds = compare(name, n_patients, epochs, rounds)
        costs.append(ratio - 1)
        what = f"{name}, {4 * n_patients} legs, {epochs} epochs"
        table.add_row(what, f"{seconds:.1f} CPU s", f"{ratio - 1:+.1%}")
    Console().print(table)
    seconds, events, files = after_training()
    print(f"after a training of r3d, once: pictures in {seconds:.1f} CPU s; "
          f"events {events:.1f} MiB, pictures for the report {files:.2f} MiB")  # fmt: skip
    if max(costs) > LIMIT:
        raise SystemExit(f"logging costs {max(costs):.1%} of a training: more than {LIMIT:.0%}")


if __name__ == "__main__":
    main()
