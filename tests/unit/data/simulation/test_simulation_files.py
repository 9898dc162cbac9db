"""What `pdla simulate` writes: formats, determinism, safety, speed."""

import csv
import hashlib
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner

from pdla.cli import app
from pdla.data.simulation import (
    SimulationOptions,
    check_same_simulation,
    clinic,
    simulate_cohort,
)
from pdla.data.skeletons import JOINT

SMALL = SimulationOptions(videos=3, fps=10, traps="none")


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("clinic") / "cohort"
    simulate_cohort(out, SMALL)
    return out


def truth(out: Path) -> list[dict[str, str]]:
    with (out / "truth.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digest(out: Path) -> dict[str, str]:
    files = sorted(path for path in out.rglob("*") if path.is_file() and path.suffix != ".xls")
    return {str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_frames_are_openpose_json_in_the_clinics_naming(cohort: Path) -> None:
    video_id = truth(cohort)[0]["video_id"]
    folder = cohort / "LA" / f"CV{video_id}Json"
    first = folder / f"{video_id}_000000000000_keypoints.json"
    frame = orjson.loads(first.read_bytes())
    assert set(frame) == {"version", "people"}
    assert frame["version"] == 1.3
    [person] = frame["people"]
    assert len(person["pose_keypoints_2d"]) == 75
    assert person["face_keypoints_2d"] == person["hand_left_keypoints_2d"] == []
    assert len(list(folder.iterdir())) == int(truth(cohort)[0]["n_files"])


def test_unseen_joints_are_zero_and_seen_ones_inside_the_picture(cohort: Path) -> None:
    frames = [
        np.array(orjson.loads(path.read_bytes())["people"][0]["pose_keypoints_2d"]).reshape(25, 3)
        for path in sorted((cohort / "LA").rglob("*.json"))
    ]
    keypoints = np.array(frames)
    unseen = keypoints[..., 2] == 0
    assert 0 < unseen.mean() < 0.2
    assert (keypoints[unseen] == 0).all()
    assert (keypoints[~unseen][:, :2] > 0).all()
    assert (keypoints[..., 2] <= 1).all()


def test_the_label_sheet_is_a_legacy_xls_with_floats_and_x(tmp_path: Path) -> None:
    simulate_cohort(tmp_path / "out", replace(SMALL, videos=8))
    sheet = tmp_path / "out" / "labels.xls"
    assert sheet.read_bytes()[:4] == bytes.fromhex("d0cf11e0")
    workbook = CalamineWorkbook.from_path(str(sheet))
    header, *rows = workbook.get_sheet_by_index(0).to_python()
    assert workbook.sheet_names == ["Sheet1"]
    assert header == ["VideoId", "mds_updrs_left", "mds_updrs_right", "備註"]
    assert len(rows) == 8
    assert [row[1] for row in rows if isinstance(row[1], str)] == ["X"]
    left = [row["score"] for row in truth(tmp_path / "out") if row["leg"] == "L"]
    assert [str(row[1]) if row[1] == "X" else str(int(row[1])) for row in rows] == left


def test_truth_times_are_where_the_heel_is_high(cohort: Path) -> None:
    for row in truth(cohort):
        video_id, leg = row["video_id"], row["leg"]
        files = sorted((cohort / "LA" / f"CV{video_id}Json").iterdir())
        people = [orjson.loads(path.read_bytes())["people"][0] for path in files]
        keypoints = np.array([p["pose_keypoints_2d"] for p in people]).reshape(-1, 25, 3)
        knee = -keypoints[:, JOINT[f"{leg}Knee"], 1]
        peaks = np.rint(np.array(row["tap_peak_s"].split(";"), dtype=float) * SMALL.fps)
        start, end = float(row["bout_start_s"]), float(row["bout_end_s"])
        outside = np.r_[knee[: int(start * SMALL.fps)], knee[int(end * SMALL.fps) + 2 :]]
        assert len(peaks) == float(row["n_taps"])
        assert knee[peaks.astype(int)].mean() > outside.mean() + 1.0
        assert (knee[peaks.astype(int)] > np.median(outside)).mean() > 0.75


def test_truth_holds_two_raters_and_every_leg_once(cohort: Path) -> None:
    rows = truth(cohort)
    assert len(rows) == 6
    assert len({(row["video_id"], row["leg"]) for row in rows}) == 6
    assert all(row["rater_1"] in "01234" and row["rater_2"] in "01234" for row in rows)
    assert all(row["score"] in ("X", row["rater_1"]) for row in rows)


def test_a_seed_gives_the_same_bytes_on_any_number_of_processes(
    cohort: Path, tmp_path: Path
) -> None:
    simulate_cohort(tmp_path / "again", SMALL, workers=2)
    assert digest(tmp_path / "again") == digest(cohort)


def test_a_video_does_not_depend_on_how_many_others_there_are(cohort: Path, tmp_path: Path) -> None:
    simulate_cohort(tmp_path / "fewer", replace(SMALL, videos=1))
    fewer, all_files = digest(tmp_path / "fewer"), digest(cohort)
    frames = {name: value for name, value in fewer.items() if name.startswith("LA")}
    assert frames.items() <= all_files.items()


def test_another_seed_gives_other_people(cohort: Path, tmp_path: Path) -> None:
    simulate_cohort(tmp_path / "other", replace(SMALL, videos=1, seed=1))
    assert not digest(tmp_path / "other").keys() & {n for n in digest(cohort) if "LA" in n}


def test_a_full_folder_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious.txt").write_text("mine")
    for force in (False, True):
        with pytest.raises(ValueError, match="out"):
            simulate_cohort(tmp_path / "out", SMALL, force=force)
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "precious.txt"]


def test_force_replaces_a_simulated_cohort(tmp_path: Path) -> None:
    out = tmp_path / "out"
    simulate_cohort(out, replace(SMALL, videos=2))
    with pytest.raises(ValueError, match="force"):
        simulate_cohort(out, replace(SMALL, videos=1))
    simulate_cohort(out, replace(SMALL, videos=1), force=True)
    assert len(list((out / "LA").iterdir())) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_run_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(clinic, "write_frames", fail)
    with pytest.raises(OSError, match="disk full"):
        simulate_cohort(tmp_path / "out", SMALL)
    assert list(tmp_path.iterdir()) == []


def test_size_and_frame_rate_are_as_asked(tmp_path: Path) -> None:
    options = SimulationOptions(videos=1, fps=15, size="480x640", traps="none")
    simulate_cohort(tmp_path / "out", options)
    row = truth(tmp_path / "out")[0]
    keypoints = np.array(
        [
            orjson.loads(path.read_bytes())["people"][0]["pose_keypoints_2d"]
            for path in (tmp_path / "out" / "LA").rglob("*.json")
        ]
    ).reshape(-1, 25, 3)
    assert 320 < keypoints[..., 0].max() < 640
    assert 240 < keypoints[..., 1].max() < 480
    assert float(row["bout_end_s"]) < int(row["n_frames"]) / 15


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--videos", "0"], "videos=0"),
        (["--traps", "leg_swaps,nonsense"], "nonsense"),
        (["--size", "tall"], "size='tall'"),
    ],
)
def test_the_command_refuses_bad_options_and_writes_nothing(
    arguments: list[str], named: str, tmp_path: Path
) -> None:
    result = CliRunner().invoke(app, ["simulate", str(tmp_path / "out"), *arguments])
    assert isinstance(result.exception, ValueError)
    assert named in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_a_cohort(tmp_path: Path) -> None:
    arguments = ["simulate", str(tmp_path / "out"), "--videos", "1", "--fps", "5"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert {p.name for p in (tmp_path / "out").iterdir()} == set(clinic.COHORT_FILES)


@pytest.mark.slow
def test_two_thousand_frames_a_second_are_written(tmp_path: Path) -> None:
    started = time.perf_counter()
    simulate_cohort(tmp_path / "out", SimulationOptions())
    seconds = time.perf_counter() - started
    n_frames = sum(int(row["n_files"]) for row in truth(tmp_path / "out")) / 2
    assert n_frames / seconds > 2000


def test_a_cohort_is_not_taken_for_one_with_other_options(tmp_path):
    made = SimulationOptions(videos=1, traps="none")
    simulate_cohort(tmp_path / "out", made)
    check_same_simulation(tmp_path / "out", made)
    with pytest.raises(ValueError, match=r"simulated with seed=0, not 3.*--force"):
        check_same_simulation(tmp_path / "out", replace(made, seed=3))
