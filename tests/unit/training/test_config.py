"""Every option of every config group composes, is said when to choose, and has code behind it."""

import pytest
from hydra.utils import get_class
from omegaconf import OmegaConf

from pdla.data.clips.sampling import Span
from pdla.targets import build
from pdla.training.config import build_model, check_config, check_one_device
from pdla.training.old_names import OLD_OPTIONS, check_overrides
from pdla.training.overrides import check_command, check_launcher
from tests.fixtures.configs import compose_config
from tests.fixtures.places import CONF

GROUPS = sorted(path for path in CONF.iterdir() if path.is_dir() and path.name != "local")
OPTIONS = [(group.name, path.stem) for group in GROUPS for path in sorted(group.glob("*.yaml"))]


def check_launcher_or_skip(option):
    try:
        check_launcher(option)
    except ValueError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_composes_and_names_things_that_exist(group, option):
    needed = {
        "clinic": ["recordings.videos=videos", "recordings.labels=labels.xls"],
        "own": ["recordings.videos=videos", "recordings.labels=labels.xls"],
        "li2018": ["recordings.root=li"],
    }
    if group == "launcher":
        check_launcher_or_skip(option)
    config = compose_config(f"{group}={option}", *needed.get(option, []))
    targets = [value for value in _targets(config) if value.startswith("pdla.")]
    for target in targets:
        assert get_class(target)


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_says_when_to_choose_it_in_its_first_line(group, option):
    lines = (CONF / group / f"{option}.yaml").read_text(encoding="utf-8").splitlines()
    first = next(line for line in lines if "@package" not in line)
    assert first.startswith("# Choose this")


def _targets(section):
    if isinstance(section, dict):
        if "_target_" in section:
            yield section["_target_"]
        for value in section.values():
            yield from _targets(value)


@pytest.mark.parametrize("option", [path.stem for path in (CONF / "sampling").glob("*.yaml")])
def test_every_sampling_gives_clips(option):
    sampling = build(compose_config(f"sampling={option}")["sampling"], "sampling")
    span = Span(0.0, 10.0)
    assert sampling.draws_clips(span) or sampling.training_clips(span)
    assert sampling.covering_clips(Span(0.0, 10.0))


def test_own_habits_win_over_the_defaults_and_the_command_line_over_them(tmp_path):
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "default.yaml").write_text("# @package _global_\nseed: 3\nleg: L\n")
    config = compose_config("leg=R", f"hydra.searchpath=[file://{tmp_path}]")
    assert (config["seed"], config["leg"]) == (3, "R")


def test_the_recipe_of_large_clips_is_larger_than_the_default():
    small, large = compose_config(), compose_config("experiment=large_clips")
    assert large["drawing"]["height"] > small["drawing"]["height"]
    assert large["sampling"]["fps"] > small["sampling"]["fps"]
    assert large["trainer"]["max_epochs"] > small["trainer"]["max_epochs"]


def test_clips_keep_at_least_12_frames_a_second():
    with pytest.raises(ValueError, match="alias"):
        build(compose_config("sampling.fps=3.2")["sampling"], "sampling")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["leg=left"], "choose L, R or both"),
        (["seed=-1"], "whole number"),
        (["data=keypoint_clips"], "takes drawn_clips"),
        (["model=posec3d", "drawing=large"], "drawing.style=scored_leg: this data needs heatmaps"),
        (["drawing=heatmaps"], "drawing.style=heatmaps: this data needs scored_leg"),
        (["data=video_files", "augment=light"], "say augment=none"),
        (["model=kinematic", "trainer=gpu"], "LBFGS cannot work with trainer.precision=bf16-mixed"),
        (["model=kinematic", "trainer.gradient_clip_val=1.0"], "trainer.gradient_clip_val=null"),
        (["model=kinematic", "data.batch_size=16"], "data.batch_size=all"),
        (["model=kinematic", "trainer.devices=2"], "LBFGS cannot work with trainer.devices=2"),
        (["optim=lbfgs"], "LBFGS cannot work with data.batch_size=6"),
        (["trainer.max_epochs=0"], "trainer.max_epochs=0: expected a whole number from 1"),
        (["trainer.devices=none"], "trainer.devices='none'"),
        (["model=kinematic", "trainer.devices=0"], "trainer.devices=0"),
        (["data.workers=100000"], "data.workers=100000: give 0 to 256 processes"),
        (["drawing.height=100000"], "drawing: 100000 x 48 px: both must be 1 to 4096"),
        (["sampling.stride_s=1e-9"], "at least 0.01 s"),
        (["sampling.clips_per_video=1000000000"], "at most 10,000 clips"),
        (["data.batch_size=0"], "data.batch_size=0: give a number of clips, or all"),
        (["data.batch_size=many"], "data.batch_size='many'"),
        (["sampling.seconds=long"], "sampling.seconds='long': expected a number"),
        (["model.dropout=much"], "model.dropout='much': expected a number"),
        (["data.workers=two"], "data.workers='two': expected a whole number"),
        (["+trainer.max_epoch=3"], r"trainer.max_epoch: no such option; did you mean max_epochs"),
        (["+data.balanced=score"], r"data.balanced: no such option; did you mean balance"),
        (["augment.rotate.degrees=a"], "augment.rotate.degrees='a': expected a number"),
        (["recordings.labels=README.md"], "say recordings=clinic"),
        (["+data.sampler=score"], "data.sampler is of an earlier version; use data.balance"),
        (
            ["recordings=clinic", "recordings.videos=/none", "recordings.labels=/none"],
            "recordings.videos=/none: not found",
        ),
    ],
)
def test_what_cannot_work_is_refused_before_any_work_in_one_line(overrides, message):
    with pytest.raises(ValueError, match=message) as error:
        check_config(compose_config(*overrides))
    assert "\n" not in str(error.value)


