import zipfile
from pathlib import Path

import pytest
import xlwt

from pdla.data.intake import IntakeOptions, read_cohort, read_intake
from pdla.data.intake.labels import LabelSheet, SheetOptions, read_labels
from pdla.data.intake.sheets import read_sheets
from pdla.data.reasons import Reason
from pdla.data.recordings import Condition
from tests.fixtures.clinics import seated, write_ods, write_sheet, write_video, write_xlsx


def read_csv(root: Path, text: str, **options: object) -> LabelSheet:
    path = root / "labels.csv"
    path.write_text(text)
    return read_labels(path, SheetOptions(**options))


def scores(sheet: LabelSheet) -> list[tuple[int | None, int | None]]:
    return [(row.scores["L"], row.scores["R"]) for row in sheet.rows]


@pytest.mark.parametrize("title", ["Leg agility", "Leg agility, visits of 2022, room 3", ""])
def test_a_title_above_the_header_does_not_tell_the_delimiter(tmp_path: Path, title: str) -> None:
    sheet = read_csv(tmp_path, f"{title}\nvideo;left;right\na;1,0;2,0\nb;0,0;3,0\nc;X;2\n")
    assert scores(sheet) == [(1, 2), (0, 3), (None, 2)]


WRITERS = {"xlsx": write_xlsx, "xls": write_sheet, "ods": write_ods}


@pytest.mark.parametrize("kind", WRITERS)
def test_a_formula_that_was_never_calculated_is_no_unrated_leg(tmp_path: Path, kind: str) -> None:
    path = WRITERS[kind](
        tmp_path / f"l.{kind}",
        [("video", "left", "right"), ("a", "=ROUND(1,0)", 2), ("b", 1, "X")],
    )
    sheet = read_labels(path, SheetOptions())
    assert scores(sheet) == [(None, 2), (1, None)]
    assert sheet.rows[0].problems["L"].reason is Reason.FORMULA_WITHOUT_VALUE
    assert "R" not in sheet.rows[1].problems


@pytest.mark.parametrize("kind", WRITERS)
def test_a_patient_that_is_a_formula_without_a_value_leaves_the_row_out(
    tmp_path: Path, kind: str
) -> None:
    rows = [("video", "patient", "left", "right"), ("a", "=ROUND(1,0)", 2, 2), ("b", "p", 1, 1)]
    sheet = read_labels(WRITERS[kind](tmp_path / f"l.{kind}", rows), SheetOptions())
    assert [row.clinic_id for row in sheet.rows] == ["b"]
    assert [(one.row, one.reason) for one in sheet.problems] == [(2, Reason.CELL_WITHOUT_VALUE)]


def test_a_zero_that_is_to_be_calculated_on_opening_is_no_score(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "l.xlsx", [("video", "left", "right"), ("a", "=ROUND(1,0)", 0)])
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    cells = parts["xl/worksheets/sheet1.xml"].replace(b"<v/>", b"<v>0</v>")
    for is_due, expected in ((True, (None, 0)), (False, (0, 0))):
        calculation = b'<calcPr fullCalcOnLoad="1"/></workbook>' if is_due else b"</workbook>"
        workbook = parts["xl/workbook.xml"].replace(b"</workbook>", calculation)
        with zipfile.ZipFile(path, "w") as book:
            for name, part in parts.items():
                changed = {"xl/worksheets/sheet1.xml": cells, "xl/workbook.xml": workbook}
                book.writestr(name, changed.get(name, part))
        assert scores(read_labels(path, SheetOptions())) == [expected]


