"""The guide for contributors, followed step by step in a copy of the checkout."""

import os
import re
import shutil
import subprocess
import sys

import pandas as pd
import pytest

from tests.fixtures.places import ROOT

TINY = (
    "recordings.simulate.videos=16", "trainer.max_epochs=2", "split.n_folds=3",
    "split.n_val_folds=2", "review.pictures=false", "leg=both",
)  # fmt: skip


def steps():
    """Files that the guide tells to write: path and content."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return re.findall(r'```\w+ title="([^"]+)"\n(.*?)```', text, re.DOTALL)


@pytest.mark.slow
def test_a_model_of_ones_own_is_a_file_and_a_yaml(tmp_path):
    for name in ("pdla", "conf"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "train.py", tmp_path)
    written = [path for path, _ in steps()]
    assert written == ["pdla/models/mean_pose.py", "conf/model/mean_pose.yaml"]
    for path, content in steps():
        (tmp_path / path).write_text(content, encoding="utf-8")
    command = [sys.executable, "train.py", "model=mean_pose", *TINY]
    trusted = {**os.environ, "PYTHONPATH": str(tmp_path), "PDLA_TRUST": "pdla.models.mean_pose"}
    done = subprocess.run(
        command, cwd=tmp_path, env=trusted, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (predictions,) = tmp_path.glob("runs/first/mean_pose-*/predictions.csv")
    assert pd.read_csv(predictions)["p0"].between(0, 1).all()
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--config", ROOT / "pyproject.toml",
         "pdla/models/mean_pose.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout
