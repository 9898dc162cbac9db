"""A reviewed run read back: curves, hyperparameters, texts, pictures, features, their sizes."""

import io
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from PIL import Image
from tensorboard.plugins.hparams import plugin_data_pb2

from pdla.evaluation.metrics import agreement_metrics
from pdla.review import run_review
from pdla.review.monitors import OptimizerMonitor, SpeedMonitor, TrainingScores
from pdla.runs.folder import read_result
from pdla.training import run as training
from pdla.training.tensorboard import HPARAM_METRICS
from tests.fixtures.configs import compose_config
from tests.fixtures.people import make_cohort
from tests.fixtures.runs import SMALL, read_events

EPOCHS = 3
MIB = 2**20


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory):
    """Folder and config of a finished run with everything that is shown."""
    cohort = make_cohort(9, visits=1)
    run_dir = tmp_path_factory.mktemp("runs") / "study" / "tcn"
    config = compose_config(*SMALL, "model=tcn", f"trainer.max_epochs={EPOCHS}", "review.legs=2")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "load_cohort", lambda recordings: cohort)
        patch.setattr(run_review, "MIN_CURVE_LEGS", 1)  # six legs are tested here
        training.run(config, run_dir)
    return run_dir, config


@pytest.fixture(scope="module")
def events(reviewed):
    return read_events(reviewed[0])


def test_every_curve_has_one_point_an_epoch_and_training_stands_beside_validation(events):
    metrics = ("loss", "qwk", "mae", "macro_mae", "balanced_accuracy")
    rest = ("optimizer/learning_rate", "optimizer/gradient_norm", "optimizer/gradient_norm_max",
            "speed/clips_per_second", "speed/data_wait_share")  # fmt: skip
    assert set(rest) <= set(events.Tags()["scalars"])
    steps = [event.step for event in events.Scalars("train/loss")]
    assert len(steps) == EPOCHS
    assert len(set(steps)) == EPOCHS
    for tag in (*(f"train/{name}" for name in metrics), *rest):
        assert [event.step for event in events.Scalars(tag)] == steps, tag
    for name in metrics:
        assert len(events.Scalars(f"val/{name}")) == EPOCHS


def test_values_of_curves_are_possible(events):
    assert all(event.value > 0 for event in events.Scalars("optimizer/gradient_norm"))
    assert all(event.value > 0 for event in events.Scalars("speed/clips_per_second"))
    assert all(0 <= event.value <= 1 for event in events.Scalars("speed/data_wait_share"))
    rates = [event.value for event in events.Scalars("optimizer/learning_rate")]
    assert rates[0] == pytest.approx(3e-4)
    assert rates == sorted(rates, reverse=True)  # the cosine falls
    assert "speed/gpu_memory_gib" not in events.Tags()["scalars"]


def test_the_hparams_row_has_the_metrics_of_validation_and_test_and_no_hp_metric(reviewed, events):
    run_dir, config = reviewed
    tags = events.summary_metadata
    content = {
        name: plugin_data_pb2.HParamsPluginData.FromString(tags[name].plugin_data.content)
        for name in ("_hparams_/experiment", "_hparams_/session_start_info")
    }
    columns = [info.name.tag for info in content["_hparams_/experiment"].experiment.metric_infos]
    assert sorted(columns) == sorted(HPARAM_METRICS)
    assert "hp_metric" not in events.Tags()["scalars"]
    chosen = content["_hparams_/session_start_info"].session_start_info.hparams
    assert chosen["model"].string_value == "tcn"
    assert (chosen["leg"].string_value, chosen["fold"].number_value) == ("both", 0)
    assert chosen["seed"].number_value == config["seed"]
    assert sorted(chosen)[:5] == ["fold", "leg", "loss", "model", "seed"]  # what the tab shows
    metrics = read_result(run_dir).metrics
    for column in columns:
        stage, key = column.split("/")
        expected = metrics["val" if stage == "best" else "test"][key]
        values = [event.value for event in events.Scalars(column)]
        assert values == pytest.approx([expected]), column


