from collections import Counter
from pathlib import Path

import pytest

from pdla.data.intake.agreement import intraclass_correlation, measure_agreement
from pdla.data.intake.labels import LabelSheet, SheetOptions, read_labels, read_score
from pdla.data.intake.patients import PatientOptions, group_patients, identify
from pdla.data.reasons import Reason
from tests.fixtures.clinics import HEADER, write_ods, write_sheet, write_xlsx
from tests.fixtures.places import SHARED

SHARED_SHEET = SHARED / "data/labels_pseudonymised.xls"


def read_csv(tmp_path: Path, text: str, encoding: str = "utf-8", **options: object) -> LabelSheet:
    path = tmp_path / "labels.csv"
    path.write_bytes(text.encode(encoding))
    return read_labels(path, SheetOptions(**options))


def clinic_like_rows() -> list[tuple[object, ...]]:
    """Invented numbers in the structure of the clinic's sheet: 62 rows of 29 people."""
    left = [0.0] * 22 + [1.0] * 29 + [2.0] * 6 + [3.0] * 2
    right = [0.0] * 21 + [1.0] * 28 + [2.0] * 8 + [3.0] * 2
    ids = [f"CG{n}_{1000 + n}_20220101_LA_{take}" for n in range(1, 11) for take in (1, 2)]
    ids += [f"TG{n}_{2000 + n}_20220101_LA_{take}" for n in range(1, 17) for take in (1, 2)]
    ids += ["TG17_2017_2022428_LA_1", "TG18_2017_20220501_LA_1", "TG19_2017_20220601_LA_1"]
    ids += ["TG20_20_20220101_LA_1", "TG20_3020_20220201_LA_1"]
    ids += ["TG21_21_20220101_LA_1", "TG21_3021_20220201_LA_1"]
    rated = [(i, s, t, "") for i, s, t in zip(ids, left, right, strict=True)]
    unrated = [(f"CG{n}_{1000 + n}_20230101_LA_3", "X", "X", "不採用") for n in (1, 2, 3)]
    return [HEADER, *rated[:20], *unrated, *rated[20:]]


def test_a_sheet_like_the_clinics_gives_its_counts_and_patients(tmp_path: Path) -> None:
    sheet = read_labels(write_sheet(tmp_path / "l.xls", clinic_like_rows()), SheetOptions())
    assert sheet.n_rows == 62
    assert sum(row.is_rated for row in sheet.rows) == 59
    left, right = (Counter(row.scores[leg] for row in sheet.rows) for leg in ("L", "R"))
    assert left == {0: 22, 1: 29, 2: 6, 3: 2, None: 3}
    assert right == {0: 21, 1: 28, 2: 8, 3: 2, None: 3}
    people = group_patients([identify(row.clinic_id, PatientOptions()) for row in sheet.rows])
    merged = [person for person in dict.fromkeys(people) if person.is_merged]
    assert len(set(people)) == 29
    assert [(one.n_codes, one.n_numbers) for one in merged] == [(3, 1), (1, 2), (1, 2)]


@pytest.mark.skipif(not SHARED_SHEET.exists(), reason="the clinic's own sheet is not here")
def test_the_clinics_own_sheet_gives_59_rated_videos_of_29_patients() -> None:
    sheet = read_labels(SHARED_SHEET, SheetOptions())
    assert (sheet.n_rows, sum(row.is_rated for row in sheet.rows)) == (62, 59)
    left, right = (Counter(row.scores[leg] for row in sheet.rows) for leg in ("L", "R"))
    assert left == {0: 22, 1: 29, 2: 6, 3: 2, None: 3}
    assert right == {0: 21, 1: 28, 2: 8, 3: 2, None: 3}
    people = group_patients([identify(row.clinic_id, PatientOptions()) for row in sheet.rows])
    codes = [identify(row.clinic_id, PatientOptions()).code for row in sheet.rows]
    assert len(set(people)) == 29
    merged = {people[codes.index(code)] for code in ("TG6", "TG9", "TG12")}
    assert len(merged) == 1


@pytest.mark.parametrize("cell", [1, 1.0, "1", "1.0", " 1 ", "\uff11", "1,0"])
def test_a_score_is_read_from_numbers_and_text(cell: object) -> None:
    assert read_score(cell, SheetOptions()) == 1


@pytest.mark.parametrize("cell", ["X", "x", "\uff38", "-", "", None, "NA", "?", "n/a", "UR", "  "])
def test_unrated_marks_are_no_scores(cell: object) -> None:
    assert read_score(cell, SheetOptions()) is None


@pytest.mark.parametrize("cell", [5, -1, "7", "1234567", "two", True, "1 2", "nine", "1e0", "٣٣"])
def test_what_is_no_score_is_refused(cell: object) -> None:
    with pytest.raises(ValueError, match="score is"):
        read_score(cell, SheetOptions())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp950", "utf-16"])
def test_traditional_chinese_text_is_read_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    text = "影片編號,左腳,右腳,備註\nTG1_5551_20220101_LA_1,1,2,病人不採用這個影片因為沒有拍到\n"
    row = read_csv(tmp_path, text, encoding).rows[0]
    assert (row.scores["L"], row.scores["R"]) == (1, 2)
    assert row.note.startswith("病人不採用")


def test_simplified_chinese_text_is_told_from_traditional(tmp_path: Path) -> None:
    text = "视频编号;左腿;右腿;备注\nTG1_5551_20220101_LA_1;0;X;患者没有配合这个视频不能使用\n"
    row = read_csv(tmp_path, text, "gbk").rows[0]
    assert (row.scores["L"], row.scores["R"]) == (0, None)
    assert row.note.startswith("患者没有")


