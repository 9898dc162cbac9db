"""`pdla init`: what it proposes from names and cells, what it writes, and what it never does."""

import re
import sys

import pytest
import yaml
from typer.testing import CliRunner

from pdla.cli import app
from pdla.commands import train
from pdla.commands.init import propose_cohort
from pdla.data.intake.patient_patterns import propose_pattern
from tests.fixtures.clinics import frame_json, seated, write_sheet

FRAME = frame_json(seated(1)[0])


def make_folders(root, names, frame=FRAME):
    """A folder with two frames for each name."""
    for name in names:
        folder = root / "LA" / name
        folder.mkdir(parents=True)
        for number in (0, 1):
            (folder / f"v_{number:012d}_keypoints.json").write_bytes(frame)
    return root / "LA"


def run(*arguments):
    result = CliRunner(env={"COLUMNS": "120"}).invoke(app, ["init", *map(str, arguments)])
    return result.exit_code, result.output + str(result.exception or "")


IDS = ["sub-01_v1", "sub-01_v2", "sub-02_v1", "sub-03_v1"]


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        (["Dateiname", "Bein links", "Bein rechts"], ("Bein links", "Bein rechts")),
        (["Fichier vidéo", "jambe gauche", "jambe droite"], ("jambe gauche", "jambe droite")),
        (["archivo", "pierna izquierda", "pierna derecha"],
         ("pierna izquierda", "pierna derecha")),
        (["影片編號", "左腳分數", "右腳分數"], ("左腳分數", "右腳分數")),
        (["视频编号", "左下肢", "右下肢"], ("左下肢", "右下肢")),
        (["video", "NP3LGAGL", "NP3LGAGR"], ("NP3LGAGL", "NP3LGAGR")),
        (["video", "MDS-UPDRS 3.8b", "MDS-UPDRS 3.8a"], ("MDS-UPDRS 3.8b", "MDS-UPDRS 3.8a")),
    ],
)  # fmt: skip
def test_headers_of_many_clinics_are_known(tmp_path, header, columns):
    videos = make_folders(tmp_path, IDS)
    sheet = write_sheet(tmp_path / "s.xls", [header, *([one, 1, 2] for one in IDS)])
    proposal, _ = propose_cohort(videos, sheet)
    assert (proposal.columns["left"], proposal.columns["right"]) == columns
    assert {entry.scores["L"] for entry in proposal.matched} == {1}
    assert len(proposal.matched) == 4
    assert proposal.n_patients == 3


def test_one_row_a_leg_and_two_raters(tmp_path):
    videos = make_folders(tmp_path, IDS)
    rows = [["video", "side", "score", "rater"]]
    rows += [[one, side, 1, rater] for one in IDS for side in "LR" for rater in ("A", "B")]
    proposal, _ = propose_cohort(videos, write_sheet(tmp_path / "s.xls", rows))
    assert proposal.n_raters == 2
    assert proposal.columns["rater"] == "rater"
    assert proposal.options["sheet"]["columns"] == {
        "side": "side", "score": "score", "rater": "rater"
    }  # fmt: skip


def test_a_column_of_ids_without_a_known_name_is_found_by_its_cells(tmp_path):
    videos = make_folders(tmp_path, [f"cam_{one}_out" for one in IDS])
    rows = [["Aufnahme", "id", "links", "rechts"]]
    rows += [[one, number, 1, 2] for number, one in enumerate(IDS)]
    proposal, _ = propose_cohort(videos, write_sheet(tmp_path / "s.xls", rows))
    assert proposal.columns["video"] == "Aufnahme"
    assert proposal.options["folders"] == {"prefix": "cam_", "suffix": "_out"}
    assert len(proposal.matched) == 4


def test_scores_in_columns_of_unknown_names_are_listed_not_guessed(tmp_path):
    videos = make_folders(tmp_path, IDS)
    rows = [["video", "one", "two"], *([one, 1, 2] for one in IDS)]
    sheet = write_sheet(tmp_path / "s.xls", rows)
    with pytest.raises(ValueError, match="columns with scores 0 to 4: 'one', 'two'"):
        propose_cohort(videos, sheet)
    given = ["recordings.sheet.left=one", "recordings.sheet.right=two"]
    assert len(propose_cohort(videos, sheet, given)[0].matched) == 4


