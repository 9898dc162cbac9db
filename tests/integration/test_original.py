"""`pdla original`, every step small on the CPU: files, clips, epochs and pictures are counted."""

import json
from dataclasses import replace

import cv2
import pandas as pd
import pytest
import torch

from pdla.commands.original import run_original
from pdla.data.intake import IntakeOptions, read_cohort
from pdla.data.simulation import SimulationOptions, simulate_cohort
from pdla.original.clips import n_uniform_clips, read_clips
from pdla.original.parts import ALL_PARTS
from pdla.original.pictures import FPS
from pdla.original.settings import SMALL, Machine

SETTINGS = replace(
    SMALL, max_videos=10, max_seconds=2.0, clip_s=1.0, clip_frames=4, test_clip_s=1.5,
    size=(32, 18), split_size=(32, 18), split_frames=2, n_val=3,
    lstm_frames=(10,), lstm_epochs=(1,), n_splits=2,
)  # fmt: skip
MACHINE = Machine((torch.device("cpu"),), 0, "none")


def run(tmp_path, **options):
    clinic = tmp_path / "clinic"
    return run_original(
        clinic / "LA", clinic / "labels.xls", tmp_path / "store", tmp_path / "out",
        SETTINGS, MACHINE, **options,
    )  # fmt: skip


@pytest.mark.slow
def test_the_system_of_2023_runs_whole_and_nothing_is_lost_or_doubled(tmp_path, capsys):
    simulate_cohort(tmp_path / "clinic", SimulationOptions(videos=20, seed=3))
    run(tmp_path, legs=["L"], parts=ALL_PARTS)
    out = tmp_path / "out"
    result = {part: json.loads((out / f"L_{part}.json").read_text()) for part in ALL_PARTS}

    cohort = read_cohort(
        tmp_path / "clinic/LA", tmp_path / "clinic/labels.xls", tmp_path / "store", IntakeOptions()
    )
    frames = {sample.recording.video_id: min(sample.recording.n_frames, 60)
              for sample in cohort.rated("L")}  # fmt: skip
    drawn = {folder.name: len(list(folder.glob("*.png"))) for folder in (out / "images").iterdir()}
    assert len(drawn) == 10
    assert all(frames[name] == n_frames for name, n_frames in drawn.items())
    picture = cv2.imread(str(next((out / "images").rglob("*.png"))))
    assert picture.shape == (960, 540, 3)
    assert 0 < (picture > 0).any(axis=2).mean() < 0.2  # thin bones on black
    assert {path.stem for path in (out / "videos").iterdir()} == set(drawn)

    files = pd.DataFrame(
        [path.relative_to(out).parts for path in (out / "video_dataset_L").rglob("*.mp4")],
        columns=["root", "stage", "score", "file"],
    )
    score_of = {sample.recording.video_id: str(sample.score) for sample in cohort.rated("L")}
    assert all(score_of[row.file.removesuffix(".mp4")] == row.score for row in files.itertuples())
    counts = files.groupby("file").size()
    top = max(score_of[name] for name in drawn)
    doubled = {name for name in drawn if score_of[name] == top}
    assert {name.removesuffix(".mp4") for name, n in counts.items() if n == 2} == doubled
    assert len(counts) == 10

    r3d = result["r3d"]
    stages = {stage: read_clips(out / "video_dataset_L" / stage, SETTINGS) for stage in
              ("train", "val")}  # fmt: skip
    for stage, factor in (("train", 2), ("val", 1)):
        names = files[files["stage"] == stage]["file"].str.removesuffix(".mp4")
        expected = sum(n_uniform_clips(drawn[name], FPS, SETTINGS.clip_s) for name in names)
        assert len(stages[stage].video) == expected
        assert r3d["clips"][stage] == factor * expected
        assert stages[stage].clips.shape[1:] == (3, 4, 32, 18)
    assert r3d["clips"]["test"] == r3d["videos"]["val"] == 3 + len(doubled)
    assert len(r3d["train_loss"]) == len(r3d["val_loss"]) == SETTINGS.epochs
    assert r3d["val_loss"][r3d["best_epoch"] - 1] == min(r3d["val_loss"])
    assert [len(step["score"]) for step in r3d["steps"]] == [3 + len(doubled)] * 2 + [3, 3]
    assert [step["is_leaky"] for step in result["honest"]["steps"]] == [True, False, False]
    assert len(result["splits"]["accuracy"]) == 2
    (lstm,) = result["resnet_lstm"]["trainings"]
    assert lstm["n_train"] + lstm["n_val"] == sum(n_frames // 10 for n_frames in drawn.values())
    assert lstm["shared_videos"] > 0.5

    for name in ("L_loss_surface.png", "splits.png"):
        assert cv2.imread(str(out / name)).shape[1] == 840
    table = (out / "table.md").read_text()
    assert "NOT the recipe of 2023" in table
    assert table.count("LEAKY") >= 6
    assert list((out / "tensorboard").glob("events*"))

    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.suffix != ".md"}
    capsys.readouterr()
    run(tmp_path, legs=["L"])
    kept = {".json", ".mp4", ".pt"}
    assert all(path.stat().st_mtime_ns == time for path, time in before.items()
               if path.suffix in kept)  # fmt: skip
    assert "LEAKY" in capsys.readouterr().out
    (out / "L_r3d.json").write_text(json.dumps({**r3d, "settings": {}}))
    with pytest.raises(ValueError, match="of another setting"):
        run(tmp_path, legs=["L"], parts=["r3d"])
