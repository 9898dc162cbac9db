import base64
import json
import re
import shlex
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from pdla.cli import app
from pdla.commands.check import check_cohort, judge_intake
from pdla.commands.check_page import write_html
from pdla.commands.options import read_options
from pdla.data.intake import IntakeOptions, read_intake
from pdla.data.simulation import SimulationOptions, simulate_cohort
from tests.fixtures.clinics import seated, write_clinic, write_sheet, write_video
from tests.fixtures.configs import compose_config
from tests.fixtures.places import SHARED

SAMPLES = SHARED / "data/openpose_samples"


def check(root: Path, *options: str) -> dict[str, Any]:
    sheet = root / "labels.xls"
    given = sheet if sheet.exists() else None
    options = read_options(None, options)
    return check_cohort(root / "LA", given, root / "store", options).to_json()


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["check", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        return 1, str(result.exception)
    return result.exit_code, result.output


def reasons(rows: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    return {row["reason"].split(" (")[0]: (row["legs"]["L"], row["legs"]["R"]) for row in rows}


@pytest.fixture(scope="module")
def trapped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulated cohort with every trap switched on."""
    root = tmp_path_factory.mktemp("trapped")
    simulate_cohort(root / "all", SimulationOptions(traps="all"))
    return root / "all"


def test_every_trap_is_seen_for_what_it_is(trapped: Path) -> None:
    pd = pytest.importorskip("pandas")
    truth = pd.read_csv(trapped / "truth.csv", keep_default_na=False).drop_duplicates("video_id")
    videos = {row.video_id: set(row.traps.split(";")) for row in truth.itertuples()}
    summary = check(trapped)
    # What lies beside the frames of a video in another layout is not looked at.
    read = [traps for traps in videos.values() if "body25b_layout" not in traps]
    count = {
        trap: sum(trap in traps for traps in read)
        for trap in ("upper_body_only", "label_without_video", "unlabelled_video", "stale_tail",
                     "truncated_json", "empty_file", "extra_points")
    }  # fmt: skip
    assert all(count.values())
    unusable = reasons(summary["unusable"])
    wrong_layout = unusable["the joints are not those of the layout"]
    assert wrong_layout == (len(videos) - len(read),) * 2 != (0, 0)
    upper = unusable["only the upper body was filmed, no leg is seen"]
    assert upper == (count["upper_body_only"],) * 2
    missing = unusable["no folder with keypoints for this row"]
    assert missing == (count["label_without_video"],) * 2
    assert len(unusable) == 3
    assert summary["folders_without_row"] == count["unlabelled_video"]
    tails = reasons(summary["warnings"])["the end was cut off: it shows somebody else"]
    assert tails == (count["stale_tail"],) * 2
    files = {row["problem"]: len(row["places"]) for row in summary["files"]}
    assert files["truncated or damaged JSON files"] == count["truncated_json"]
    assert files["empty files"] == count["empty_file"]
    assert files["people with another number of points"] == count["extra_points"]
    assert summary["patients"] == 29
    assert len(summary["merged_patients"]) == 3


def test_the_screen_of_the_trapped_cohort_fits_one_page(trapped: Path, tmp_path: Path) -> None:
    code, text = run(
        trapped / "LA", "--labels", trapped / "labels.xls", "--store", tmp_path / "s",
        "--json", tmp_path / "c.json",
    )  # fmt: skip
    assert code == 0
    assert len(text.splitlines()) < 60
    for words in ("cannot be scored", "layout=body_25b", "29 patients", "one patient each"):
        assert words in text
    summary = json.loads((tmp_path / "c.json").read_text())
    assert summary["legs"]["L"]["usable"] > 40


def test_the_page_names_the_data_and_the_options_and_shows_each_video(tmp_path: Path) -> None:
    write_clinic(
        tmp_path, [("TG1_5550001_20220101_LA_1", 1, 2), ("TG2_5550002_20220101_LA_1", 0, 0)], 40
    )
    (tmp_path / "LA" / "empty").mkdir()
    (tmp_path / "LA" / "empty" / "a_000000000000_keypoints.json").write_text("")
    code, _ = run(
        tmp_path / "LA", "--labels", tmp_path / "labels.xls", "--store", tmp_path / "s",
        "--html", tmp_path / "c.html", "recordings.quality.min_seconds=1",
    )  # fmt: skip
    assert code == 0
    page = (tmp_path / "c.html").read_text()
    assert f"{tmp_path.name}/LA with labels.xls" in page
    assert str(datetime.now().year) in page
    assert re.findall(r"<code>(.*?)</code>", page) == ["recordings.quality.min_seconds=1.0"]
    pictures = [
        cv2.imdecode(np.frombuffer(base64.b64decode(found), np.uint8), cv2.IMREAD_COLOR)
        for found in re.findall(r"data:image/png;base64,([^\"]+)", page)
    ]
    assert len(pictures) == 2
    for picture in pictures:
        assert (picture[..., 2] > 200).any()  # the right leg is red
        assert (picture[..., 1] > 200).any()  # the left one green
    assert page.count("no picture") == 1
    for place in ("row-2", "row-3", "folder-3-of-3-by-name"):
        assert f'id="{place}"' in page
        assert f'href="#{place}"' in page
    assert "<script" not in page


def test_legs_that_would_get_no_score_are_counted_as_to_be_looked_at(tmp_path: Path) -> None:
    write_clinic(tmp_path, [("TG1_5550001_20220101_LA_1", 1, 2)], 120)
    summary = check(tmp_path)  # the right leg taps, the left one rests
    assert reasons(summary["warnings"]) == {
        "the leg does not do the task: no tap was found": (1, 0)
    }
    counts = {leg: (one["usable"], one["warning"]) for leg, one in summary["legs"].items()}
    assert counts == {"L": (0, 1), "R": (1, 0)}


@pytest.mark.skipif(not SAMPLES.exists(), reason="the real samples are not here")
def test_the_real_samples_get_their_verdicts(tmp_path: Path) -> None:
    summary = check_cohort(SAMPLES, None, tmp_path / "s", IntakeOptions()).to_json()
    assert reasons(summary["unusable"]) == {
        "the joints are not those of the layout": (1, 1),
        "only the upper body was filmed, no leg is seen": (1, 1),
    }
    code, text = run(SAMPLES, "--store", tmp_path / "s")
    assert code == 1
    assert "recordings.openpose.layout=body_25b" in text
    code, text = run(
        SAMPLES, "recordings.openpose.layout=body_25b", "recordings.openpose.frame_size=auto",
        "--store", tmp_path / "s",
    )  # fmt: skip
    assert code == 0
    assert "two people could be the patient" in text


def test_an_empty_folder_is_one_line(tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    code, text = run(videos, "--store", tmp_path / "s")
    assert code == 1
    assert "the folder is empty" in text
    assert len(text.strip().splitlines()) == 1


def test_a_folder_of_random_files_says_what_was_expected(tmp_path: Path) -> None:
    videos = tmp_path / "LA"
    (videos / "pkg").mkdir(parents=True)
    (videos / "pkg" / "package.json").write_text('{"name": "x"}')
    (videos / "noise").mkdir()
    (videos / "noise" / "a_0001.json").write_bytes(bytes(range(256)) * 9)
    (videos / "x.json").mkdir()
    (videos / "letter.txt").write_text("hello")
    (videos / "loop").symlink_to(videos)
    summary = check(tmp_path)
    assert summary["legs"]["L"]["unusable"] == summary["folders"] == 2
    assert set(reasons(summary["unusable"])) == {
        "this is no pose file that pdla knows", "the file is truncated or damaged",
    }  # fmt: skip
    code, text = run(videos, "--store", tmp_path / "s")
    assert code == 1
    assert "Nothing here can be scored yet" in text


def test_several_raters_show_their_agreement(tmp_path: Path) -> None:
    ids = [f"TG{n}_555000{n}_20220101_LA_1" for n in range(1, 5)]
    write_clinic(tmp_path, [(i, 1, 1) for i in ids], n_frames=100)
    rows = [("video", "left rater 1", "left rater 2", "right")]
    rows += [(i, n, n, 1) for n, i in enumerate(ids)]
    write_sheet(tmp_path / "labels.xls", rows)
    agreement = check(tmp_path)["agreement"]
    assert agreement["L"]["kappa"] == pytest.approx(1)
    assert "R" not in agreement
    assert "weighted kappa 1.00" in run(
        tmp_path / "LA", "--labels", tmp_path / "labels.xls", "--store", tmp_path / "store"
    )[1]  # fmt: skip


def test_text_of_users_is_neither_markup_nor_html(tmp_path: Path) -> None:
    bad = "[bold]<script>alert(1)</script>"
    rows = [("video", "left", "right", "group"), ("TG1_5550001_20220101_LA_1", 1, 1, bad)]
    write_video(tmp_path / "LA" / "TG1_5550001_20220101_LA_1", seated(120))
    write_sheet(tmp_path / "labels.xls", rows)
    options = read_options(None, [])
    intake = read_intake(tmp_path / "LA", tmp_path / "labels.xls", tmp_path / "store", options)
    write_html(judge_intake(intake), intake, options, bad, tmp_path / "c.html")
    page = (tmp_path / "c.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_leg_is_told_apart_from_the_other(tmp_path: Path) -> None:
    write_clinic(
        tmp_path, [("TG1_5550001_20220101_LA_1", 9, 1), ("CG1_5550002_20220101_LA_1", 0, 0)]
    )
    summary = check(tmp_path)
    assert reasons(summary["unusable"]) == {"the score is off the scale 0-4": (1, 0)}
    assert summary["unusable"][0]["places"] == ["row 2 left: 9"]
    first = summary["videos"][0]["legs"]
    assert (first["L"]["verdict"], first["R"]["verdict"]) == ("unusable", "usable")


def test_wrong_options_are_one_line(tmp_path: Path) -> None:
    for option, words in (
        ("recordings.openpose.fps=0", "expected 1 to 1000"),
        ("openpose.fsp=3", "no such option"),
        ("recordings.openpose=[", "recordings.openpose"),
    ):
        code, text = run(tmp_path, option)
        assert code == 1
        assert words in text
    with pytest.raises(ValueError, match="nowhere"):
        read_options(None, ["recordings.nowhere=1"])


def test_a_recordings_file_can_be_given(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("defaults: [clinic]\nname: mine\nopenpose:\n  fps: 25\n")
    assert read_options(path, ["openpose.max_gap_s=0.1"]).openpose.fps == 25
    with pytest.raises(FileNotFoundError):
        read_options(tmp_path / "no.yaml", [])


def test_the_printed_command_reads_the_same_cohort_the_same_way(tmp_path: Path) -> None:
    root = tmp_path / "our videos (2022) 病人 'a'"
    write_clinic(root, [("A01_77_", 1, 1), ("B02_78_", 0, 0)])
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "defaults: [clinic]\nname: mine\nsheet:\n  left: [mds_updrs_left]\nfolders:\n  prefix: CV\n"
        "quality: {min_seconds: 1.5}\nworkers: 1\n"
    )
    overrides = [
        r"patients.pattern=^(?P<group>[A-Z]+)(?P<code>\d{2})_(?P<number>\d{1,4})_",
        "recordings.sheet.tab=auto", "folders.suffix='Json'", "openpose.frame_size=[960,540]",
    ]  # fmt: skip
    code, text = run(
        root / "LA", "--labels", root / "labels.xls", "--store", tmp_path / "a b", "--config", mine,
        *overrides,
    )  # fmt: skip
    assert code == 0
    arguments = shlex.split(text.strip().splitlines()[-1])
    assert arguments[:2] == ["python", "train.py"]
    recordings = compose_config(*arguments[2:])["recordings"]
    assert recordings["videos"] == str(root / "LA")
    assert recordings["labels"] == str(root / "labels.xls")
    assert recordings["store"] == str(tmp_path / "a b")
    assert IntakeOptions.from_config(recordings) == read_options(mine, overrides)
