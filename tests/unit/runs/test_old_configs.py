"""Configs of c110cf0 are read in the names of today."""

from pdla.runs.folder import differing_keys
from pdla.runs.old_configs import read_config, upgrade_config
from tests.fixtures.configs import compose_config
from tests.fixtures.places import STUDY_VERSION_1

HEATMAPS = {
    "data": {
        "_target_": "pdla.data.datamodules.HeatmapClips", "sampler": "score", "batch_size": 8,
        "drawing": {"_target_": "pdla.data.drawing.Drawing", "style": "heatmaps"},
    },
    "drawing": {"_target_": "pdla.data.drawing.Drawing", "style": "scored_leg"},
    "trainer": {"accelerator": "cpu"},
}  # fmt: skip


def test_the_drawing_that_the_data_used_is_the_one_that_is_kept():
    config = upgrade_config(HEATMAPS)
    assert config["drawing"]["style"] == "heatmaps"
    assert config["data"] == {
        "_target_": "pdla.data.clips.HeatmapClips", "balance": "score", "batch_size": 8,
    }  # fmt: skip


def test_a_config_of_today_stays_as_it_is():
    config = compose_config("model=posec3d", "trainer=cpu")
    assert upgrade_config(config) == config


def test_the_same_command_belongs_to_the_same_folder():
    old = read_config(STUDY_VERSION_1 / "kinematic-R-fold0-seed0" / "config.yaml")
    new = compose_config("model=kinematic")
    groups = ("model", "data", "sampling", "drawing", "loss", "optim", "trainer", "augment")
    assert [
        key for name in groups for key in differing_keys(old[name], new[name], f"{name}.")
    ] == []
