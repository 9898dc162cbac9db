"""Published tables: every sweep of conf/sweep composes to runs that can work, each with a name."""

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import open_dict

from pdla.training.config import check_config, plain_config
from tests.fixtures.places import CONF

SWEEPS = sorted(path.stem for path in (CONF / "sweep").glob("*.yaml") if path.stem != "repeated")


def variants(sweep):
    return sorted(path.stem for path in (CONF / "sweep" / sweep).glob("*.yaml"))


@pytest.mark.parametrize("sweep", SWEEPS)
def test_a_sweep_takes_all_of_its_variants_and_gives_each_run_a_folder_of_its_own(sweep):
    folders = []
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for variant in variants(sweep):
            composed = compose(
                "train",
                overrides=[f"sweep={sweep}", f"sweep/{sweep}={variant}", "trainer.accelerator=cpu"],
                return_hydra_config=True,
            )
            axes = composed.hydra.sweeper.params
            assert axes[f"sweep/{sweep}"] == "glob(*)"
            folders.append(composed.hydra.sweep.subdir)
            with open_dict(composed):
                del composed["hydra"]
            check_config(plain_config(composed))
    assert len(set(folders)) == len(folders) == len(variants(sweep)) >= 2


def test_pretrained_variants_begin_with_weights_that_the_pretraining_sweep_makes():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        made = {
            f"{composed.hydra.sweep.dir}/{composed.hydra.sweep.subdir}/checkpoints/best.ckpt"
            for variant in variants("pretrain")
            for composed in [
                compose("train", overrides=["sweep=pretrain", f"sweep/pretrain={variant}"],
                        return_hydra_config=True)
            ]
        }  # fmt: skip
        wanted = {
            compose("train", overrides=[f"sweep={sweep}", f"sweep/{sweep}={variant}", f"seed={n}"])
            .model.weights
            for sweep in ("models62", "models620")
            for variant in variants(sweep)
            if variant.endswith("_pretrained")
            for n in (0, 1)
        }  # fmt: skip
    assert wanted == made


def test_the_repeated_study_runs_every_fold_of_every_draw_of_a_model_that_one_may_change():
    overrides = ["sweep=repeated", "trainer.accelerator=cpu", "model=kinematic"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        composed = compose("train", overrides=overrides, return_hydra_config=True)
    axes = composed.hydra.sweeper.params
    assert axes["model"] == "kinematic"
    assert axes["split.fold"] == f"range({composed.split.n_folds * composed.split.repeats})"
    assert composed.split.repeats >= 3
    assert composed.leg == "both"
    with open_dict(composed):
        del composed["hydra"]
    check_config(plain_config(composed))
