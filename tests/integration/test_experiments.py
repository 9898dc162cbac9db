"""Whole recipes run from their name alone, and what leaks is stamped."""

import pytest

from pdla.runs.folder import read_result
from pdla.training import run as training
from pdla.training.config import check_config
from tests.fixtures.configs import compose_config
from tests.fixtures.people import make_cohort, renamed
from tests.fixtures.places import CONF

EXPERIMENTS = [path.stem for path in sorted((CONF / "experiment").glob("*.yaml"))]
TINY = (
    "model.weights=none", "trainer.max_epochs=1", "sampling.seconds=1", "sampling.stride_s=1",
    "sampling.fps=12", "trainer.accelerator=cpu", "trainer.precision=32-true",
    "drawing.height=16", "drawing.width=16",
)  # fmt: skip


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_composes_to_something_that_can_work(name):
    check_config(compose_config(f"experiment={name}"))


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_runs_to_its_end(name, tmp_path, monkeypatch):
    cohort = make_cohort(12, visits=1, scores=(0, 1, 2, 3))
    monkeypatch.setattr(training, "load_cohort", lambda recordings: cohort)
    overrides = [f"experiment={name}", *TINY]
    if name.startswith("original"):
        overrides.append("sampling.within=leg_bout")  # a few clips instead of all
    else:
        is_kfold = name in ("large_clips", "overfit")
        rule = "split.n_folds=3" if is_kfold else "split.test_share=0.3"
        overrides += ["split.n_val_folds=2", rule]
    training.run(compose_config(*overrides), tmp_path / "run")
    result = read_result(tmp_path / "run")
    assert result.is_leaky is name.startswith("original")


@pytest.mark.parametrize("name", ["original_r3d", "original_resnet_lstm"])
def test_the_recipes_of_2023_say_in_their_first_line_that_they_leak(name):
    lines = (CONF / "experiment" / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    assert "LEAKY" in lines[1]
    config = compose_config(f"experiment={name}")
    assert (config["drawing"]["height"], config["drawing"]["width"]) == (192, 108)
    assert config["trainer"]["max_epochs"] == 50
    assert config["optim"]["optimizer"]["momentum"] == 0.9


def test_a_pretrained_run_gives_the_next_one_its_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "load_cohort", lambda _: make_cohort(9, visits=1))
    small = ("model=tcn", *TINY[1:5], "split.n_val_folds=2")
    training.run(
        compose_config("experiment=pretrain_simulated", *small, "split.test_share=0.3"),
        tmp_path / "tcn-first",
    )
    best = tmp_path / "tcn-first" / "checkpoints" / "best.ckpt"
    monkeypatch.setattr(
        training, "load_cohort", lambda _: renamed(make_cohort(10, visits=1), "other")
    )
    training.run(
        compose_config(*small, "split.n_folds=3", f"model.weights={best}"), tmp_path / "second"
    )
    source = read_result(tmp_path / "second").weights_source
    assert source.startswith("tcn-first/best.ckpt (")
