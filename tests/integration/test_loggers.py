"""Loggers: numbers, hyperparameters and pictures in the tools that a config names."""

import json
import sqlite3
import struct

import pytest

from pdla.review.logger import RunLogger
from pdla.review.other_loggers import check_loggers
from pdla.runs.folder import HISTORY, RESULT, config_hash
from pdla.training import run as training
from tests.fixtures.configs import compose_config
from tests.fixtures.people import make_cohort

KINEMATIC = (
    "model=kinematic", "leg=both", "trainer.max_epochs=1", "split.n_folds=3", "split.n_val_folds=2",
    "review.legs=1",
)  # fmt: skip
PICTURES = "review.pictures=true"


def train(run_dir, monkeypatch, *overrides):
    monkeypatch.setattr(training, "load_cohort", lambda recordings: make_cohort(9, visits=1))
    training.run(compose_config(*KINEMATIC, *overrides), run_dir, brief=True)
    return run_dir


def read_wandb(path):
    """Last value of each logged name, and the names of hyperparameters, of a .wandb file."""
    from wandb.proto.wandb_internal_pb2 import Record

    numbers, hyperparameters = {}, set()
    for content in wandb_records(path.read_bytes()):
        record = Record.FromString(content)
        for item in record.history.item:
            numbers[item.key or "/".join(item.nested_key)] = json.loads(item.value_json)
        changes = [*record.run.config.update, *record.config.update]
        hyperparameters |= {item.key or "/".join(item.nested_key) for item in changes}
    return numbers, hyperparameters


def wandb_records(content):
    """Records of LevelDB's log format: a record may go on in the next block of 32 KiB.

    A name that crosses the border of two blocks is not found in the bytes of the file.
    """
    block, header, last_of_record = 32768, 7, (1, 4)
    at, parts = header, []
    while at + header <= len(content):
        if block - at % block < header:
            at += block - at % block
            continue
        length, kind = struct.unpack_from("<HB", content, at + 4)
        parts.append(content[at + header : at + header + length])
        at += header + length
        if kind in last_of_record:
            yield b"".join(parts)
            parts = []


@pytest.mark.slow
def test_csv_alone_keeps_every_number_and_no_file_for_tensorboard(tmp_path, monkeypatch):
    run = train(tmp_path / "run", monkeypatch, "logger=csv", "review.pictures=false")
    assert "val/rps" in (run / HISTORY / "version_0" / "metrics.csv").read_text()
    assert not list(run.glob("events.*"))


def test_a_logger_that_is_not_wanted_writes_nothing(tmp_path):
    logger = RunLogger(tmp_path, writes_events=False)
    logger.log_metrics({"val/rps": 0.3}, step=1)
    logger.flush()
    logger.finalize("success")
    assert logger.board is None
    assert not list(tmp_path.iterdir())


def test_which_logger_is_wanted_makes_no_other_run():
    configs = [compose_config(*KINEMATIC, f"logger={name}") for name in ("csv", "tensorboard")]
    old = {key: value for key, value in configs[0].items() if key != "logger"}
    assert len({config_hash(config) for config in (*configs, old)}) == 1


def test_unknown_and_missing_loggers_are_one_line(monkeypatch):
    with pytest.raises(ValueError, match=r"did you mean wandb\?"):
        check_loggers({"wanddb": {}})
    monkeypatch.setattr("pdla.review.other_loggers.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"logger=mlflow: not installed; pip install 'pdla\[ml"):
        check_loggers({"tensorboard": {}, "mlflow": {}})


@pytest.mark.slow
def test_wandb_keeps_a_run_offline(tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    run = train(tmp_path / "study" / "run", monkeypatch, "logger=[tensorboard,wandb]", PICTURES)
    (content,) = (run / "wandb").glob("offline-run-*/*.wandb")
    numbers, hyperparameters = read_wandb(content)
    assert {"val/rps", "test/qwk", "best/mae"} <= numbers.keys()
    metrics = json.loads((run / RESULT).read_text())["metrics"]
    assert numbers["test/qwk"] == pytest.approx(metrics["test"]["qwk"])
    assert {"model", "training_learning_rate"} <= hyperparameters
    assert (content.parent / "files" / numbers["confusion/test/path"]).suffix == ".png"
    assert (content.parent / "files" / numbers["confusion/test/path"]).is_file()
    assert list(run.glob("events.*"))


@pytest.mark.slow
def test_mlflow_keeps_numbers_hyperparameters_and_pictures_beside_the_runs(tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    run = train(tmp_path / "study" / "run", monkeypatch, "logger=mlflow", PICTURES)
    with sqlite3.connect(tmp_path / "study" / "mlflow.db") as base:
        metrics = {row[0] for row in base.execute("select key from metrics")}
        hyperparameters = dict(base.execute("select key, value from params"))
        states = [row[0] for row in base.execute("select status from runs")]
    assert {"val/rps", "test/qwk", "best/mae"} <= metrics
    assert hyperparameters["model"] == "kinematic"
    assert states == ["FINISHED"]
    assert list((tmp_path / "study" / "mlflow").glob("*/artifacts/pictures/confusion/test.png"))
    assert not list(run.glob("events.*"))