def test_a_value_without_default_is_asked_for_by_name():
    with pytest.raises(ValueError, match=r"recordings\.root has no default"):
        compose_config("recordings=li2018")
    with pytest.raises(ValueError, match=r"recordings\.(videos|labels) has no default"):
        compose_config("recordings=clinic")


def test_a_misspelt_option_is_one_line_from_the_class_that_refused_it():
    config = compose_config("+split.folds=3")
    with pytest.raises(ValueError, match=r"split.folds: no such option.*n_folds"):
        build(config["split"], "split")
    with pytest.raises(ValueError, match=r"model.droput.*did you mean dropout"):
        build_model(compose_config("+model.droput=0.1", "model.weights=none"))


def test_plain_config_holds_no_omegaconf():
    assert not OmegaConf.is_config(compose_config()["model"])


@pytest.mark.parametrize(
    ("argument", "new"),
    [
        ("sampling=whole_bout", "sampling=leg_bout"),
        ("sampling=leg_bout,random", "sampling=recording"),
        ("loss=weighted", "loss=weighted_cross_entropy"),
        ("optim=sgd", "optim=sgd_multistep"),
        ("trainer=overfit", "experiment=overfit"),
        ("trainer=keypoints", "belongs to the model now"),
        ("data.sampler=score", "use data.balance"),
        ("data.drawing.style=heatmaps", "use drawing.style"),
    ],
)
def test_an_old_name_on_the_command_line_is_one_line_with_the_new_one(argument, new):
    with pytest.raises(ValueError, match="is of an earlier version") as error:
        check_overrides(["leg=both", argument])
    assert new in str(error.value)


def test_every_new_name_exists_and_no_old_one_does():
    for old, new in OLD_OPTIONS.items():
        assert not (CONF / f"{old.replace('=', '/')}.yaml").exists()
        if "=" in (name := new.split()[0]):
            assert (CONF / f"{name.replace('=', '/')}.yaml").exists()
    check_overrides(["sampling=recording_uniform", "study=random", "-m", "optim=sgd_step"])


def test_a_sweep_gives_each_run_one_device():
    check_one_device({"devices": 1})
    check_one_device({"devices": "auto", "accelerator": "cpu"})
    for devices in (2, "2", [0, 1], "0,1"):
        with pytest.raises(ValueError, match="-m with trainer"):
            check_one_device({"devices": devices})


def test_a_trainer_holds_only_arguments_of_the_trainer():
    import inspect

    import lightning

    known = set(inspect.signature(lightning.Trainer).parameters)
    for option in (CONF / "trainer").glob("*.yaml"):
        keys = OmegaConf.load(option).keys() - {"_target_", "defaults"}
        assert keys <= known - {"max_epochs", "gradient_clip_val"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["model=r3dd"],
            r"=r3dd: no such option; did you mean r3d\? There are kinematic, kinematic_m",
        ),
        (["-m", "model=tcn,stgnc"], r"did you mean stgcn\?"),
        (["model=tcn", "model.droput=0.1"], r"did you mean model.dropout\?"),
        (["trainer.max_epoch=3"], r"did you mean trainer.max_epochs\?"),
        (["sead=1"], r"sead: no such key; did you mean seed\?"),
        (["sampling.stide_s=1"], r"did you mean sampling.stride_s\?"),
        (["-m", "launcher=jobib"], r"did you mean joblib\?"),
    ],
)
def test_a_misspelt_command_is_one_line_with_the_nearest_name(arguments, message):
    with pytest.raises(ValueError, match=message) as error:
        check_command(arguments, CONF)
    assert "\n" not in str(error.value)


def test_a_launcher_that_is_not_installed_is_one_line_with_the_way_out(monkeypatch):
    monkeypatch.setattr("pdla.training.overrides.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"launcher=ray: not installed; pip install 'pdla\[ray\]'"):
        check_command(["-m", "launcher=ray"], CONF)


@pytest.mark.parametrize(
    "arguments",
    [
        ["-m", "split.fold=range(5)", "leg=L,R", "model=glob(*)"],
        ["+trainer.limit_train_batches=1", "~augment.jitter", "hydra.verbose=true", "study=ours"],
        ["model=tcn", "model.streams=[lift]", "tag=-a=b", "experiment=null"],
        ["hydra.searchpath=[file:///own]", "model=own", "model.width=3"],
        ["sweep=models62", "sweep/models62=tcn", "model.channels=8"],
        ["-m", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"],
    ],
)
def test_commands_that_hydra_understands_pass(arguments):
    check_command(arguments, CONF)


def test_an_option_in_a_folder_of_the_users_own_passes(tmp_path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text("# @package _global_\nseed: 1\n")
    check_command(["experiment=mine", "model=tcn"], CONF, tmp_path)
    with pytest.raises(ValueError, match=r"experiment=mnie: no such option; did you mean mine\?"):
        check_command(["experiment=mnie"], CONF, tmp_path)
