"""A result names the code and the command that made it."""

import json
import re
import subprocess
from dataclasses import replace

import yaml

from pdla.runs.overview import read_overrides
from pdla.runs.result import RunResult
from pdla.training.provenance import git_commit
from tests.fixtures.places import ROOT
from tests.fixtures.studies import make_result


def test_the_commit_is_that_of_the_checkout():
    git_commit.cache_clear()
    if not (ROOT / ".git").exists():
        assert git_commit() == ""
        return
    head = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert re.fullmatch(rf"{head}(-dirty)?", git_commit())


def test_commit_and_command_are_kept_and_older_results_read_without_them(tmp_path):
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "overrides.yaml").write_text(yaml.safe_dump(["leg=R", "seed=1"]))
    result = replace(make_result(), commit="a" * 40, command=read_overrides(tmp_path))
    path = tmp_path / "result.json"
    again = RunResult.from_json(result.to_json(), path)
    assert (again.commit, again.command) == ("a" * 40, ("leg=R", "seed=1"))
    old = {key: value for key, value in yaml.safe_load(result.to_json()).items()
           if key not in ("commit", "command")}  # fmt: skip
    assert RunResult.from_json(json.dumps(old), path).command == ()
