"""A path that cannot be used ends a command with one line that names it."""

import errno
from pathlib import Path

import pytest

from pdla import cli
from pdla.data.files import path_and_reason, write_text
from tests.fixtures.clinics import write_clinic


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("place")
    write_clinic(root, [("TG1_5550001_20220101_LA_1", 1, 1)], 10)
    (root / "file").write_text("x")
    (root / "binary.yaml").write_bytes(b"\xff\x00\x01")
    (root / "dir").mkdir()
    return root


@pytest.mark.parametrize(
    ("command", "path", "words"),
    [
        ("check file", "file", "no pose file"),
        ("check missing", "missing", "no such folder"),
        ("check LA --labels missing.csv", "missing.csv", "no such file"),
        ("check LA --labels dir", "dir", "is a folder"),
        ("check LA --config missing.yaml", "missing.yaml", "no such file"),
        ("check LA --config dir", "dir", "is a folder"),
        ("check LA --config binary.yaml", "binary.yaml", "is no text"),
        ("check LA --html dir", "dir", "is a folder"),
        ("check LA --json no/such/x.json", "no/such/x.json", "create it"),
        ("check LA --names file/x.csv", "file", "no folder"),
        ("check LA recordings.patients.mapping=dir", "dir", "is a folder"),
        ("check LA recordings.formats=missing.csv", "missing.csv", "no such file"),
        ("kinematics LA --out dir", "dir", "is a folder"),
        ("kinematics LA --out k.csv", "LA", "no leg can be measured"),
        ("draw file --out x.png", "file", "damaged"),
        ("draw missing --out x.png", "missing", "no such file or folder"),
        ("draw LA --out x.png --config missing.yaml", "missing.yaml", "no such file"),
        ("simulate file/x", "file", "is a file"),
        ("report file", "file", "no such folder"),
    ],
)
def test_one_line_names_the_path_and_what_is_wrong(
    place: Path, command: str, path: str, words: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(place)
    monkeypatch.setattr("sys.argv", ["pdla", *command.split()])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().err.strip()
    assert ended.value.code == 1
    assert said.count("\n") == 0
    assert path in said
    assert words in said
    assert "Errno" not in said
    assert ".part" not in said


def test_an_error_of_the_system_names_what_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="such") as caught:
        write_text(tmp_path / "no" / "such.txt", "x")
    assert path_and_reason(caught.value) == f"{tmp_path / 'no'}: no such file or folder"
    (tmp_path / "d").mkdir()
    with pytest.raises(OSError, match="d") as caught:
        write_text(tmp_path / "d", "x")
    assert path_and_reason(caught.value) == f"{tmp_path / 'd'}: is a folder; give a file"
    assert "full" in path_and_reason(OSError(errno.ENOSPC, "No space left on device", "x"))
    assert path_and_reason(OSError("a line of our own")) == "a line of our own"
