"""A run from real-format files to a result: what is written, skipped, resumed and refused."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from pdla.commands.report import report_study
from pdla.data.clips.datamodules import DrawnClips
from pdla.data.skeletons import JOINT
from pdla.runs.folder import read_result
from pdla.training import run as training
from tests.fixtures.configs import compose_config
from tests.fixtures.people import make_cohort
from tests.fixtures.runs import TINY


@pytest.fixture(scope="module")
def clinic(tmp_path_factory):
    """A simulated clinic in the formats of a real one, and where its keypoints are stored."""
    folder = tmp_path_factory.mktemp("clinic")
    return (
        f"recordings.videos={folder}/files/LA",
        f"recordings.labels={folder}/files/labels.xls",
        f"recordings.store={folder}/store",
        "recordings.simulate.videos=16",
    )


@pytest.fixture
def small_cohort(monkeypatch):
    cohort = make_cohort(9, visits=1)
    monkeypatch.setattr(training, "load_cohort", lambda recordings: cohort)
    return cohort


def run(run_dir, *overrides):
    return training.run(compose_config(*TINY, *overrides), run_dir)


@pytest.fixture(scope="module")
def finished(clinic, tmp_path_factory):
    """One finished run on files, with what it printed."""
    run_dir = tmp_path_factory.mktemp("runs") / "study" / "resnet_lstm-R-fold0"
    objective = run(run_dir, "model=resnet_lstm", "leg=R", *clinic)
    return run_dir, objective


def test_a_run_leaves_its_config_result_predictions_checkpoints_and_events(finished):
    run_dir, _ = finished
    names = {str(path.relative_to(run_dir)) for path in run_dir.rglob("*") if path.is_file()}
    assert {"config.yaml", "result.json", "predictions.csv", "checkpoints/best.ckpt"} <= names
    assert "checkpoints/last.ckpt" not in names
    assert any("tfevents" in name for name in names)
    assert not any(name.startswith(".") for name in names)


def test_predictions_have_one_row_a_leg_of_validation_and_test(finished):
    run_dir, _ = finished
    result, table = read_result(run_dir), pd.read_csv(run_dir / "predictions.csv")
    names = ["video_id", "patient", "group", "leg", "stage", "fold", "score"]
    names += ["predicted", "expected_score"]
    assert list(table.columns) == [*names, "p0", "p1", "p2", "p3", "p4", "n_clips"]
    for stage in ("val", "test"):
        rows = table[table["stage"] == stage]
        assert len(rows) == sum(result.score_counts[stage])
        assert not rows["video_id"].duplicated().any()
        assert rows["patient"].nunique() == result.patient_counts[stage]
    np.testing.assert_allclose(table[[f"p{s}" for s in range(5)]].sum(axis=1), 1, atol=1e-5)
    assert set(table["leg"]) == {"R"}


def test_no_patient_of_the_test_stands_in_validation(finished):
    table = pd.read_csv(finished[0] / "predictions.csv")
    patients = table.groupby("stage")["patient"].agg(set)
    assert not patients["val"] & patients["test"]


def test_the_objective_for_sweepers_is_the_validation_score_never_the_test(finished):
    run_dir, objective = finished
    assert objective == pytest.approx(read_result(run_dir).metrics["val"]["rps"])


def test_the_result_says_what_a_reviewer_asks(finished):
    result = read_result(finished[0])
    assert result.unsupported_scores[-1] == 4
    assert result.weights_source == "none"
    assert result.is_leaky is False
    assert set(result.baselines["majority"]) == set(result.metrics["test"])
    assert len(result.data_hash) == 64
    assert {"torch", "lightning", "pdla"} <= set(result.versions)


def test_scalars_and_hyperparameters_can_be_read_back_from_the_events(finished):
    events = EventAccumulator(str(finished[0]), size_guidance={"scalars": 0})
    events.Reload()
    tags = set(events.Tags()["scalars"])
    assert {"train/loss", "val/loss", "val/qwk", "val/rps", "test/mae", "best/rps"} <= tags
    assert "hp_metric" not in tags
    assert len(events.Scalars("val/rps")) == 2
    assert "_hparams_/session_start_info" in events.summary_metadata


def test_no_raw_id_of_the_sheet_appears_in_the_run(finished, clinic):
    files = clinic[0].removeprefix("recordings.videos=")
    numbers = {part for name in _folder_names(files) for part in re.findall(r"\d{5,}", name)}
    assert numbers
    for path in finished[0].rglob("*"):
        if path.is_file() and path.suffix != ".ckpt":
            text = path.read_bytes().decode("latin-1")
            assert not [number for number in numbers if number in text], path.name


def _folder_names(folder):
    from pathlib import Path

    return [path.name for path in Path(folder).iterdir()]


def test_a_finished_run_is_shown_again_and_not_trained_again(finished, clinic, capsys):
    run_dir, objective = finished
    before = (run_dir / "checkpoints" / "best.ckpt").stat().st_mtime_ns
    assert run(run_dir, "model=resnet_lstm", "leg=R", *clinic) == objective
    assert (run_dir / "checkpoints" / "best.ckpt").stat().st_mtime_ns == before
    assert "majority" in capsys.readouterr().out


def test_the_report_pools_runs_and_can_be_opened(finished):
    study = finished[0].parent
    page = report_study(study, n_clips=1).read_text()
    summary = pd.read_csv(study / "summary.csv")
    assert list(summary["scorer"][:2]) == ["resnet_lstm", "Majority score"]
    assert "not a medical device" in page
    assert "data:image/svg+xml;base64" in page
    assert len(list((study / "clips").glob("*-R.mp4"))) == 1


def test_another_config_in_the_folder_of_a_run_is_refused(finished, clinic):
    with pytest.raises(ValueError, match=r"another model\.dropout"):
        run(finished[0], "model=resnet_lstm", "leg=R", "model.dropout=0.5", *clinic)


def test_an_interrupted_run_goes_on_from_its_last_epoch(small_cohort, tmp_path, monkeypatch):
    run_dir = tmp_path / "run"
    monkeypatch.setattr(training, "evaluate_best", _power_cut)
    with pytest.raises(KeyboardInterrupt):
        run(run_dir, "model=resnet_lstm")
    assert "KeyboardInterrupt" in (run_dir / "error.txt").read_text()
    assert read_result(run_dir) is None
    monkeypatch.undo()
    monkeypatch.setattr(training, "load_cohort", lambda recordings: small_cohort)
    steps = []
    monkeypatch.setattr(
        "pdla.models.resnet_lstm.ResNetLSTM.on_train_batch_start",
        lambda self, *_: steps.append(self.trainer.global_step),
    )
    run(run_dir, "model=resnet_lstm")
    assert steps == []
    assert read_result(run_dir).epochs == 2
    assert not (run_dir / "error.txt").exists()


def _power_cut(*_):
    raise KeyboardInterrupt


def test_a_killed_run_resumes_in_the_middle_of_its_training(small_cohort, tmp_path, monkeypatch):
    run_dir = tmp_path / "run"

    def stop_in_second_epoch(self, *_):
        if self.current_epoch == 1:
            _power_cut()

    hook = "pdla.models.resnet_lstm.ResNetLSTM.on_train_batch_start"
    with monkeypatch.context() as patch:
        patch.setattr(hook, stop_in_second_epoch)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            run(run_dir, "model=resnet_lstm")
    epochs = []
    monkeypatch.setattr(hook, lambda self, *_: epochs.append(self.current_epoch))
    run(run_dir, "model=resnet_lstm")
    assert set(epochs) == {1}


def test_a_run_never_goes_on_from_a_checkpoint_of_another_version(
    small_cohort, tmp_path, monkeypatch
):
    run_dir = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(training, "evaluate_best", _power_cut)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            run(run_dir, "model=tcn")
    last = run_dir / "checkpoints" / "last.ckpt"
    checkpoint = torch.load(last, weights_only=True)
    checkpoint["state_dict"]["network.old"] = checkpoint["state_dict"].pop("network.1.1.bias")
    torch.save(checkpoint, last)
    with pytest.raises(
        ValueError, match=r"2 layers are not those of TCN \(network.1.1.bias, "
    ) as e:
        run(run_dir, "model=tcn")
    assert "\n" not in str(e.value)


def test_the_same_seed_gives_the_same_predictions(small_cohort, tmp_path):
    for name in ("one", "two"):
        run(tmp_path / name, "model=resnet_lstm", "trainer.max_epochs=1")
    one, two = ((tmp_path / name / "predictions.csv").read_text() for name in ("one", "two"))
    assert one == two


def test_both_legs_train_one_network(small_cohort, tmp_path):
    run(tmp_path / "run", "model=r3d", "leg=both", "trainer.max_epochs=1")
    table = pd.read_csv(tmp_path / "run" / "predictions.csv")
    assert set(table["leg"]) == {"L", "R"}


def test_a_leaky_split_is_stamped_on_the_result(small_cohort, tmp_path, capsys):
    tiny = [option for option in TINY if not option.startswith("split.")]
    config = compose_config(*tiny, "model=resnet_lstm", "split=by_video_2023")
    training.run(config, tmp_path / "run")
    assert read_result(tmp_path / "run").is_leaky is True
    assert "LEAKY" in capsys.readouterr().out


def test_left_leg_clips_are_mirrored_so_that_the_scored_leg_is_always_on_the_same_side():
    cohort = make_cohort(6, visits=1)
    config = compose_config(*TINY, "leg=both", "augment=none")
    data = training.build_data(config, cohort)
    assert isinstance(data, DrawnClips)
    dataset = data.val_dataloader().dataset
    legs = set()
    for clip in (dataset[item] for item in range(len(dataset))):
        y = clip["keypoints"][:, :, 1]
        moved = y.amax(dim=0) - y.amin(dim=0)
        assert moved[JOINT["RAnkle"]] > 10 > moved[JOINT["LAnkle"]]
        legs.add(data.samples[int(clip["sample"])].leg)
    assert legs == {"L", "R"}


def test_drawn_batches_have_clips_in_0_to_1_and_scores():
    data = training.build_data(compose_config(*TINY), make_cohort(9))
    batch = data.on_after_batch_transfer(next(iter(data.train_dataloader())), 0)
    assert batch["clips"].shape[1:] == (3, 12, 16, 16)
    assert 0 <= batch["clips"].min() <= batch["clips"].max() <= 1
    assert batch["score"].dtype == torch.int64


def test_result_is_plain_json(finished):
    text = (finished[0] / "result.json").read_text()
    assert "NaN" not in text
    assert json.loads(text)["model"] == "resnet_lstm"
