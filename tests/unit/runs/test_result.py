"""result.json goes to a type and back; what cannot be read is one line with path and key."""

import json
import math
from pathlib import Path

import pytest

from pdla.data.intake.agreement import Agreement
from pdla.runs.folder import read_result
from pdla.runs.result import SCHEMA_VERSION, ExternalRecord, RunResult
from tests.fixtures.places import STUDY_VERSION_1
from tests.fixtures.studies import make_result

PATH = Path("runs/s/run/result.json")


def test_a_result_comes_back_as_it_was_written():
    result = make_result(
        agreement={"L": Agreement(2, 40, 0.61, None)},
        external=ExternalRecord("r3d-R-fold0-seed0", "videos", "e" * 64),
    )
    back = RunResult.from_json(result.to_json(), PATH)
    assert math.isnan(back.metrics["test"].pop("spearman"))
    assert math.isnan(result.metrics["test"].pop("spearman"))
    assert back == result


def test_an_undefined_metric_is_null_in_the_file():
    content = json.loads(make_result().to_json())
    assert content["metrics"]["test"]["spearman"] is None
    assert content["schema_version"] == SCHEMA_VERSION


def test_a_file_without_a_version_is_read_as_version_1():
    result = read_result(STUDY_VERSION_1 / "kinematic-R-fold1-seed0")
    assert (result.split.fold, result.legs, result.external) == (1, ("R",), None)
    assert math.isnan(result.metrics["test"]["auroc_3"])
    content = json.loads(result.to_json())
    content["external"] = {"from": "tcn", "videos": "v", "data_hash": "d"}
    content["agreement"] = {"R": {"raters": 2, "legs": 9, "qwk": None, "icc": 0.5}}
    del content["schema_version"]
    older = RunResult.from_json(json.dumps(content), PATH)
    assert older.external == ExternalRecord("tcn", "v", "d")
    assert older.agreement == {"R": Agreement(2, 9, None, 0.5)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": "0"}, "seed: Input should be a valid integer"),
        ({"leg": "X"}, "leg: Input should be 'L', 'R' or 'both'"),
        ({"split": {"rule": "x", "hash": "h", "fold": -1, "is_tuning": False}}, "split.fold: "),
        ({"metrics": {"test": {"qwk": "good"}}}, "metrics.test.qwk: "),
        ({"score_counts": {"test": [1, 2]}}, r"score_counts.test.2: Field required"),
        ({"schema_version": 99}, "schema_version 99, this pdla reads 1 to 2"),
        ({"schema_version": True}, "schema_version True"),
        ({"flow": None}, "flow: "),
    ],
)
def test_a_wrong_value_is_one_line_with_path_and_key(change, message):
    content = json.loads(make_result().to_json()) | change
    with pytest.raises(ValueError, match=message) as error:
        RunResult.from_json(json.dumps(content), PATH)
    assert str(error.value).startswith(f"{PATH}: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", '"text"', "{}"])
def test_what_is_no_result_is_one_line(text):
    with pytest.raises(ValueError, match=r"result\.json: ") as error:
        RunResult.from_json(text, PATH)
    assert "\n" not in str(error.value)