def test_texts_hold_the_config_the_split_the_data_and_what_was_left_out(reviewed, events):
    _, config = reviewed

    def text(tag):
        return events.Tensors(f"{tag}/text_summary")[0].tensor_proto.string_val[0].decode()

    lines = [line.removeprefix("    ") for line in text("config").splitlines()]
    assert yaml.safe_load("\n".join(lines)) == config
    rows = [line for line in text("split").splitlines() if line.startswith("| 0 (this run)")]
    named = Counter(word for word in rows[0].replace(",", " ").split() if word.startswith("P-"))
    assert named == Counter({f"P-{patient}": 1 for patient in range(9)})
    assert "not a medical device" in text("data")
    assert text("left_out") == "Nothing was left out."


def test_pictures_have_the_sizes_they_were_drawn_in_and_clips_play(events):
    tags = events.Tags()["images"]
    groups = Counter(tag.split("/")[0] for tag in tags)
    assert groups == {
        "training_batch": 2, "confusion": 2, "reliability": 2, "folds": 1, "legs_worst": 2,
        "legs_typical": 2, "bouts": 2,
    }  # fmt: skip
    for tag in tags:
        picture = events.Images(tag)
        assert len(picture) == 1, tag
        with Image.open(io.BytesIO(picture[0].encoded_image_string)) as image:
            assert image.size == (picture[0].width, picture[0].height)
            assert min(image.size) >= 80
            is_clip = tag.startswith("bouts/") or tag == "training_batch/clips"
            assert image.format == ("GIF" if is_clip else "PNG")
            assert (getattr(image, "n_frames", 1) > 10) == is_clip
            assert len(image.convert("RGB").getcolors(1 << 20)) > 3, f"{tag} is empty"
    assert {events.Images(tag)[0].width for tag in tags if tag.startswith("legs_")} == {760}


def test_precision_recall_curves_and_features_are_there(reviewed, events):
    run_dir, _ = reviewed
    assert {"test/score_1_or_more", "val/score_1_or_more"} <= set(events.Tags()["tensors"])
    table = pd.read_csv(run_dir / "predictions.csv")
    (features,) = run_dir.glob("0*/legs/tensors.tsv")
    names = pd.read_csv(features.with_name("metadata.tsv"), sep="\t")
    assert np.loadtxt(features).shape == (len(table), 96)  # mean and spread of 48 channels
    assert set(zip(names["video_id"], names["leg"], strict=True)) == set(
        zip(table["video_id"], table["leg"], strict=True)
    )
    assert {"score", "leg", "group"} <= set(names.columns)
    assert f'"{features.relative_to(run_dir)}"' in (run_dir / "projector_config.pbtxt").read_text()


def test_events_and_pictures_stay_small(reviewed):
    run_dir, _ = reviewed
    events = sum(path.stat().st_size for path in run_dir.glob("events.out.tfevents.*"))
    pictures = sum(path.stat().st_size for path in (run_dir / "pictures").iterdir())
    # Here are 2 of 10 worst legs; curves of 60 epochs are another 0.1 MiB.
    assert events * 5 < 30 * MIB
    assert pictures * 5 < 1 * MIB


def test_pictures_change_nothing_that_is_learnt(reviewed, tmp_path, monkeypatch):
    run_dir, config = reviewed
    monkeypatch.setattr(training, "load_cohort", lambda recordings: make_cohort(9, visits=1))
    plain = {**config, "review": {"curves": False, "pictures": False, "legs": 0}}
    training.run(plain, tmp_path / "run")
    assert (tmp_path / "run" / "predictions.csv").read_text() == (
        run_dir / "predictions.csv"
    ).read_text()
    assert not (tmp_path / "run" / "pictures").exists()
    tags = set(read_events(tmp_path / "run").Tags()["scalars"])
    assert "val/qwk" in tags
    assert not {tag for tag in tags if tag.startswith(("optimizer/", "speed/"))}


