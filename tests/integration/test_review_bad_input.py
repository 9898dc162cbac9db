"""A run stopped half-way, two writers on one folder, a folder moved: what is there is shown."""

import json
import logging
import shutil

import lightning
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

from pdla.report.analysis import analyse
from pdla.report.curves import read_curves
from pdla.report.leg_pictures import Manifest, collect_pictures
from pdla.report.page import write_report
from pdla.report.study import read_study
from pdla.review.images import encode_png
from pdla.review.options import ReviewOptions
from pdla.review.progress import EpochLines, RunProgressBar, progress_callbacks
from pdla.training import run as training
from tests.fixtures.configs import compose_config
from tests.fixtures.people import make_cohort
from tests.fixtures.runs import SMALL, read_events
from tests.fixtures.studies import make_study

STOPPED = (*SMALL, "model=tcn", "trainer.max_epochs=5", "review.legs=1")


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A run that was killed in its third epoch."""
    run_dir = tmp_path_factory.mktemp("stopped") / "study" / "run"

    def stop_in_third_epoch(self, *_):
        if self.current_epoch == 2:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "load_cohort", lambda recordings: make_cohort(9, visits=1))
        hook = "pdla.models.trajectory_networks.TCN.on_train_batch_start"
        patch.setattr(hook, stop_in_third_epoch, raising=False)
        with pytest.raises((KeyboardInterrupt, SystemExit)):
            training.run(compose_config(*STOPPED), run_dir)
    return run_dir


@pytest.fixture
def run_dir(stopped, tmp_path, monkeypatch):
    """A copy of it, which can go on."""
    monkeypatch.setattr(training, "load_cohort", lambda recordings: make_cohort(9, visits=1))
    return shutil.copytree(stopped, tmp_path / "study" / "run")


def test_a_run_that_was_stopped_shows_its_epochs_and_its_first_batch(run_dir):
    events = read_events(run_dir)
    assert len(events.Scalars("train/qwk")) == 2
    assert len(events.Scalars("val/loss")) == 2
    assert "training_batch/filmstrip" in events.Tags()["images"]
    assert not (run_dir / "pictures").exists()


def test_a_stopped_run_that_goes_on_has_one_curve_over_all_epochs(run_dir):
    training.run(compose_config(*STOPPED), run_dir)
    events = read_events(run_dir)
    steps = [event.step for event in events.Scalars("val/loss")]
    assert len(steps) == 5
    assert steps == sorted(set(steps))
    assert (run_dir / "pictures" / "pictures.json").exists()


@pytest.mark.parametrize("n_bytes", [1, 40, 400])
def test_events_cut_off_in_the_middle_of_a_record_show_the_records_before(run_dir, n_bytes):
    (path,) = run_dir.glob("events.out.tfevents.*")
    content = path.read_bytes()
    path.write_bytes(content[:-n_bytes])
    assert len(read_events(run_dir).Scalars("train/loss")) >= 1
    assert len(read_curves(run_dir)["train/loss"]) >= 1


def test_two_writers_on_one_folder_are_both_shown(tmp_path):
    writers = [SummaryWriter(str(tmp_path), filename_suffix=f".{name}") for name in "ab"]
    for step in range(4):
        writers[step % 2].add_scalar("train/loss", float(step), step)
    for writer in writers:
        writer.close()
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert {event.step for event in events.Scalars("train/loss")} <= {0, 1, 2, 3}
    assert read_curves(tmp_path)["train/loss"] == [(step, float(step)) for step in range(4)]


def test_a_study_that_was_moved_can_be_reported_and_reviewed(run_dir, tmp_path):
    training.run(compose_config(*STOPPED), run_dir)
    before = read_events(run_dir).Tags()
    moved = tmp_path / "elsewhere" / "archive"
    shutil.move(run_dir.parent, moved)
    assert read_events(moved / "run").Tags() == before
    assert str(tmp_path) not in (moved / "run" / "projector_config.pbtxt").read_text()
    page = write_report(analyse(read_study(moved))).read_text()
    assert "What the models looked at" in page
    assert page.count("data:image/png;base64") == 2


def test_a_report_shows_the_worst_legs_of_all_runs_once_and_draws_nothing(tmp_path):
    folder = make_study(tmp_path / "s", ["r3d"], ["R"], n_folds=2)
    for number, run in enumerate(sorted(folder.glob("r3d-*"))):
        legs = [leg("worst", place, f"V-{place}", 3 - number - place / 10) for place in (1, 2)]
        write_pictures(run, [*legs, leg("typical", 1, f"V-{number}9", 0.0)])
    (found,) = collect_pictures(read_study(folder))
    assert [picture.alt for picture in found.worst] == ["V-1 2.9", "V-2 2.8"]
    assert [picture.alt for picture in found.typical] == ["V-09 0.0", "V-19 0.0"]
    page = write_report(analyse(read_study(folder))).read_text()
    assert "The most typical legs" in page


def leg(kind, place, video, error):
    return {
        "kind": kind, "place": place, "video_id": video, "leg": "R", "score": 0,
        "expected_score": error, "title": f"{video} {error}", "file": f"{kind}-{place}.png",
    }  # fmt: skip


def write_pictures(run, legs):
    import numpy as np

    folder = run / "pictures"
    folder.mkdir()
    for entry in legs:
        (folder / entry["file"]).write_bytes(encode_png(np.zeros((9, 9, 3), dtype=np.uint8)))
    (folder / "pictures.json").write_text(json.dumps({"legs": legs, "model": []}))


def test_damaged_pictures_leave_the_report_without_them(tmp_path):
    folder = make_study(tmp_path / "s", ["r3d"], ["R"], n_folds=2)
    run = folder / "r3d-R-fold0-seed0"
    (run / "pictures").mkdir()
    for text in ("", "{", "[]", '{"legs": 3}', "null", '{"legs": [{}, "a"], "model": []}'):
        (run / "pictures" / "pictures.json").write_text(text)
        assert Manifest.read(run) == Manifest(), text
    page = write_report(analyse(read_study(folder))).read_text()
    assert "What the models looked at" not in page


@pytest.mark.parametrize(
    ("section", "message"),
    [
        (
            {"picture": True},
            "review.picture: no such option; did you mean pictures? "
            "There are curves, legs, pictures",
        ),
        ({"pictures": "yes"}, "review.pictures='yes': expected true or false"),
        ({"legs": -1}, "review.legs=-1: expected 0 or more"),
    ],
)
def test_options_that_cannot_be_are_refused_in_one_line(section, message):
    with pytest.raises(ValueError, match="review") as caught:
        ReviewOptions.from_config({"review": section})
    assert str(caught.value) == message


def test_a_pipe_gets_one_line_an_epoch_and_a_terminal_a_bar(monkeypatch, caplog):
    monkeypatch.setattr("pdla.review.progress.is_terminal", lambda: True)
    assert [type(one) for one in progress_callbacks(["qwk"])] == [RunProgressBar]
    monkeypatch.setattr("pdla.review.progress.is_terminal", lambda: False)
    (lines,) = progress_callbacks(["qwk", "mae"])
    assert isinstance(lines, EpochLines)
    trainer = lightning.Trainer(max_epochs=3, accelerator="cpu", logger=False,
                                enable_progress_bar=False)  # fmt: skip
    monkeypatch.setattr(type(trainer), "callback_metrics", {"val/qwk": 0.25, "val/mae": 0.5})
    with caplog.at_level(logging.INFO):
        lines.on_train_epoch_end(trainer, None)
    assert caplog.messages == ["epoch 1/3  val/qwk 0.250  val/mae 0.500"]


def test_the_bar_shows_the_time_left_and_the_primary_metrics_first(monkeypatch):
    shown = {"v_num": 0, "train/loss": 1.0, "val/loss": 2.0, "val/mae": 0.5, "val/qwk": 0.25}
    monkeypatch.setattr(
        "lightning.pytorch.callbacks.RichProgressBar.get_metrics", lambda *_: dict(shown)
    )
    bar = RunProgressBar(["qwk", "mae"])
    trainer = _Trainer()
    assert list(bar.get_metrics(trainer, None)) == ["val/qwk", "val/mae"]
    bar._started_s, bar._first_step = 0.0, 0
    monkeypatch.setattr("pdla.review.progress.time.perf_counter", lambda: 60.0)
    assert bar.get_metrics(trainer, None)["left"] == "0:03:00"  # a quarter took a minute


class _Trainer:
    estimated_stepping_batches = 40
    accumulate_grad_batches = 1

    class fit_loop:  # noqa: N801
        class epoch_loop:  # noqa: N801
            total_batch_idx = 9


def test_a_leaky_split_that_tests_what_it_validated_shows_its_legs(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(training, "load_cohort", lambda recordings: make_cohort(9, visits=1))
    own = [option for option in STOPPED if not option.startswith(("split.", "trainer."))]
    config = compose_config(*own, "split=by_video_2023", "trainer.max_epochs=1")
    training.run(config, tmp_path / "run")
    legs = Manifest.read(tmp_path / "run").legs
    assert legs[0].kind == "worst"
    assert legs[0].title.startswith("LEAKY: ")
    assert not [line for line in caplog.messages if "The result stands" in line]
    assert not [line for line in caplog.messages if "not drawn" in line]
