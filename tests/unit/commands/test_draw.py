"""`pdla draw`: one video, or a whole cohort as files."""

import cv2
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from pdla.cli import app
from pdla.commands.draw import make_drawing
from pdla.data.simulation import SimulationOptions, simulate_cohort
from tests.fixtures.clinics import seated, write_video


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clinic") / "simulated"
    simulate_cohort(folder, SimulationOptions(videos=20, seed=3, traps="none", scores="balanced"))
    return folder


def draw(*arguments):
    return CliRunner().invoke(app, ["draw", *map(str, arguments)])


def message_of(*arguments):
    return str(draw(*arguments).exception)


def test_a_cohort_becomes_class_folders_under_pseudonyms(simulated, tmp_path):
    out, store = tmp_path / "classes", tmp_path / "store"
    options = ("--labels", simulated / "labels.xls", "--store", store, "--class-folders")
    size = ("--size", "24x16", "--folds", 3)
    result = draw(simulated / "LA", "--out", out, *options, *size)
    assert result.exit_code == 0, result.exception
    table = pd.read_csv(out / "videos.csv", dtype=str)
    files = {str(path.relative_to(out).with_suffix("")) for path in out.rglob("*.mp4")}
    assert files == {"/".join(row) for row in table[["stage", "leg", "score", "video"]].to_numpy()}
    assert set(table["stage"]) == {"train", "val", "test"}
    assert table.groupby("patient")["stage"].nunique().max() == 1
    real_names = [path.name for path in (simulated / "LA").iterdir()]
    text = " ".join(files) + (out / "videos.csv").read_text() + (out / "recipe.json").read_text()
    assert not any(name.removeprefix("CV").removesuffix("Json") in text for name in real_names)


def test_a_cohort_becomes_a_video_or_a_folder_of_frames_each(simulated, tmp_path):
    one = tmp_path / "videos"
    few = [path for path in sorted((simulated / "LA").iterdir()) if path.is_dir()][:2]
    videos = tmp_path / "two"
    videos.mkdir()
    for path in few:
        (videos / path.name).symlink_to(path)
    store = ("--store", tmp_path / "store", "--size", "24x16")
    assert draw(videos, "--out", one, *store).exit_code == 0
    assert len(list(one.glob("V-*.mp4"))) == 2
    frames = tmp_path / "frames"
    assert draw(videos, "--out", frames, "--frames", *store).exit_code == 0
    folders = [path for path in frames.iterdir() if path.is_dir()]
    assert len(folders) == 2
    assert cv2.imread(str(folders[0] / "000000.png")).shape == (24, 16, 3)


def test_one_video_becomes_frames_a_sheet_or_an_mp4(simulated, tmp_path):
    video = next(path for path in sorted((simulated / "LA").iterdir()) if path.is_dir())
    for out, *more in (("a.png",), ("a.mp4",), ("frames", "--frames")):
        result = draw(video, "--out", tmp_path / out, "--size", "24x16", *more)
        assert result.exit_code == 0, result.exception
        assert (tmp_path / out).exists()
    assert len(list((tmp_path / "frames").iterdir())) == len(list(video.glob("*.json")))
    assert "is there already" in message_of(
        video, "--out", tmp_path / "frames", "--frames", "--size", "24x16"
    )


def test_what_cannot_be_drawn_is_refused_in_one_line(simulated, tmp_path):
    video = next(path for path in sorted((simulated / "LA").iterdir()) if path.is_dir())
    assert "ends in .mp4" in message_of(video, "--out", tmp_path / "a.gif")
    assert "must be even" in message_of(video, "--out", tmp_path / "a.mp4", "--size", "25x16")
    assert "must be 1 to 4096" in message_of(video, "--out", tmp_path / "a.mp4", "--size", "0x16")
    assert list(tmp_path.iterdir()) == []
    store = ("--store", tmp_path / "unscored")
    assert "--labels" in message_of(
        simulated / "LA", "--out", tmp_path / "b", "--class-folders", *store
    )
    assert not (tmp_path / "b").exists()


def test_a_size_is_height_and_width():
    assert (make_drawing("192x108").height, make_drawing("192X108").line_px) == (192, 3)
    for wrong in ("192", "axb", "1x2x3"):
        with pytest.raises(ValueError, match="HEIGHTxWIDTH"):
            make_drawing(wrong)
    with pytest.raises(ValueError, match="no picture"):
        make_drawing("56x56", style="heatmaps")


def test_one_video_is_read_with_the_options_of_the_command(tmp_path):
    wide = seated(40)
    wide[..., :2] *= 3  # up to x = 1000: outside of a portrait frame
    folder = write_video(tmp_path / "video", wide + np.array([600, 1000, 0]))
    assert "all joints lie outside of the frame" in message_of(folder, "--out", tmp_path / "x.png")
    assert not (tmp_path / "x.png").exists()
    config = tmp_path / "size.yaml"
    config.write_text("openpose: {frame_size: [4000, 2000]}\n")
    for options in (("--config", config), ("openpose.frame_size=[4000,2000]",)):
        assert draw(folder, *options, "--out", tmp_path / "x.png").exit_code == 0
        picture = cv2.imread(str(tmp_path / "x.png")).astype(int)
        assert (picture.max(axis=2) - picture.min(axis=2) > 30).sum() > 50
        (tmp_path / "x.png").unlink()
    missing = draw(folder, "--config", tmp_path / "no.yaml", "--out", tmp_path / "x.png")
    assert isinstance(missing.exception, FileNotFoundError)