def test_a_second_tab_with_the_same_columns_is_told(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    for name in ("Rater A", "Rater B"):
        tab = book.add_sheet(name)
        for row, cells in enumerate([("video", "left", "right"), ("a", 1, 2)]):
            for column, cell in enumerate(cells):
                tab.write(row, column, cell)
    book.add_sheet("legend").write(0, 0, "video: id")
    book.save(str(tmp_path / "l.xls"))
    told = read_labels(tmp_path / "l.xls", SheetOptions()).problems
    assert [(one.reason, one.place, one.detail) for one in told] == [
        (Reason.OTHER_TAB, "the sheet", "Rater B")
    ]
    assert not read_labels(tmp_path / "l.xls", SheetOptions(tab="Rater B")).problems


@pytest.mark.parametrize("cell", ["1.0000000000", "1.00000000000000022", "0.9999999999999999"])
def test_computed_whole_scores_are_whole(tmp_path: Path, cell: str) -> None:
    assert scores(read_csv(tmp_path, f"video,left,right\na,{cell},1\n")) == [(1, 1)]


def test_a_mean_with_many_decimals_lies_between_points(tmp_path: Path) -> None:
    sheet = read_csv(tmp_path, "video,left,right\na,1.3333333333333333,1\n")
    assert sheet.rows[0].problems["L"].reason is Reason.SCORE_BETWEEN_POINTS


@pytest.mark.parametrize(
    "header", ["Video,Side,Score", "Datei,Bein,Bewertung", "clip,Hand Condition,MDS-UPDRS 3.8"]
)
def test_one_row_a_leg_is_one_row_a_video(tmp_path: Path, header: str) -> None:
    sheet = read_csv(tmp_path, f"{header}\na,L,0\na,right,1\nb,R,2\nc,both,2\n")
    assert scores(sheet) == [(0, 1), (None, 2)]
    assert [(one.row, one.reason) for one in sheet.problems] == [(5, Reason.UNKNOWN_SIDE)]
    assert sheet.n_rows == 3


def test_one_row_a_leg_names_the_contradicted_leg(tmp_path: Path) -> None:
    sheet = read_csv(tmp_path, "video,side,score\na,L,0\na,R,1\na,R,2\n")
    assert scores(sheet) == [(0, None)]
    assert set(sheet.rows[0].problems) == {"R"}


def test_rows_of_several_raters_are_joined(tmp_path: Path) -> None:
    text = "video,rater,left,right\na,Ann,1,2\na,Bob,2,2\n"
    sheet = read_csv(tmp_path, text, round="half_up")
    assert scores(sheet) == [(2, 2)]
    assert sheet.rows[0].raters == {"L": (1.0, 2.0), "R": (2.0, 2.0)}
    assert sheet.rows[0].condition.rater == ""


def test_the_names_of_ppmi_are_known(tmp_path: Path) -> None:
    sheet = read_csv(
        tmp_path, "PATNO,EVENT_ID,PDSTATE,video,NP3LGAGR,NP3LGAGL\n3001,V04,ON,a,2,1\n"
    )
    assert scores(sheet) == [(1, 2)]
    assert sheet.rows[0].patient == "3001"
    assert sheet.rows[0].condition == Condition(medication="on", visit="V04")


def test_a_header_of_two_lines_with_merged_cells_is_read(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    tab = book.add_sheet("S")
    tab.write_merge(0, 0, 0, 2, "Study 7")
    tab.write_merge(1, 2, 0, 0, "Video")
    tab.write_merge(1, 1, 1, 2, "Leg agility")
    tab.write(2, 1, "left")
    tab.write(2, 2, "right")
    for column, cell in enumerate(("a", 1, 2)):
        tab.write(3, column, cell)
    book.save(str(tmp_path / "l.xls"))
    sheet = read_labels(tmp_path / "l.xls", SheetOptions())
    assert scores(sheet) == [(1, 2)]
    assert sheet.rows[0].row == 4


def test_a_second_line_with_raters_belongs_to_the_header(tmp_path: Path) -> None:
    text = "Video,Left leg,,Right leg,\n,rater 1,rater 2,rater 1,rater 2\na,1,1,2,2\n"
    sheet = read_csv(tmp_path, text)
    assert sheet.rows[0].raters == {"L": (1.0, 1.0), "R": (2.0, 2.0)}
    assert not sheet.problems


def test_a_sheet_without_header_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no header: the first line is data already"):
        read_csv(tmp_path, "clip_l_1,325,0\nclip_r_1,300,2\n")


def test_states_visit_site_and_rater_are_kept_with_the_legs(tmp_path: Path) -> None:
    write_video(tmp_path / "LA" / "TG1_5550001_20220101_LA_1", seated(120))
    (tmp_path / "labels.csv").write_text(
        "video,left,right,Medication,DBS,Visit,Site,Rater\n"
        "TG1_5550001_20220101_LA_1,1,2,OFF (12 h),on,week 3,Ulm,Dr A\n"
    )
    cohort = read_cohort(tmp_path / "LA", tmp_path / "labels.csv", tmp_path / "s", IntakeOptions())
    assert {sample.condition for sample in cohort.samples} == {
        Condition("off", "on", "week 3", "Ulm", "Dr A")
    }


def test_a_state_that_is_neither_on_nor_off_is_told(tmp_path: Path) -> None:
    sheet = read_csv(tmp_path, "video,left,right,med\na,1,1,maybe\nb,1,1,\nc,1,1,0\n")
    assert [row.condition.medication for row in sheet.rows] == [None, None, "off"]
    assert [(one.row, one.reason) for one in sheet.problems] == [(2, Reason.UNKNOWN_STATE)]


def test_each_video_may_have_its_own_format(tmp_path: Path) -> None:
    ids = [f"TG{n}_555000{n}_20220101_LA_1" for n in (1, 2, 3)]
    for name in ids:
        write_video(tmp_path / "LA" / name, seated(130))
    cells = ("25,960,540", ",,", "0,960,540")
    rows = [f"{name},1,1,{cell}" for name, cell in zip(ids, cells, strict=True)]
    path = tmp_path / "labels.csv"
    path.write_text("\n".join(["video,left,right,fps,width,height", *rows]))
    cohort = read_cohort(tmp_path / "LA", path, tmp_path / "s", IntakeOptions())
    formats = [(one.recording.fps, one.recording.frame_size) for one in cohort.samples[::2]]
    assert formats == [(25, (540, 960)), (30, (960, 540))]
    assert {one.reason for one in cohort.exclusions} == {Reason.ODD_FRAME_RATE}


@pytest.mark.parametrize(
    ("folders", "ids"),
    [
        (["sub-001_la", "sub-002_la", "sub-010_la"], ["sub-1_la", "sub-2_la", "sub-10_la"]),
        (["sub-001_la", "sub-010_la"], ["sub-001_la.mp4", "clips/sub-010_la.MOV"]),
        (["3-1", "12-2"], ["2024-01-03", "2024-02-12 00:00:00"]),
        (["MAR1", "sept2"], ["2024-03-01", "2024-09-02"]),
        (["007", "070"], ["7", "70"]),
    ],
)
def test_ids_that_a_spreadsheet_program_changed_find_their_folder(
    tmp_path: Path, folders: list[str], ids: list[str]
) -> None:
    intake = match(tmp_path, folders, ids)
    assert [entry.folder.path.name for entry in intake.videos if entry.row] == folders
    assert [one.reason for one in intake.problems] == [Reason.ID_CHANGED] * len(ids)


@pytest.mark.parametrize(
    ("folders", "ids"),
    [(["sub-01", "sub-1"], ["sub-001"]), (["sub-01"], ["sub-1", "sub-001"]),
     (["1-3", "3-1"], ["2024-01-03"])],
)  # fmt: skip
def test_nothing_is_guessed_where_two_fit(
    tmp_path: Path, folders: list[str], ids: list[str]
) -> None:
    intake = match(tmp_path, folders, ids)
    assert all(entry.folder is None for entry in intake.videos if entry.row)


def test_no_suggestion_points_to_another_patient(tmp_path: Path) -> None:
    intake = match(tmp_path, ["sub-010_leg_agility", "sub-003_leg_agility_b"],
                   ["sub-011_leg_agility", "sub-03_leg_agility_c"])  # fmt: skip
    details = [entry.problem.detail for entry in intake.videos if entry.row]
    assert details == ["", "did you mean folder 1 of 2 by name?"]


def test_xls_that_two_readers_read_differently_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pdla.data.intake import sheets, workbooks

    path = write_sheet(tmp_path / "l.xls", [("video", "left", "right"), ("a", 1, 2)])
    assert [sheet.doubt for sheet in read_sheets(path)] == [""]
    content = path.read_bytes()
    wrong = [("Sheet1", [["video", "left", "right"], ["a", 2, 1]])]
    assert workbooks._find_doubts(workbooks._open_with_xlrd(content), wrong) == ["B2"]
    doubtful = workbooks.WorkbookSheet("Sheet1", wrong[0][1], "B2")
    monkeypatch.setattr(sheets, "read_workbook", lambda *_: [doubtful])
    with pytest.raises(ValueError, match=r"cell B2 differently; .* save it as \.xlsx"):
        read_labels(path, SheetOptions())


def match(root: Path, folders: list[str], ids: list[str]):
    for name in folders:
        write_video(root / "LA" / name, seated(5))
    path = root / "labels.csv"
    path.write_text("\n".join(["video,left,right", *(f"{one},1,1" for one in ids)]))
    options = IntakeOptions.from_config({"patients": {"unknown": "own_patient"}})
    return read_intake(root / "LA", path, root / "store", options)