def test_the_same_table_is_read_from_xlsx_and_ods_and_xls(tmp_path: Path) -> None:
    rows = [("VideoId", "left", "right"), ("TG1_1234567_20220101_LA_1", 1, "X"), ("b", 0, 2)]
    expected = read_labels(write_sheet(tmp_path / "l.xls", rows), SheetOptions()).rows
    assert [row.scores for row in expected] == [{"L": 1, "R": None}, {"L": 0, "R": 2}]
    for write in (write_xlsx, write_ods):
        assert read_labels(write(tmp_path / "l", rows), SheetOptions()).rows == expected


def test_half_points_are_refused_by_row_unless_rounding_is_asked_for(tmp_path: Path) -> None:
    text = "video,left,right\na,1.5,2\n"
    refused = read_csv(tmp_path, text)
    assert refused.rows[0].scores == {"L": None, "R": 2}
    assert (refused.problems[0].row, refused.problems[0].leg) == (2, "L")
    assert refused.problems[0].reason is Reason.SCORE_BETWEEN_POINTS
    assert read_csv(tmp_path, text, round="half_up").rows[0].scores["L"] == 2
    assert read_csv(tmp_path, text, round="half_down").rows[0].scores["L"] == 1


def test_several_raters_are_kept_and_averaged(tmp_path: Path) -> None:
    text = "video,left_rater1,left_rater2,right_rater1,right_rater2\na,1,2,3,3\nb,X,1,x,x\n"
    sheet = read_csv(tmp_path, text, round="half_up")
    assert sheet.rows[0].scores == {"L": 2, "R": 3}
    assert sheet.rows[0].raters["L"] == (1.0, 2.0)
    assert sheet.rows[1].scores == {"L": 1, "R": None}


def test_doubles_are_reported_and_contradictions_lose_only_the_contradicted_leg(
    tmp_path: Path,
) -> None:
    sheet = read_csv(tmp_path, "video,left,right\na,1,1\nA ,1,1\nb,1,2\nb,1,3\n")
    assert [row.clinic_id for row in sheet.rows] == ["a", "b"]
    assert sheet.rows[1].scores == {"L": 1, "R": None}
    reasons = [(problem.row, problem.reason, problem.leg) for problem in sheet.problems]
    assert (3, Reason.ROW_TWICE, None) in reasons
    assert (4, Reason.ROWS_CONTRADICT, "R") in reasons


def test_rows_are_counted_as_the_spreadsheet_shows_them(tmp_path: Path) -> None:
    rows = [("Leg agility 2022",), (), HEADER, ("a", 1, 9, ""), (), ("b", 7, 1, "")]
    sheet = read_labels(write_sheet(tmp_path / "l.xls", rows), SheetOptions())
    assert [(p.row, p.leg, p.detail) for p in sheet.problems] == [(4, "R", "9"), (6, "L", "7")]


def test_a_patient_number_in_the_score_column_is_not_repeated(tmp_path: Path) -> None:
    sheet = read_csv(tmp_path, "video,left,right\na,1234567,1\n")
    assert "1234567" not in repr(sheet.problems)
    assert "1234567" not in repr(sheet)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "recordings.sheet.video"),
        ("video,score\n1,2\n", "recordings.sheet.left"),
        ("video,left_hand,left_foot,right\n1,1,1,1\n", "could all be left"),
        ("TG1_1234567_20220101_LA_1,1,1\n", "no header"),
    ],
)
def test_missing_columns_are_named_with_the_option_to_set(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words) as error:
        read_csv(tmp_path, text)
    assert "1234567" not in str(error.value)
    assert "\n" not in str(error.value)


def test_leg_columns_are_preferred_to_other_items(tmp_path: Path) -> None:
    text = "video,left_hand,right_hand,3.8 leg agility left,3.8 leg agility right\na,4,4,1,2\n"
    assert read_csv(tmp_path, text).rows[0].scores == {"L": 1, "R": 2}


@pytest.mark.parametrize(
    "content", [b"", b"\0\1\2", b"PK\x03\x04junk", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1x"]
)
def test_a_file_that_is_no_sheet_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "l.xls"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"l\.xls: ") as error:
        read_labels(path, SheetOptions())
    assert "\n" not in str(error.value)


def test_a_workbook_that_kills_its_reader_is_one_line(tmp_path: Path) -> None:
    path = write_sheet(tmp_path / "l.xls", [HEADER, ("TG1_1234567_20220101_LA_1", 1, 1, "")])
    content = bytearray(path.read_bytes())
    size = content.index(b"\x00\x02\x0e\x00") + 4  # the record DIMENSIONS: first and last row, ...
    content[size + 4 : size + 8] = b"\xff\xff\xff\x7f"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"l\.xls: the spreadsheet is damaged") as error:
        read_labels(path, SheetOptions())
    assert "\n" not in str(error.value)


def test_kappa_and_icc_are_those_of_the_textbook() -> None:
    # Shrout and Fleiss 1979, table 2: six targets, four judges; ICC(2,1) = 0.29.
    table = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    import numpy as np

    assert intraclass_correlation(np.array(table, dtype=float)) == pytest.approx(0.29, abs=0.005)
    same = measure_agreement([(0, 0), (1, 1), (2, 2), (3, None)])
    assert same is not None
    assert (same.n_legs, same.kappa, same.icc) == (3, pytest.approx(1), pytest.approx(1))
    assert measure_agreement([(1,), (2,), (3,)]) is None