def test_a_picture_that_fails_loses_no_run_and_is_said_aloud(
    reviewed, tmp_path, monkeypatch, caplog
):
    _, config = reviewed
    monkeypatch.setattr(training, "load_cohort", lambda recordings: make_cohort(9, visits=1))
    monkeypatch.setattr("pdla.review.run_review.begin_page", _out_of_memory)
    training.run(config, tmp_path / "run")
    assert read_result(tmp_path / "run") is not None
    lines = [record.message for record in caplog.records if "The result stands" in record.message]
    assert len(lines) == 1
    assert "no pictures of the legs: MemoryError: no more" in lines[0]
    tags = read_events(tmp_path / "run").Tags()
    assert "confusion/test" in tags["images"]


def _out_of_memory(*_):
    raise MemoryError("no more")


def test_steps_never_wait_for_the_device(monkeypatch):
    """Every way from a device to the host is closed while the hooks of a step run."""
    gradient = torch.nn.Parameter(torch.ones(3))
    gradient.grad = torch.ones(3)
    optimizer = torch.optim.SGD([gradient], lr=0.1)
    outputs = {"sample": torch.tensor([0, 1]), "probabilities": torch.full((2, 5), 0.2)}
    monitors = [TrainingScores([]), OptimizerMonitor(), SpeedMonitor()]

    class Trainer:
        is_last_batch = False

    with monkeypatch.context() as patch:
        for way in ("item", "tolist", "cpu", "numpy", "__bool__", "__float__", "__int__"):
            patch.setattr(torch.Tensor, way, _forbidden)
        for monitor in monitors:
            monitor.on_train_batch_start(Trainer(), None, outputs, 0)
            monitor.on_before_optimizer_step(Trainer(), None, optimizer)
            monitor.on_train_batch_end(Trainer(), None, outputs, outputs, 0)


def _forbidden(*_, **__):
    raise AssertionError("a step waited for the device")


def test_training_metrics_are_those_of_legs_not_clips():
    cohort = make_cohort(3, visits=1)
    samples = [sample for sample in cohort.samples if sample.leg == "R"]  # rated 0, 1, 2
    certain = torch.eye(5)
    # Two clips of the first leg, of which one is right: 0 and 2 are 1 on average.
    steps = [([0, 1], certain[[0, 1]]), ([0, 2], certain[[2, 2]])]
    logged = {}
    scores = TrainingScores(samples)
    trainer = _FakeTrainer(logged)
    for sample, probabilities in steps:
        outputs = {"sample": torch.tensor(sample), "probabilities": probabilities}
        scores.on_train_batch_end(trainer, None, outputs)
    scores.on_train_epoch_end(trainer, None)
    expected = agreement_metrics(np.array([0, 1, 2]), np.array([1, 1, 2]))
    assert logged == {
        f"train/{name}": pytest.approx(expected[name])
        for name in ("qwk", "mae", "macro_mae", "balanced_accuracy")
    }


class _FakeTrainer:
    global_step = 5
    world_size = 1

    class strategy:  # noqa: N801
        root_device = torch.device("cuda")

    def __init__(self, logged):
        class Logger:
            def log_metrics(self, values, step):
                assert step == 4
                logged.update(values)

        self.loggers = [Logger()]


def test_memory_of_a_gpu_is_logged_and_counted_anew_each_epoch(monkeypatch):
    logged, calls = {}, []
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 3 * 2**30)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: calls.append("wait"))
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: calls.append("anew"))
    trainer = _FakeTrainer(logged)
    monitor = SpeedMonitor()
    monitor.on_train_epoch_start(trainer, None)
    for is_last in (False, True):
        trainer.is_last_batch = is_last
        monitor.on_train_batch_start(trainer, None)
        monitor.on_train_batch_end(trainer, None, None, {"sample": torch.zeros(4)}, 0)
    monitor.on_train_epoch_end(trainer, None)
    assert logged["speed/gpu_memory_gib"] == 3.0
    assert logged["speed/clips_per_second"] > 0
    assert calls == ["wait", "anew"]  # waited for once an epoch
