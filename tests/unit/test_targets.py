"""No config, run folder or checkpoint can name anything that pdla does not build itself."""

import sys
from copy import deepcopy
from importlib import import_module

import pytest
import torch
import yaml

from pdla.models.weights import read_state
from pdla.report.study_run import read_run
from pdla.targets import OLD_MODULES, PLACES, TARGETS, build, check_targets, public_name
from pdla.training.config import check_config
from pdla.training.prediction import load_best
from tests.fixtures.configs import compose_config
from tests.fixtures.models import make_model, save_checkpoint
from tests.fixtures.places import STUDY_VERSION_1

PAYLOADS = [
    "os.system", "subprocess.Popen", "builtins.exec", "builtins.eval", "pathlib.Path",
    "torch.utils.collect_env.run", "torch.load", "hydra.utils.instantiate",
    "antigravity.webbrowser", "pdla.data.files.write_text",
]  # fmt: skip
TOUCH = {"command": "touch PWNED", "_args_": ["touch PWNED"]}


@pytest.fixture(scope="module")
def composed():
    return compose_config("model.weights=none")


def put(config, place, section):
    """The config with another section at a place of PLACES."""
    *above, last = [part if part != "*" else "jitter" for part in place]
    target = config
    for part in above:
        target = target[part]
    target[last] = section
    return config


@pytest.mark.parametrize("place", PLACES, ids=".".join)
def test_ten_payloads_in_each_place_of_a_config_are_refused_and_never_imported(place, composed):
    for payload in PAYLOADS:
        sys.modules.pop("antigravity", None)
        config = put(deepcopy(composed), place, {"_target_": payload} | TOUCH)
        with pytest.raises(ValueError, match=r"is not built|nothing is built there") as error:
            check_config(config)
        with pytest.raises(ValueError, match="is not built"):
            build({"_target_": payload}, PLACES[place])
        assert "\n" not in str(error.value)
        assert "antigravity" not in sys.modules


@pytest.mark.parametrize("key", ["_target_", "_args_", "_partial_", "_recursive_", "_convert_"])
@pytest.mark.parametrize("path", ["recordings", "evaluation", "augment.rotate.degrees", "model"])
def test_hydras_own_keys_are_refused_wherever_nothing_is_built(key, path, composed):
    section = config = deepcopy(composed)
    *above, last = path.split(".")
    for part in above:
        section = section[part]
    section[last] = {**(section[last] if isinstance(section[last], dict) else {}), key: "os.system"}
    with pytest.raises(ValueError, match=key):
        check_targets(config)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_a_checkpoint_names_in_its_hyperparameters_is_not_built(payload, tmp_path):
    model = make_model("tcn")
    save_checkpoint(model, tmp_path / "a.ckpt")
    content = torch.load(tmp_path / "a.ckpt", weights_only=True)
    content["hyper_parameters"]["loss"] = {"_target_": payload}
    torch.save(content, tmp_path / "a.ckpt")
    with pytest.raises(ValueError, match="is not built"):
        type(model).load_from_checkpoint(tmp_path / "a.ckpt", map_location="cpu", weights_only=True)
    model.optim = {"optimizer": {"_target_": payload}}
    with pytest.raises(ValueError, match="is not built"):
        model.configure_optimizers()


class Exploit:
    def __reduce__(self):
        return (exec, ("import pathlib; pathlib.Path('PWNED').touch()",))


@pytest.mark.parametrize("key", ["state_dict", "hyper_parameters", "callbacks", "loops"])
def test_a_pickle_that_runs_code_is_refused_as_weights_and_as_checkpoint(
    key, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    run = read_run(STUDY_VERSION_1 / "kinematic-R-fold0-seed0")
    best = run.folder / "checkpoints" / "best.ckpt"
    content = torch.load(best, weights_only=True) | {key: {"head.counts": Exploit()}}
    mine = tmp_path / "run" / "checkpoints"
    mine.mkdir(parents=True)
    torch.save(content, mine / "best.ckpt")
    with pytest.raises(ValueError, match="safely"):
        read_state(mine / "best.ckpt")
    object.__setattr__(run, "folder", tmp_path / "run")
    with pytest.raises(ValueError, match="does not open"):
        load_best(run)
    assert not (tmp_path / "PWNED").exists()


def test_a_yaml_that_names_python_objects_is_one_line(tmp_path):
    from pdla.runs.old_configs import read_config

    path = tmp_path / "config.yaml"
    for text in ("!!python/object/apply:os.system [ls]", "a: [", "- 1", "a: &a [*a]", "\x00"):
        path.write_text(text)
        with pytest.raises(ValueError, match="config") as error:
            check_targets(read_config(path) | {"x": {"_target_": "os.system"}})
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", TARGETS)
def test_every_public_name_is_there_and_is_a_class(kind):
    for target in TARGETS[kind]:
        module, _, name = target.rpartition(".")
        assert isinstance(getattr(import_module(module), name), type)
        assert name in dir(import_module(module))


def test_old_names_are_public_ones_today():
    known = {name for names in TARGETS.values() for name in names}
    assert set(OLD_MODULES.values()) <= {name.rpartition(".")[0] for name in known}
    config = yaml.safe_load(
        (STUDY_VERSION_1 / "kinematic-R-fold0-seed0" / "config.yaml").read_text()
    )
    old = {config[key]["_target_"] for key in ("model", "data", "sampling", "split", "loss")}
    assert {public_name(name) for name in old} <= known
    assert not old <= known


def test_a_class_of_ones_own_is_built_only_if_its_module_is_trusted(tmp_path, monkeypatch):
    (tmp_path / "own_head.py").write_text("class Own:\n    def __init__(self, x): self.x = x\n")
    monkeypatch.syspath_prepend(tmp_path)
    section = {"_target_": "own_head.Own", "x": 3}
    with pytest.raises(ValueError, match="PDLA_TRUST"):
        build(section, "loss")
    monkeypatch.setenv("PDLA_TRUST", "other, own_head")
    assert build(section, "loss").x == 3
    with pytest.raises(ValueError, match="Missing"):
        build({"_target_": "own_head.Missing"}, "loss")