@pytest.mark.parametrize(
    ("ids", "n_patients"),
    [
        (
            ["TG1_1234567_20220101_LA_1", "TG1_1234567_20220301_LA_1", "CG2_7654321_20220101_LA_1"],
            2,
        ),
        (["2022_sub-07_LA", "2022_sub-08_LA"], 2),
        (["Patient 7 visit 1", "patient_7 visit 2"], 1),
        (["HC01_LA", "PD01_LA", "HC01-2"], 2),
        (["1001-LA-1", "1001-LA-2", "1002-LA-1"], 2),
    ],
)
def test_usual_forms_of_ids_tell_the_patient(ids, n_patients):
    assert propose_pattern(ids).n_patients == n_patients


@pytest.mark.parametrize("ids", [["20220101_LA", "20220102_LA"], ["left leg", "again"], []])
def test_dates_and_words_are_no_patients(ids):
    assert propose_pattern(ids) is None


def test_the_size_of_the_picture_holds_all_joints(tmp_path):
    people = seated(1)[0]
    people[:, :2] += (700, -150)  # beyond 540 px
    videos = make_folders(tmp_path, IDS, frame_json(people))
    _, form = propose_cohort(videos, None)
    assert form.size == (1920, 1080)
    assert "assumed" in form.size_source


def test_nothing_is_overwritten_and_nothing_written_without_a_yes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_folders(tmp_path, IDS)
    write_sheet(tmp_path / "s.xls", [["video", "left", "right"], *([one, 1, 2] for one in IDS)])
    code, text = run("LA")
    assert code == 1
    assert "nothing was written: --yes writes the proposal" in text
    assert not (tmp_path / "conf").exists()
    assert run("LA", "--yes")[0] == 0
    own = tmp_path / "conf" / "local" / "recordings.yaml"
    own.write_text("mine")
    code, text = run("LA", "--yes")
    assert code == 1
    assert "is there already; change it, or say --force" in text
    assert own.read_text() == "mine"
    assert run("LA", "--yes", "--force")[0] == 0
    assert yaml.safe_load(own.read_text())["labels"] == "s.xls"
    assert not (tmp_path / "runs").exists()


def test_ids_never_reach_a_pipe(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ids = [f"TG{number}_90{number}1234_20220101_LA_1" for number in range(1, 8)]
    make_folders(tmp_path, [f"CV{one}Json" for one in ids])
    write_sheet(tmp_path / "s.xls", [["VideoId", "left", "right"], *([one, 1, 2] for one in ids)])
    code, text = run("LA", "--yes")
    assert code == 0
    assert "7 videos matched" in text
    assert not re.search(r"TG\d|90\d1234", text)
    written = (tmp_path / "conf/local/recordings.yaml").read_text()
    assert not re.search(r"TG\d|90\d1234", written)


def test_train_and_check_need_no_options_afterwards(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    make_folders(tmp_path, [f"x_{one}" for one in IDS])
    write_sheet(tmp_path / "s.xls", [["video", "left", "right"], *([one, 1, 2] for one in IDS)])
    assert run("LA", "--yes", "recordings.openpose.fps=25")[0] == 0

    def composed(*arguments):
        monkeypatch.setattr(sys, "argv", ["train", *arguments, "--cfg", "job"])
        train.main()
        return yaml.safe_load(capsys.readouterr().out)["recordings"]

    own = composed()
    assert (own["videos"], own["labels"], own["folders"]["prefix"]) == ("LA", "s.xls", "x_")
    assert own["openpose"]["fps"] == 25
    assert composed("recordings=simulated")["videos"] == "data/simulated/LA"
    assert composed("experiment=pretrain_simulated")["videos"] == "data/simulated_pretrain/LA"
    result = CliRunner().invoke(app, ["check"])
    assert "LA with s.xls" in result.output
    assert "4 rows, 4 of them rated; 4 folders" in result.output
