import stat
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from pdla.cli import app
from tests.fixtures.clinics import write_clinic

SCORES = [("TG1_5550001_20220101_LA_1", 1, 1), ("TG2_5550002_20220101_LA_1", 0, 0)]


def check(root: Path, names: Path) -> object:
    arguments = ["check", root / "LA", "--labels", root / "labels.xls", "--store", root / "s"]
    return CliRunner().invoke(app, [*map(str, arguments), "--names", str(names)])


def test_who_is_who_is_written_for_the_owner_alone(tmp_path: Path) -> None:
    write_clinic(tmp_path, SCORES)
    path = tmp_path / "private" / "names.csv"
    assert check(tmp_path, path).exit_code == 0
    table = pd.read_csv(path)
    assert table["clinic_id"].tolist() == [row[0] for row in SCORES]
    assert table["video_id"].str.startswith("V-").all()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("folder", ["runs/ours", "study"])
def test_who_is_who_is_never_written_among_runs(tmp_path: Path, folder: str) -> None:
    write_clinic(tmp_path, SCORES)
    (tmp_path / "study" / "run").mkdir(parents=True)
    (tmp_path / "study" / "run" / "result.json").write_text("{}")
    result = check(tmp_path, tmp_path / folder / "names.csv")
    assert "holds runs" in str(result.exception)
    assert not list(tmp_path.rglob("names.csv"))
