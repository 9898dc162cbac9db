"""Videos of phones: upright, at their own times, and one failure does not stop the others."""

import hashlib
import json
import sys
import zipfile
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from pdla.commands.pose import estimate_poses
from pdla.data.openpose import OpenPoseOptions, read_recording
from pdla.data.skeletons import JOINT
from pdla.data.video.clips import QuickVideo
from pdla.pose import estimation, model_files
from pdla.pose.estimation import estimate_video, is_done, write_poses
from pdla.pose.estimators import open_estimator
from pdla.pose.model_files import ModelFile
from pdla.pose.videos import count_frames, find_videos, read_pictures
from tests.fixtures.clinics import seated
from tests.fixtures.phone_videos import spot, write_phone_video
from tests.fixtures.pose_files import in_layout


class SpotEstimator:
    """Finds a person of COCO joints around each white square; the whole path is real but for it."""

    layout = "coco_17"
    is_unit = False
    tool = "spots 1"

    def __init__(self) -> None:
        self.models = {"spots": "0"}
        self.n_pictures = 0
        body = in_layout(seated(1), "coco_17")[0]
        self.body = (body - (*body[:, :2].mean(axis=0), 0)) * (0.1, 0.1, 1)

    def start(self) -> None:
        """Nothing to begin."""

    def detect(self, picture: np.ndarray, time_s: float) -> np.ndarray:
        """One person at the centre of each spot."""
        self.n_pictures += 1
        is_bright = (picture[..., 0] > 170).astype(np.uint8)
        centres = cv2.connectedComponentsWithStats(is_bright)[3][1:]
        people = [self.body + np.append(centre, 0) for centre in centres]
        return np.asarray(people, dtype=np.float32)

    def close(self) -> None:
        """Nothing to close."""


def walk(n_frames: int = 40, size: tuple[int, int] = (96, 128)) -> np.ndarray:
    """A spot that goes right, near the upper edge."""
    return np.stack([spot(*size, 20, 10 + n) for n in range(n_frames)])


def test_a_turned_phone_video_is_shown_upright_as_players_do(tmp_path: Path) -> None:
    path = write_phone_video(tmp_path / "a.mp4", walk(4), rotation=90)
    picture = next(read_pictures(path))
    capture = cv2.VideoCapture(str(path))
    assert picture.rotation == 90
    assert picture.pixels.shape == (128, 96, 3)
    shown = capture.read()[1]
    assert np.abs(picture.pixels[..., ::-1].astype(int) - shown).mean() < 3
    # The spot was on the upper left: a quarter turn to the left brings it to the lower left.
    assert picture.pixels[110:, :40].max() > 200
    clip = QuickVideo(path).get_clip(Fraction(0), Fraction(1))["video"]
    assert clip is not None
    assert np.abs(clip[:, 0].permute(1, 2, 0).numpy()[..., ::-1].astype(int) - shown).mean() < 3


def test_uneven_times_are_kept_and_read_back(tmp_path: Path) -> None:
    steps = np.where(np.arange(39) % 3 == 0, 0.05, 0.03)
    times = np.concatenate([[0], np.cumsum(steps)])
    path = write_phone_video(tmp_path / "a.mp4", walk(), times)
    assert [p.time_s for p in read_pictures(path)] == pytest.approx(times, abs=0.002)
    estimator = SpotEstimator()
    poses = estimate_video(path, estimator)
    write_poses(poses, tmp_path / "a.json", path, estimator)
    video = read_recording(tmp_path / "a.json", OpenPoseOptions(frame_size="auto"))
    assert video.facts.problems["frames at uneven times, resampled"] == 40
    assert video.fps == pytest.approx(1 / 0.03, rel=0.02)
    assert video.frame_size == (96, 128)
    x = video.keypoints[:, JOINT["RKnee"], 0]
    grid = np.arange(len(x)) / video.fps
    assert np.allclose(x - x[0], np.interp(grid, times, np.arange(40.0)), atol=1.0)


def test_two_people_keep_their_numbers(tmp_path: Path) -> None:
    pictures = walk()
    for number, picture in enumerate(pictures):
        picture[60:76, 100 - number : 116 - number] = 250
    poses = estimate_video(write_phone_video(tmp_path / "a.mp4", pictures), SpotEstimator())
    assert poses.n_people == 2
    assert set(poses.track) == {0, 1}
    for track, sign in ((0, 1), (1, -1)):
        assert (np.diff(poses.points[poses.track == track, 11, 0]) * sign > 0).all()


@pytest.fixture
def spots(monkeypatch: pytest.MonkeyPatch) -> SpotEstimator:
    estimator = SpotEstimator()
    monkeypatch.setattr("pdla.commands.pose.open_estimator", lambda *_: estimator)
    return estimator


