"""Training from video files: the same pictures as drawn, and no clip lost or doubled."""

from collections import Counter

import av
import pytest
import torch

from pdla.data.clips.datamodules import DrawnClips
from pdla.data.clips.sampling import Sampling
from pdla.data.drawing.draw import Drawing
from pdla.data.splits.rules import PatientKFold
from pdla.data.video.class_folders import read_class_folders
from pdla.data.video.clips import FileClips
from pdla.data.video.datamodule import VideoFileClips
from pdla.data.video.writing import RECIPE, TABLE, fill_cache, write_class_folders
from tests.fixtures.people import make_cohort

DRAWING = Drawing(height=48, width=28, crop="frame", line_px=3)
SAMPLING = Sampling(within="recording", seconds=3.0, fps=15.0, stride_s=2.0)
SPLITTER = PatientKFold(n_folds=3, n_val_folds=2)


@pytest.fixture(scope="module")
def cohort():
    return make_cohort(6, visits=1, scores=(0, 2))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, cohort):
    out = tmp_path_factory.mktemp("videos") / "classes"
    samples = list(cohort.samples)
    split = SPLITTER.split(samples)
    write_class_folders(out, samples, split, DRAWING, frames=False)
    return out


@pytest.fixture(scope="module")
def cache(tmp_path_factory, cohort):
    path = tmp_path_factory.mktemp("cache")
    fill_cache(path, cohort.samples, DRAWING)
    return path


def make_data(cohort, cache, **options):
    defaults = {
        "splitter": SPLITTER,
        "legs": ("L", "R"),
        "sampling": SAMPLING,
        "augmentations": (),
        "seed": 0,
        "batch_size": 4,
        "workers": 0,
        "drawing": DRAWING,
    }
    return VideoFileClips(cohort=cohort, cache=str(cache), **{**defaults, **options})


def clips_of(loader):
    """How often each leg's clip was met, and the number of batches."""
    met, n_batches = Counter(), 0
    for batch in loader:
        n_batches += 1
        met.update(batch["sample"].tolist())
    return met, n_batches


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_no_clip_is_lost_or_doubled(cohort, cache, workers):
    data = make_data(cohort, cache, workers=workers)
    data.prepare_data()
    for stage, loader in (("val", data.val_dataloader()), ("train", data.train_dataloader())):
        indices = getattr(data.split, stage)
        per_leg = 6 if stage == "val" else 1  # 12 s in clips of 3 s, 2 s apart
        for _ in range(2):
            met, n_batches = clips_of(loader)
            assert met == dict.fromkeys(indices, per_leg)
            assert n_batches == len(loader)


