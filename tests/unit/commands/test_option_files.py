"""A sweep reads its option files once."""

from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode

from pdla.commands.option_files import read_options_once
from tests.fixtures.places import CONF


def compose(overrides):
    loader = GlobalHydra.instance().config_loader()
    return loader.load_configuration("train", overrides, RunMode.RUN)


RUNS = [
    ["model=kinematic", "split.fold=1"],
    ["model=stgcn", "leg=both"],
    ["model=r3d", "loss=earth_mover"],
    ["experiment=large_clips", "model=r3d", "hydra.run.dir=elsewhere"],
    ["model=kinematic"],
]


def test_runs_are_composed_as_from_files_read_each_time():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        expected = [compose(run) for run in RUNS]
        read_options_once(GlobalHydra.instance().config_loader())
        for _ in range(2):
            assert [compose(run) for run in RUNS] == expected


def test_a_file_that_is_edited_during_a_sweep_changes_none_of_its_runs(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "train.yaml").write_text("defaults: [model: small, _self_]\n")
    option = tmp_path / "model" / "small.yaml"
    option.write_text("width: 8\n")
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        read_options_once(GlobalHydra.instance().config_loader())
        assert compose([]).model.width == 8
        option.write_text("width: 16\n")
        assert compose([]).model.width == 8
        assert compose(["model.width=4"]).model.width == 4
