"""The regression on clinical quantities: what it is fed, what it learns from, where it ends."""

import numpy as np
import pytest
import torch

from pdla.data.kinematics.quantities import leg_kinematics
from pdla.data.quantities import KINEMATICS
from pdla.models.kinematic_features import MAX_STANDARD, KinematicFeatures
from pdla.training import run as training
from tests.fixtures.configs import compose_config
from tests.fixtures.models import make_model
from tests.fixtures.people import make_cohort, renamed

OPTIONS = ("leg=both", "split.n_folds=3", "split.n_val_folds=2")


def data_of(cohort, *overrides):
    config = compose_config("model=kinematic", *OPTIONS, *overrides)
    return training.build_data(config, cohort), config


def test_a_batch_carries_the_quantities_of_the_scored_leg_then_of_the_other():
    data, _ = data_of(make_cohort(9, visits=1))
    batch = data.on_after_batch_transfer(next(iter(data.val_dataloader())), 0)
    assert batch["kinematics"].shape == (len(batch["score"]), 2, len(KINEMATICS))
    sample = data.samples[int(batch["sample"][0])]
    own = leg_kinematics(sample.recording, sample.leg).as_row()
    found = dict(zip(KINEMATICS, batch["kinematics"][0, 0].tolist(), strict=True))
    assert found == pytest.approx(own, nan_ok=True)


def test_features_are_standardised_and_a_missing_quantity_is_the_median_with_a_mark():
    torch.manual_seed(0)
    kinematics = torch.rand(200, 2, len(KINEMATICS)).exp() * 5
    kinematics[:50, :, 0] = torch.nan
    features = KinematicFeatures(both_legs=True)
    features.learn(kinematics)
    given = features(kinematics)
    n_quantities = 2 * len(KINEMATICS)
    assert given.shape == (200, features.n_features)
    assert given[:, :n_quantities].median(dim=0).values.abs().max() < 0.1
    assert (given[:50, 0] == 0).all()
    assert (given[:, n_quantities] == (torch.arange(200) < 50)).all()
    assert features(kinematics * 1e6).abs().max() <= MAX_STANDARD


def test_a_quantity_that_was_never_measured_or_never_varies_does_no_harm():
    kinematics = torch.full((8, 2, len(KINEMATICS)), torch.nan)
    kinematics[:, :, 1] = 3.0
    features = KinematicFeatures(both_legs=False)
    features.learn(kinematics)
    assert features(kinematics).isfinite().all()


def test_it_learns_in_one_epoch_and_standardises_by_training_legs_alone(tmp_path, monkeypatch):
    cohort = make_cohort(12, visits=2)
    monkeypatch.setattr(training, "load_cohort", lambda recordings: cohort)
    data, config = data_of(cohort)
    training.run(config, tmp_path / "run")
    result = training.read_result(tmp_path / "run")
    assert result.epochs == 1
    assert result.metrics["test"]["qwk"] > 0.8
    state = torch.load(tmp_path / "run" / "checkpoints" / "best.ckpt", weights_only=True)
    expected = KinematicFeatures(both_legs=True)
    expected.learn(data.training_kinematics())
    torch.testing.assert_close(state["state_dict"]["features.middle"], expected.middle)


def test_more_ridge_gives_smaller_weights(tmp_path, monkeypatch):
    cohort = make_cohort(12, visits=1)
    monkeypatch.setattr(training, "load_cohort", lambda recordings: cohort)
    sizes = []
    for ridge in (0.5, 50):
        _, config = data_of(cohort, f"model.ridge={ridge}")
        training.run(config, tmp_path / str(ridge))
        path = tmp_path / str(ridge) / "checkpoints" / "best.ckpt"
        state = torch.load(path, weights_only=True)["state_dict"]
        sizes.append(float(np.linalg.norm(state["network.weight"])))
    assert sizes[1] < sizes[0] / 3


@pytest.mark.parametrize("option", ["ridge", "pull", "hidden"])
def test_a_negative_option_is_refused(option):
    with pytest.raises(ValueError, match=f"model.{option}=-1: expected 0 or more"):
        make_model("kinematic", f"model.{option}=-1")


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    """Best checkpoint of a run on other people, and a clinic's cohort to go on with."""
    folder = tmp_path_factory.mktemp("pretrained")
    others = renamed(make_cohort(15, visits=2, scores=(0, 1, 2, 3, 4)), "other")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "load_cohort", lambda recordings: others)
        _, config = data_of(others, "model=kinematic_mlp", "model.hidden=8")
        training.run(config, folder / "first")
        patch.setattr(training, "load_cohort", lambda recordings: make_cohort(9, visits=1))
        yield folder / "first" / "checkpoints" / "best.ckpt"


def tuned(pretrained, pull):
    """Parameters after training that started from a checkpoint."""
    run_dir = pretrained.parents[2] / f"pull{pull}"
    config = compose_config(
        "model=kinematic_mlp", "model.hidden=8", f"model.weights={pretrained}",
        f"model.pull={pull}", *OPTIONS,
    )  # fmt: skip
    training.run(config, run_dir)
    return torch.load(run_dir / "checkpoints" / "best.ckpt", weights_only=True)["state_dict"]


def test_a_strong_pull_keeps_the_weights_that_it_started_from(pretrained):
    before = torch.load(pretrained, weights_only=True)["state_dict"]
    near, far = tuned(pretrained, 1e6), tuned(pretrained, 0.1)
    names = [name for name in before if name.startswith("network") or "thresholds" in name]
    assert len(names) == 5
    distance = [
        float(sum((state[name] - before[name]).square().sum() for name in names))
        for state in (near, far)
    ]
    assert distance[0] < 1e-4 < distance[1]


def test_weights_bring_their_own_standardisation(pretrained):
    before = torch.load(pretrained, weights_only=True)["state_dict"]
    after = tuned(pretrained, 300)
    torch.testing.assert_close(after["features.middle"], before["features.middle"])
    torch.testing.assert_close(after["features.spread"], before["features.spread"])