def test_a_second_run_goes_on_where_the_first_one_ended(
    tmp_path: Path, spots: SpotEstimator, capsys: pytest.CaptureFixture[str]
) -> None:
    videos, out = tmp_path / "videos", tmp_path / "out"
    videos.mkdir()
    for name in ("TG1_1234567", "TG2_7654321"):
        write_phone_video(videos / f"{name}.mp4", walk(10))
    (videos / "broken_7777777.mp4").write_bytes(b"no video")
    (videos / "notes.txt").write_text("x")

    def run(**options: bool) -> int:
        return estimate_poses([videos], out, "spots", None, None, force=False, **options)

    assert run() == 1
    said = capsys.readouterr()
    assert "video 3 of 3: no video that can be decoded" in said.err
    assert "2 written, 0 already there, 1 failed" in said.out
    assert not any(number in said.out + said.err for number in ("1234567", "7654321", "7777777"))
    (out / "TG1_1234567.json").write_bytes((out / "TG1_1234567.json").read_bytes()[:100])
    spots.n_pictures = 0
    run()
    assert "1 written, 1 already there" in capsys.readouterr().out
    assert spots.n_pictures == 10
    spots.models = {"spots": "1"}
    assert not is_done(out / "TG1_1234567.json", videos / "TG1_1234567.mp4", spots)
    assert sorted(path.name for path in out.iterdir()) == ["TG1_1234567.json", "TG2_7654321.json"]


def test_a_kill_while_writing_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_phone_video(tmp_path / "a.mp4", walk(5))
    estimator = SpotEstimator()
    poses = estimate_video(path, estimator)

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        estimation.write_poses(poses, tmp_path / "a.json", path, estimator)
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]


def test_videos_are_found_and_names_that_clash_are_refused(tmp_path: Path) -> None:
    for name in ("b.MOV", "a.mp4"):
        (tmp_path / name).touch()
    assert [path.name for path in find_videos([tmp_path])] == ["a.mp4", "b.MOV"]
    (tmp_path / "a.avi").touch()
    with pytest.raises(ValueError, match="rename one"):
        find_videos([tmp_path])
    with pytest.raises(FileNotFoundError, match="no such video"):
        find_videos([tmp_path / "none"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no video in it"):
        find_videos([tmp_path / "empty"])


def test_the_header_says_how_many_frames(tmp_path: Path) -> None:
    assert count_frames(write_phone_video(tmp_path / "a.mp4", walk(12))) == 12


def published(url: str, content: bytes) -> ModelFile:
    return ModelFile("--model", "m.onnx", url, hashlib.sha256(content).hexdigest())


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "pdla" / "pose"


def test_models_are_downloaded_once_and_checked(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "plain.bin").write_bytes(b"model")
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("../x/end2end.onnx", b"model")
    for name in ("plain.bin", "m.zip"):
        model = published((tmp_path / name).as_uri(), b"model")
        assert model.locate(None).read_bytes() == b"model"
        (tmp_path / name).unlink()
        assert model.locate(None) == cache / "m.onnx"
        (cache / "m.onnx").write_bytes(b"other")
        with pytest.raises(ValueError, match="delete it"):
            model.locate(None)
        (cache / "m.onnx").unlink()
        assert not list(cache.iterdir())


def test_offline_it_says_which_file_goes_where(cache: Path, tmp_path: Path) -> None:
    model = published("http://127.0.0.1:9/m.zip", b"model")
    with pytest.raises(FileNotFoundError) as caught:
        model.locate(None)
    said = str(caught.value)
    for part in ("http://127.0.0.1:9/m.zip", "end2end.onnx", "as m.onnx", str(cache), "--model"):
        assert part in said
    assert "\n" not in said
    with pytest.raises(FileNotFoundError, match="no such model"):
        model.locate(tmp_path / "mine.onnx")
    assert model_files.STALL_TIMEOUT_S < 60


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pdla.pose.mediapipe_landmarks", raising=False)
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(ValueError, match=r"not installed; pip install 'pdla\[pose\]'"):
        open_estimator("mediapipe", None, None)


def test_unknown_estimators_are_refused() -> None:
    with pytest.raises(ValueError, match="mediapipe, rtmlib"):
        open_estimator("openpose", None, None)


def test_pose_files_hold_what_they_were_made_of(tmp_path: Path) -> None:
    path = write_phone_video(tmp_path / "a.mp4", walk(5), rotation=90)
    estimator = SpotEstimator()
    write_poses(estimate_video(path, estimator), tmp_path / "a.json", path, estimator)
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["rotation"] == 90
    assert (content["height"], content["width"], content["fps"]) == (128, 96, 30)
    assert content["models"] == {"spots": "0"}
    assert len(content["frames"]) == 5
