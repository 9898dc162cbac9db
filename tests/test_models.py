"""What every model must do, whatever its network."""

from functools import partial

import pytest
import torch

from pdla.config import build_model
from pdla.models.scorer import LegScorer
from tests.test_config import CONF, compose_config

MODELS = [path.stem for path in sorted((CONF / "model").glob("*.yaml"))]


def make_model(name, *overrides):
    torch.manual_seed(0)
    return build_model(compose_config(f"model={name}", "model.weights=none", *overrides))


def batch_of(n_clips, n_frames=8, size=24):
    generator = torch.Generator().manual_seed(1)
    return {
        "keypoints": torch.rand(n_clips, n_frames, 25, 3, generator=generator),
        "clips": torch.rand(n_clips, 3, n_frames, size, size, generator=generator),
        "score": torch.arange(n_clips) % 4,
        "sample": torch.arange(n_clips),
    }


@pytest.mark.parametrize("name", MODELS)
def test_a_model_gives_probabilities_that_sum_to_1(name):
    model = make_model(name).eval()
    model.set_training_counts([3, 3, 3, 3, 0])
    probabilities = model.head.probabilities(model(batch_of(2)))
    assert probabilities.shape == (2, 5)
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(2))
    assert (probabilities[:, 4] == 0).all()


@pytest.mark.parametrize("name", MODELS)
def test_loss_falls_under_a_tenth_on_four_clips(name):
    model = make_model(name, "model.dropout=0")
    model.set_training_counts([1, 1, 1, 1, 0])
    batch = batch_of(4)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(60):
        loss = model.head.loss(model(batch), batch["score"])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss < 0.1:
            break
    assert loss < 0.1


@pytest.mark.parametrize("name", MODELS)
def test_a_checkpoint_opens_by_its_path_alone_and_safely(name, tmp_path):
    model = make_model(name).eval()
    model.set_training_counts([4, 5, 1, 0, 0])
    path = tmp_path / "model.ckpt"
    save_checkpoint(model, path)
    assert torch.load(path, weights_only=True)["hyper_parameters"]["name"] == name
    again = type(model).load_from_checkpoint(path, map_location="cpu").eval()
    batch = batch_of(1)
    torch.testing.assert_close(again.head.probabilities(again(batch)),
                               model.head.probabilities(model(batch)))  # fmt: skip


def save_checkpoint(model, path):
    import lightning

    trainer = lightning.Trainer(logger=False, enable_checkpointing=False, accelerator="cpu")
    trainer.strategy.connect(model)
    trainer.save_checkpoint(path)


@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_a_leg_scorer_with_a_head_for_five_scores(name):
    model = make_model(name)
    assert isinstance(model, LegScorer)
    assert model(batch_of(1)).shape == (1, model.head.n_outputs)
    assert model.head.n_outputs == 5


def test_the_schedule_counts_epochs_not_batches():
    model = make_model("r3d", "optim=sgd")
    model.trainer = partial(lambda: None)
    model.trainer.max_epochs = 50
    optim = model.configure_optimizers()
    assert optim["lr_scheduler"]["interval"] == "epoch"


def test_pictures_of_0_to_1_are_normalised_to_about_unit_size():
    model = make_model("r3d").eval()
    seen = []
    model.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    batch = batch_of(1)
    model(batch)
    assert seen[0].min() >= -0.45 / 0.225
    assert seen[0].max() <= 0.55 / 0.225 + 1e-6