def test_processes_of_a_distributed_run_share_the_clips(cohort, cache):
    data = make_data(cohort, cache)
    parts = [
        FileClips(
            data.files, data.samples, data.split.train, SAMPLING, "train",
            batch_size=2, size=(48, 28), rank=rank, world=3,
        )
        for rank in range(3)
    ]  # fmt: skip
    met = Counter()
    for part in parts:
        met += clips_of(part)[0]
    assert len({len(part) for part in parts}) == 1
    assert set(met) == set(data.split.train)
    assert met.total() == -(-len(data.split.train) // 3) * 3


def test_each_epoch_has_an_order_of_its_own_that_can_be_had_again(cohort, cache):
    def orders():
        loader = make_data(cohort, cache).train_dataloader()
        return [torch.cat([batch["sample"] for batch in loader]).tolist() for _ in range(2)]

    first, second = orders()
    assert first != second
    assert orders() == [first, second]


def test_a_decoded_clip_shows_what_would_have_been_drawn(cohort, cache):
    options = {
        "cohort": cohort, "splitter": SPLITTER, "legs": ("L", "R"), "sampling": SAMPLING,
        "augmentations": (), "seed": 0, "batch_size": 4, "workers": 0, "drawing": DRAWING,
    }  # fmt: skip
    drawn_data, file_data = DrawnClips(**options), make_data(cohort, cache)
    pairs = zip(drawn_data.test_dataloader(), file_data.test_dataloader(), strict=True)
    for drawn_batch, file_batch in pairs:
        drawn = drawn_data.represent(drawn_batch)
        decoded = file_data.on_after_batch_transfer(file_batch, 0)
        assert torch.equal(drawn["sample"], decoded["sample"])
        assert torch.equal(drawn["score"], decoded["score"])
        assert decoded["clips"].shape == drawn["clips"].shape
        assert decoded["clips"].dtype == torch.float32
        assert (drawn["clips"] - decoded["clips"]).abs().mean() < 2 / 255
        unlike = (drawn["clips"] - decoded["clips"].flip(-1)).abs().mean()
        assert unlike > 8 / 255


def test_class_folders_hold_each_leg_under_its_stage_and_score(folder, cohort):
    found = read_class_folders(folder, ("L", "R"))
    split = SPLITTER.split(list(cohort.samples))
    for stage in ("train", "val", "test"):
        wanted = {
            (sample.recording.video_id, sample.leg, sample.score, sample.patient)
            for sample in (cohort.samples[index] for index in getattr(split, stage))
        }
        got = {
            (sample.recording.video_id, sample.leg, sample.score, sample.patient)
            for sample in (found.samples[index] for index in getattr(found.split, stage))
        }
        assert got == wanted
    assert not found.is_leaky
    assert {file.n_frames for file in found.files} == {360}


def test_a_model_can_be_given_class_folders(folder, cohort, tmp_path):
    data = make_data(cohort, tmp_path, folder=str(folder), legs=("R",))
    data.prepare_data()
    met, _ = clips_of(data.test_dataloader())
    assert set(met) == set(data.split.test)
    assert {data.samples[index].leg for index in met} == {"R"}
    assert list(tmp_path.iterdir()) == []


def test_patients_on_both_sides_of_class_folders_are_refused(folder, tmp_path):
    copy = tmp_path / "copy"
    for path in folder.rglob("*"):
        if path.is_file():
            target = copy / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    table = (copy / TABLE).read_text()
    (copy / TABLE).write_text(table.replace("P-0", "P-1").replace("P-2", "P-1"))
    with pytest.raises(ValueError, match="patients in both"):
        read_class_folders(copy, ("R",))
    (copy / TABLE).unlink()
    with pytest.raises(ValueError, match="did not finish"):
        read_class_folders(copy, ("R",))
    (copy / RECIPE).unlink()
    assert read_class_folders(copy, ("R",)).is_leaky


def test_a_folder_for_other_files_is_not_written_into(folder, cohort):
    samples = list(cohort.samples)
    other = PatientKFold(n_folds=3, n_val_folds=2, fold=1).split(samples)
    with pytest.raises(ValueError, match="holds something else"):
        write_class_folders(folder, samples, other, DRAWING, frames=False)


def test_what_a_killed_writer_left_is_written_again(folder, cohort):
    samples = list(cohort.samples)
    victim = sorted(folder.rglob("*.mp4"))[0]
    whole = victim.read_bytes()
    victim.unlink()
    part = victim.with_name(f".{victim.stem}.part.mp4")
    part.write_bytes(whole[:50])
    write_class_folders(folder, samples, SPLITTER.split(samples), DRAWING, frames=False)
    assert victim.exists()
    assert not part.exists()


def test_a_file_that_cannot_be_decoded_is_named_not_skipped(cohort, tmp_path):
    fill_cache(tmp_path, cohort.samples, DRAWING)
    data = make_data(cohort, tmp_path)
    broken = data.files[data.split.val[1]].path
    content = broken.read_bytes()
    broken.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=broken.name):
        list(data.val_dataloader())


def test_a_class_folder_that_is_no_score_is_refused(tmp_path):
    (tmp_path / "train" / "R" / "healthy").mkdir(parents=True)
    with pytest.raises(ValueError, match="must be a score"):
        read_class_folders(tmp_path, ("R",))


def test_a_file_that_is_no_video_is_refused_by_name(tmp_path):
    path = tmp_path / "train" / "R" / "0" / "a.mp4"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"text")
    with pytest.raises(ValueError, match=r"a\.mp4: cannot be read as a video"):
        read_class_folders(tmp_path, ("R",))


def test_heat_maps_are_refused_as_files(cohort, tmp_path):
    with pytest.raises(ValueError, match="this data needs scored_leg or colour_2023"):
        make_data(cohort, tmp_path, drawing=Drawing(style="heatmaps"))


def test_videos_are_h264_that_plays_everywhere_with_a_key_frame_a_second(folder):
    with av.open(str(sorted(folder.rglob("*.mp4"))[0])) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        keys = [packet.pts for packet in container.demux(stream) if packet.is_keyframe]
    assert len(keys) >= 12
