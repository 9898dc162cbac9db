"""A run folder belongs to one config, and is finished or it is not."""

import numpy as np
import pandas as pd
import pytest
import yaml

from pdla.runs.folder import (
    LAST,
    checkpoint_path,
    config_hash,
    differing_keys,
    fail_run,
    finish_run,
    open_run,
    read_result,
    unfinished_runs,
)
from tests.fixtures.studies import make_result

CONFIG = {"leg": "R", "model": {"name": "r3d", "dropout": 0.2}}
PREDICTIONS = pd.DataFrame({"video_id": ["V-1"], "p0": [np.float64(1) / 3]})


def learnt_run(run_dir, config=CONFIG):
    """A run that was killed after its first checkpoint."""
    open_run(run_dir, config)
    last = checkpoint_path(run_dir, LAST)
    last.parent.mkdir()
    last.touch()
    return run_dir


def test_another_config_in_an_old_folder_is_refused_by_naming_the_keys(tmp_path):
    learnt_run(tmp_path / "run")
    changed = {"leg": "R", "model": {"name": "r3d", "dropout": 0.5}, "seed": 1}
    with pytest.raises(ValueError, match=r"another model\.dropout, seed"):
        open_run(tmp_path / "run", changed)


def test_a_folder_that_never_learnt_anything_is_taken_over(tmp_path):
    open_run(tmp_path / "run", CONFIG)
    fail_run(tmp_path / "run", "ValueError: no leg")
    changed = {**CONFIG, "leg": "L"}
    open_run(tmp_path / "run", changed)
    assert yaml.safe_load((tmp_path / "run" / "config.yaml").read_text()) == changed


@pytest.mark.parametrize("text", ["leg: [R", "\x00", "leg: R\n"])
def test_a_damaged_config_never_ends_in_a_traceback(tmp_path, text):
    run_dir = learnt_run(tmp_path / "run")
    (run_dir / "config.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"config\.yaml: damaged|another model"):
        open_run(run_dir, CONFIG)


def test_more_epochs_go_on_where_the_last_checkpoint_was_kept(tmp_path):
    short, long = ({**CONFIG, "trainer": {"max_epochs": epochs}} for epochs in (300, 310))
    run_dir = learnt_run(tmp_path / "run", short)
    finish_run(run_dir, make_result(), PREDICTIONS)
    open_run(run_dir, {**long, "keep_last": True})
    assert read_result(run_dir) is None
    with pytest.raises(ValueError, match=r"another trainer.max_epochs; more epochs need keep_last"):
        open_run(run_dir, short)


def test_the_same_config_may_come_back(tmp_path):
    learnt_run(tmp_path / "run")
    open_run(tmp_path / "run", dict(reversed(CONFIG.items())))


def test_a_run_is_finished_only_when_its_result_was_written(tmp_path):
    open_run(tmp_path / "run", CONFIG)
    assert read_result(tmp_path / "run") is None
    assert unfinished_runs(tmp_path) == [tmp_path / "run"]
    finish_run(tmp_path / "run", make_result(model="tcn"), PREDICTIONS)
    assert read_result(tmp_path / "run").model == "tcn"
    assert unfinished_runs(tmp_path) == []


def test_nothing_temporary_is_left_behind(tmp_path):
    open_run(tmp_path / "run", CONFIG)
    finish_run(tmp_path / "run", make_result(), PREDICTIONS)
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {"config.yaml", "predictions.csv", "result.json"}


def test_a_failed_run_says_why_and_a_new_start_clears_it(tmp_path):
    open_run(tmp_path / "run", CONFIG)
    fail_run(tmp_path / "run", "ValueError: no leg")
    assert (tmp_path / "run" / "error.txt").read_text() == "ValueError: no leg"
    open_run(tmp_path / "run", CONFIG)
    assert not (tmp_path / "run" / "error.txt").exists()


def test_the_hash_of_a_config_does_not_depend_on_the_order_of_its_keys():
    assert config_hash(CONFIG) == config_hash(dict(reversed(CONFIG.items())))
    assert config_hash(CONFIG) != config_hash({**CONFIG, "leg": "L"})


def test_how_a_run_is_looked_at_does_not_make_it_another_run(tmp_path):
    learnt_run(tmp_path / "run")
    looked_at = {**CONFIG, "review": {"pictures": True}, "keep_last": True}
    open_run(tmp_path / "run", looked_at)
    assert config_hash(CONFIG) == config_hash(looked_at)


def test_differing_keys_are_dotted_names():
    assert set(differing_keys({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}, "d": 4})) == {
        "a.c",
        "d",
    }
