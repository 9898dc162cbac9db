"""A table beside the sheet says frame rate and size of each video of a mixed cohort."""

import logging
from pathlib import Path

import pytest

from pdla.data.intake import IntakeOptions, read_cohort
from pdla.data.intake.video_formats import read_formats
from tests.fixtures.clinics import seated, write_video

IDS = ("TG1_5550001_20220101_LA_1", "TG2_5550002_20220101_LA_1", "TG3_5550003_20220101_LA_1")


@pytest.fixture
def clinic(tmp_path: Path) -> Path:
    for number, clinic_id in enumerate(IDS):
        write_video(tmp_path / "LA" / f"CV{clinic_id}Json", seated(240, shift=(60 * number, 0)))
    lines = ["VideoId,left,right,fps", f"{IDS[0]},1,1,25", f"{IDS[1]},1,1,25", f"{IDS[2]},1,1,"]
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    return tmp_path


def test_the_table_wins_over_the_sheet_and_the_options(clinic: Path) -> None:
    table = clinic / "formats.csv"
    table.write_text(f"Video;FPS;Width;Height\n{IDS[0]};59,94;;\nCV{IDS[2]}Json;;1080;1920\n")
    options = IntakeOptions(formats=str(table))
    samples = read_cohort(clinic / "LA", clinic / "labels.csv", clinic / "s", options).samples
    assert [(one.recording.fps, one.recording.frame_size) for one in samples[::2]] == [
        (59.94, (960, 540)), (25.0, (960, 540)), (30.0, (1920, 1080)),
    ]  # fmt: skip


def test_videos_of_the_table_that_are_not_there_are_counted(
    clinic: Path, caplog: pytest.LogCaptureFixture
) -> None:
    table = clinic / "formats.csv"
    table.write_text(f"video,fps\n{IDS[0]},60\nTG9_5550009_20220101_LA_1,60\n")
    with caplog.at_level(logging.WARNING):
        read_cohort(clinic / "LA", None, clinic / "s", IntakeOptions(formats=str(table)))
    assert "1 of its 2 videos are neither" in caplog.text
    assert "5550009" not in caplog.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clip,fps\na,30", "expected the columns video, fps, width, height"),
        ("video,note\na,30", "expected the columns video, fps, width, height"),
        ("video,fps\na,30\nb,0", "row 3: fps 0, .* cannot be those of a video"),
        ("video,width,height\na,-1,5", "row 2: .* cannot be those of a video"),
        ("video,fps\na,fast", "row 2: fps fast"),
        ("video,fps\na,30\nA,25", "row 3: contradicts an earlier row"),
    ],
)
def test_a_table_that_cannot_be_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "formats.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_formats(path, str.casefold)
