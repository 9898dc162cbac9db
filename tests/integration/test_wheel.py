"""The wheel works outside of a checkout: conf/ and the entry point are in it, nothing local is."""

import os
import subprocess
import sys
import zipfile

import pytest

from tests.fixtures.places import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    pytest.importorskip("hatchling")
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = out.glob("*.whl")
    return path


@pytest.mark.slow
def test_the_wheel_has_the_configuration_and_no_local_file(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    packaged = {name.removeprefix("pdla/conf/") for name in names if name.startswith("pdla/conf/")}
    files = {path.relative_to(ROOT / "conf").as_posix() for path in (ROOT / "conf").rglob("*.yaml")}
    assert packaged == {name for name in files if not name.startswith("local/")}
    assert not [name for name in names if name.startswith(("tests/", "train.py"))]
    assert "pdla/report/templates/report.html" in names


@pytest.mark.slow
def test_it_trains_and_reports_in_an_empty_folder(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    for command in (
        ["train", "model=kinematic", "recordings.simulate.videos=16", "split.n_folds=3",
         "split.n_val_folds=2", "review.pictures=false"],
        ["report", "runs/first"],
    ):  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "pdla", *command],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "runs" / "first" / "report.html").exists()
