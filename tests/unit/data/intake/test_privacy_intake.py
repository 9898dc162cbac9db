import logging
import pickle
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pdla.cli import app
from pdla.data.intake import IntakeOptions, read_cohort
from tests.fixtures.clinics import HEADER, seated, write_sheet, write_video

# Everything in these ids is recognisable, so that a search can find it.
ROWS = [
    ("TG61_7654321_20211128_LA_1", 1, 1, "Mrs Lovelace"),
    ("TG62_7654321_20220122_LA_2", 2, 7654322, "Mr Babbage"),
    ("TG63_7654323_2022428_LA_1", 9, 1.5, ""),
    ("TG63_7654323_2022428_LA_1", 1, 1, ""),
    ("CG64_7654324_20220201_LA_1", "X", "X", ""),
    ("CG65_7654325_20220202_LA_1", 0, 0, "no folder"),
    ("TG66 7654326 20220303", 0, 0, "another pattern"),
    ("TG67_7654327_20220404_LA_1", 1, 1, "broken"),
    (7654328.0, 1, 1, "a bare number"),
]
SECRETS = [
    *(f"765432{digit}" for digit in range(1, 10)), "20211128", "20220122", "2022428", "20220201",
    "20220202", "20220303", "20220404", "TG61", "TG62", "TG63", "CG64", "CG65", "TG66", "TG67",
    "Lovelace", "Babbage", "LA_1",
]  # fmt: skip


@pytest.fixture
def clinic(tmp_path: Path) -> Path:
    videos = tmp_path / "LA"
    for number, (video_id, *_) in enumerate(ROWS):
        if "CG65" not in str(video_id):
            name = str(video_id).removesuffix(".0")
            write_video(videos / f"CV{name}Json", seated(100, (number, 0)), name=name)
    for frame in (videos / "CVTG67_7654327_20220404_LA_1Json").iterdir():
        frame.write_bytes(b"{")
    write_video(videos / "CVTG68_7654329_20220505_LA_1Json", seated(100), name="7654329")
    (videos / "CVCG65_7654325_20220220_LA_1Json").mkdir()
    near = videos / "CVCG65_7654325_20220203_LA_1Json"
    write_video(near, seated(100), name="CG65_7654325")
    write_sheet(tmp_path / "labels.xls", [HEADER, *ROWS])
    return tmp_path


def assert_clean(text: str, what: str) -> None:
    found = [secret for secret in SECRETS if secret in text]
    assert not found, f"{what}: {found}"


def test_no_output_of_the_check_holds_an_id_number_code_date_or_name(
    clinic: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = clinic / "out"
    out.mkdir()
    with caplog.at_level(logging.DEBUG):
        result = CliRunner().invoke(
            app,
            ["check", str(clinic / "LA"), "--labels", str(clinic / "labels.xls"),
             "--store", str(out / "store"), "--json", str(out / "c.json"),
             "--html", str(out / "c.html")],
        )  # fmt: skip
    assert result.exit_code == 0
    assert "row 3" in result.output
    assert_clean(result.output, "screen")
    assert_clean(caplog.text, "log")
    written = [path for path in out.rglob("*") if path.is_file()]
    assert {path.suffix for path in written} >= {".npy", ".json", ".html", ".secret"}
    for path in written:
        assert_clean(str(path.relative_to(out)), "file name")
        assert_clean(path.read_bytes().decode("latin-1"), path.name)


def test_the_cohort_holds_pseudonyms_only(clinic: Path) -> None:
    cohort = read_cohort(
        clinic / "LA", clinic / "labels.xls", clinic / "store", IntakeOptions()
    )  # fmt: skip
    assert cohort.samples
    assert len(cohort.exclusions) >= 5
    assert_clean(repr(cohort), "repr")
    assert_clean(pickle.dumps(cohort).decode("latin-1"), "pickle")


def test_whole_input_errors_name_no_cell(clinic: Path) -> None:
    headless = clinic / "headless.csv"
    headless.write_text("TG61_7654321_20211128_LA_1,1,1,Mrs\nTG61_7654321_20211129_LA_1,1,1,Mrs\n")
    with pytest.raises(ValueError, match="no header") as error:
        read_cohort(clinic / "LA", headless, clinic / "store", IntakeOptions())
    assert_clean(str(error.value).replace(str(clinic), ""), "error")


def test_the_same_patient_has_another_pseudonym_in_another_lab(clinic: Path) -> None:
    names = []
    for lab in ("one", "two"):
        cohort = read_cohort(
            clinic / "LA", clinic / "labels.xls", clinic / lab / "store", IntakeOptions()
        )
        names.append({sample.patient for sample in cohort.samples})
    assert not names[0] & names[1]
