"""A run whose files were damaged is one line with the path of the file."""

import json

import pytest
import yaml

from pdla.report.analysis import analyse
from pdla.report.checklist import make_checklist
from pdla.report.study import read_study
from pdla.report.study_run import read_run
from pdla.runs.folder import CONFIG, LEGS_FOLDER, PREDICTIONS, RESULT, SPLIT
from tests.fixtures.studies import make_study


@pytest.fixture
def run(tmp_path):
    return next(make_study(tmp_path / "study", ["r3d"], ["L"], n_folds=2).glob("r3d*"))


@pytest.mark.parametrize("name", [RESULT, PREDICTIONS, CONFIG])
def test_bytes_that_are_no_text_are_named_with_the_file(run, name):
    (run / name).write_bytes((run / name).read_bytes() + b"\xa0")
    with pytest.raises(ValueError, match=rf"{name}: damaged"):
        read_run(run)


def test_a_table_of_legs_that_is_no_table_is_named(run):
    (table,) = (run.parent / LEGS_FOLDER).glob("*.csv")
    for content in (b"", b"video_id,score\na,1\nb,1,2,3\n", b"video_id\n\xa0\n"):
        table.write_bytes(content)
        with pytest.raises(ValueError, match=rf"{table.name}: not a table of legs"):
            read_run(run)


@pytest.mark.parametrize("key", ["model", "data", "evaluation", "seed", "sampling"])
def test_a_config_without_what_every_run_has_is_damaged(run, key):
    config = yaml.safe_load((run / CONFIG).read_text())
    del config[key]
    (run / CONFIG).write_text(yaml.safe_dump(config))
    with pytest.raises(ValueError, match=rf"config\.yaml: damaged \({key} is missing\)"):
        read_run(run)


def test_a_part_of_the_evaluation_that_is_gone_is_named(run):
    config = yaml.safe_load((run / CONFIG).read_text())
    del config["evaluation"]["clips"]
    (run / CONFIG).write_text(yaml.safe_dump(config))
    with pytest.raises(ValueError, match=r"damaged \(evaluation\.clips is missing\)"):
        read_run(run)


def test_a_fold_that_tests_nobody_is_damaged(run):
    record = json.loads((run / SPLIT).read_text())
    for fold in record["folds"]:
        fold["test"] = []
    (run / SPLIT).write_text(json.dumps(record))
    with pytest.raises(ValueError, match=r"split\.json: fold \d tests no L leg"):
        read_run(run)


def test_options_of_the_intake_that_cannot_be_are_named_with_the_config(run):
    config = yaml.safe_load((run / CONFIG).read_text())
    config["recordings"] |= {"quality": {"min_leg": 0.5}, "openpose": {"max_gap_s": [1]}}
    (run / CONFIG).write_text(yaml.safe_dump(config))
    study = read_study(run.parent)
    with pytest.raises(ValueError, match=r"config\.yaml: .*max_gap_s"):
        make_checklist(analyse(study), {})


def test_a_section_that_holds_no_options_is_damaged(run):
    config = yaml.safe_load((run / CONFIG).read_text())
    (run / CONFIG).write_text(yaml.safe_dump({**config, "trainer": 7}))
    with pytest.raises(ValueError, match=r"trainer holds int, expected options"):
        read_run(run)
