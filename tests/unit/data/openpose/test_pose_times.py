"""When: what a file says of time wins over the assumed frame rate."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pdla.data.intake.quality import QualityOptions, judge_quality
from pdla.data.openpose import OpenPoseOptions, ParsedVideo, read_recording
from pdla.data.openpose.clock import Clock, read_clock, resample
from pdla.data.openpose.frame_files import UnreadableRecordingError
from pdla.data.reasons import Reason
from pdla.data.skeletons import JOINT
from tests.fixtures.clinics import seated, write_video
from tests.fixtures.pose_files import landmarks, objects, write_json, write_long, write_wide

N = 60
POINTS = landmarks(seated(N))


def read(path: Path, **options: object) -> ParsedVideo:
    return read_recording(path, OpenPoseOptions(**options))


TIMES: dict[str, tuple[str, list[Any]]] = {
    "ms": ("timestamp_ms", [round(1000 * n / 60) for n in range(N)]),
    "s": ("time", [n / 60 for n in range(N)]),
    "us": ("timestamp", [round(1e6 * n / 60) for n in range(N)]),
    "ns": ("timestamp_ns", [round(1e9 * n / 60) for n in range(N)]),
    "epoch": ("timestamp", [1_700_000_000 + n / 60 for n in range(N)]),
    "clock": ("time", [f"00:00:{n / 60:09.6f}" for n in range(N)]),
    "date": ("timestamp", [f"2024-05-01T10:00:{n / 60:09.6f}" for n in range(N)]),
    "fps": ("fps", [60] * N),
}


@pytest.mark.parametrize("kind", TIMES)
@pytest.mark.parametrize("is_long", [True, False])
def test_times_of_a_table_give_the_frame_rate(tmp_path: Path, kind: str, is_long: bool) -> None:
    name, times = TIMES[kind]
    rows = [(n, time) for n, time in enumerate(times)]
    if is_long:
        header = f"frame,{name},landmark,x,y,visibility"
        path = write_long(tmp_path / "a.csv", POINTS, header=header, before=rows)
    else:
        names = [f"{value}{n}" for n in range(33) for value in "xyv"]
        path = write_wide(tmp_path / "a.csv", POINTS, names, first=("frame", name), rows=rows)
    video = read(path)
    assert video.fps == pytest.approx(60, abs=0.05)
    assert video.facts.n_frames == N
    assert video.facts.timing.assumed_fps == 30


def test_a_table_with_times_alone_is_in_order_of_time(tmp_path: Path) -> None:
    rows = [(f"{n / 30:.4f}",) for n in range(N)]
    header = "timestamp,landmark,x,y,visibility"
    path = write_long(tmp_path / "a.csv", POINTS, header=header, before=rows)
    assert read(path).facts.n_frames == N


@pytest.mark.parametrize(
    ("value", "fps", "step"),
    [
        ({"fps": 60}, 60, 1),
        ({"metadata": {"frame_rate": 25.0}}, 25, 1),
        ({"fps": 30, "numbers": 3}, 10, 3),
        ({"numbers": 3}, 10, 3),
        ({"times": 0.1, "fps": 30}, 10, 3),
        ({"times": 0.04}, 25, 1),
    ],
)
def test_json_says_times_rates_and_numbers(
    tmp_path: Path, value: dict[str, Any], fps: float, step: int
) -> None:
    numbers, times = value.pop("numbers", None), value.pop("times", None)
    frames = []
    for n, frame in enumerate(POINTS):
        about = {"frame": n * numbers} if numbers else {"timestamp": n * times} if times else {}
        frames.append({**about, "landmarks": objects(frame)})
    video = read(write_json(tmp_path / "a.json", {**value, "frames": frames}))
    assert video.fps == pytest.approx(fps)
    assert video.facts.timing.step == step
    assert video.facts.n_frames == N


def test_every_third_file_of_openpose_is_recognised(tmp_path: Path) -> None:
    folder = write_video(tmp_path / "v", seated(N), numbers=range(0, 3 * N, 3))
    video = read(folder)
    assert (video.fps, video.facts.n_frames, video.facts.patient) == (10, N, 1)
    leg = judge_quality(video.facts, QualityOptions())["R"]
    assert any(finding.reason is Reason.EVERY_NTH_FRAME for finding in leg.findings)


def test_a_contradiction_with_the_option_is_a_warning(tmp_path: Path) -> None:
    frames = {"fps": 25, "frames": [objects(frame) for frame in landmarks(seated(120))]}
    path = write_json(tmp_path / "a.json", frames)
    for fps, is_warned in ((30, True), (25, False), (24.99, False)):
        leg = judge_quality(read(path, fps=fps).facts, QualityOptions())["L"]
        found = [finding.reason for finding in leg.findings]
        assert (Reason.OTHER_FRAME_RATE in found) == is_warned


def test_a_dropped_frame_is_a_gap(tmp_path: Path) -> None:
    kept = [n for n in range(N) if n not in (20, 21)]
    rows = [(round(1000 * n / 30),) for n in kept]
    path = write_long(
        tmp_path / "a.csv",
        POINTS[kept],
        header="timestamp_ms,landmark,x,y,visibility",
        before=rows,
    )
    video = read(path, max_gap_s=0)
    assert video.facts.n_frames == N
    assert np.flatnonzero(np.isnan(video.keypoints[:, JOINT["Neck"], 0])).tolist() == [20, 21]


def test_uneven_times_are_resampled(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    times = np.cumsum(rng.uniform(0.02, 0.045, 200))
    points = np.repeat(POINTS[:1], 200, axis=0)
    points[:, :, 1] += 0.02 * np.sin(2 * np.pi * times)[:, None]
    rows = [(n, f"{time:.5f}") for n, time in enumerate(times)]
    header = "frame,timestamp,landmark,x,y,visibility"
    video = read(write_long(tmp_path / "a.csv", points, header=header, before=rows))
    assert video.facts.problems["frames at uneven times, resampled"] == 200
    grid = times[0] + np.arange(len(video.keypoints)) / video.fps
    height = video.keypoints[:, JOINT["RKnee"], 1] / 960
    expected = POINTS[0, 26, 1] + 0.02 * np.sin(2 * np.pi * grid)
    assert len(grid) == pytest.approx((times[-1] - times[0]) * video.fps, abs=1)
    assert np.abs(height - expected).max() < 5e-4


def test_resampling_never_bridges_an_unseen_joint_or_a_long_pause() -> None:
    keypoints = seated(6).astype(np.float32)
    keypoints[2, JOINT["LKnee"]] = (np.nan, np.nan, 0)
    times = np.asarray([0, 0.03, 0.07, 0.1, 0.9, 0.94])
    even, nearest = resample(keypoints, Clock(25, times_s=times), max_gap_s=0.15)
    is_seen = np.isfinite(even[..., 0])
    assert not is_seen[1:3, JOINT["LKnee"]].any()
    assert is_seen[1:3, JOINT["RKnee"]].all()
    assert not is_seen[3:22].any()
    assert np.array_equal(~is_seen, even[..., 2] == 0)
    assert len(nearest) == len(even) == 24


def test_times_that_count_frames_are_frame_numbers(tmp_path: Path) -> None:
    rows = [(n,) for n in range(N)]
    header = "time,landmark,x,y,visibility"
    video = read(write_long(tmp_path / "a.csv", POINTS, header=header, before=rows))
    assert (video.facts.n_frames, video.fps) == (N, 30)


@pytest.mark.parametrize("last", [1e12, 4000.0])
def test_absurd_times_are_refused(last: float) -> None:
    times = np.append(np.arange(20) / 30, last)
    with pytest.raises(UnreadableRecordingError, match="none of a video"):
        read_clock(np.arange(21), times if last > 1e6 else times * 60, None)
