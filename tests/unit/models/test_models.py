"""What every model must do, whatever its network."""

from functools import cache

import lightning
import pytest
import torch
import yaml
from hydra import compose, initialize_config_dir

from pdla.models.scorer import LegScorer
from pdla.models.video_networks import ARCHITECTURES
from pdla.training.config import build_model, check_config, plain_config
from tests.fixtures.configs import compose_config
from tests.fixtures.models import EACH, MODELS, batch_for, batch_of, make_model, save_checkpoint
from tests.fixtures.places import CONF

RATES = {
    "stgcn": 3e-3,
    "tcn": 3e-3,
    "kinematic_tcn": 3e-3,
    "kinematic": 0.5,
    "kinematic_mlp": 0.3,
    "posec3d": 3e-3,
}  # of training


@pytest.mark.parametrize("name", EACH)
def test_a_model_is_a_leg_scorer_whose_probabilities_sum_to_1(name):
    model = make_model(name).eval()
    assert isinstance(model, LegScorer)
    assert model.name == name
    model.set_training_counts([3, 3, 3, 3, 0])
    with torch.inference_mode():
        outputs = model(batch_for(model, 2))
    assert outputs.shape == (2, model.head.n_outputs)
    probabilities = model.head.probabilities(outputs)
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(2))
    assert (probabilities[:, 4] == 0).all()


@pytest.mark.parametrize("name", EACH)
def test_loss_falls_under_a_tenth_on_four_clips_with_missing_joints(name):
    model = make_model(name, *(["model.dropout=0"] if "dropout" in model_config(name) else []))
    model.set_training_counts([1, 1, 1, 1, 0])
    batch = batch_for(model, 4)
    if hasattr(model, "features"):
        model.features.learn(batch["kinematics"])
    optimizer = torch.optim.Adam(model.parameters(), lr=RATES.get(name, 3e-4))
    for _ in range(60):
        loss = model.head.loss(model(batch), batch["score"])
        optimizer.zero_grad()
        loss.backward()
        assert all(
            value.grad.isfinite().all() for value in model.parameters() if value.requires_grad
        )
        optimizer.step()
        if loss < 0.1:
            break
    assert loss < 0.1


@cache
def model_config(name):
    return compose_config(f"model={name}")["model"]


@pytest.mark.parametrize("name", EACH)
def test_a_checkpoint_opens_by_its_path_alone_and_safely(name, tmp_path):
    model = make_model(name).eval()
    model.set_training_counts([4, 5, 1, 0, 0])
    path = tmp_path / "model.ckpt"
    save_checkpoint(model, path)
    assert torch.load(path, weights_only=True)["hyper_parameters"]["name"] == name
    again = type(model).load_from_checkpoint(path, map_location="cpu").eval()
    batch = batch_for(model, 1)
    with torch.inference_mode():
        first, second = (each.head.probabilities(each(batch)) for each in (model, again))
    torch.testing.assert_close(first, second)


def cpu_trainer(max_epochs):
    return lightning.Trainer(
        max_epochs=max_epochs, accelerator="cpu", logger=False, enable_checkpointing=False
    )


@pytest.mark.parametrize("loss", [path.stem for path in sorted((CONF / "loss").glob("*.yaml"))])
def test_every_loss_works_with_a_network_and_its_head_is_trained_too(loss):
    model = make_model("tcn", f"loss={loss}")
    model.set_training_counts([1, 1, 1, 1, 0])
    model.trainer = cpu_trainer(1)
    optimizer = model.configure_optimizers()["optimizer"]
    trained = {id(value) for group in optimizer.param_groups for value in group["params"]}
    assert {id(value) for value in model.head.parameters()} <= trained
    batch = batch_of(4)
    model.head.loss(model(batch), batch["score"]).backward()
    assert all(value.grad.isfinite().all() for value in model.parameters())


@pytest.mark.parametrize("name", ["r3d", "resnet_lstm"])
def test_frozen_stages_keep_weights_and_statistics(name):
    model = make_model(name, "model.freeze=2")
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model.train()
    optimizer = torch.optim.SGD([value for value in model.parameters() if value.requires_grad], 0.1)
    batch = batch_of(2)
    model.head.loss(model(batch), batch["score"]).backward()
    optimizer.step()
    after = model.state_dict()
    kept = [key for key, value in before.items() if torch.equal(value, after[key])]
    first = "network.stem." if name == "r3d" else "network.frames.conv1"
    assert any(key.startswith(first) for key in kept)
    assert all(key in kept for key in before if ".layer1." in key)
    assert not any(key in kept for key in before if ".layer4.1.bn2.running" in key)


@pytest.mark.parametrize("name", ["tcn", "stgcn", "posec3d", "kinematic_tcn"])
def test_with_all_stages_frozen_only_the_last_layer_learns(name):
    model = make_model(name, "model.freeze=all")
    learns = [key for key, value in model.named_parameters() if value.requires_grad]
    assert len(learns) == 2
    before = [value.clone() for key, value in model.named_buffers()]
    model.train()(batch_for(model, 4))
    after = [value for key, value in model.named_buffers()]
    assert all(map(torch.equal, before, after))


@pytest.mark.parametrize("stages", ["6", "most"])
def test_stages_to_freeze_that_do_not_exist_are_refused(stages):
    with pytest.raises(ValueError, match="choose 0 to 5 stages, or all"):
        make_model("r3d", f"model.freeze={stages}")


def test_the_schedule_counts_epochs_not_batches():
    model = make_model("r3d", "optim=sgd_multistep")
    model.trainer = cpu_trainer(50)
    optim = model.configure_optimizers()
    assert optim["lr_scheduler"]["interval"] == "epoch"


@pytest.mark.parametrize("name", ["r3d", "swin3d_t", "x3d_s"])
def test_pictures_of_0_to_1_are_normalised_as_the_published_weights_were(name):
    model = make_model(name).eval()
    seen = []
    model.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.inference_mode():
        model({"clips": torch.full((1, 3, 8, 32, 32), 0.45)})
    assert seen[0].abs().max() < 0.4


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_clips_too_small_for_a_network_are_refused_before_any_work(name):
    chosen = next(one for one in MODELS if model_config(one).get("architecture") == name)
    config = compose_config(f"model={chosen}", "drawing.height=8")
    with pytest.raises(ValueError, match=f"{name} needs clips of at least"):
        check_config(config)


def test_a_keypoint_model_given_drawn_clips_is_refused():
    with pytest.raises(ValueError, match="takes keypoint_clips"):
        check_config(compose_config("model=tcn", "data=drawn_clips"))


NEW_MODEL = """
from torch import nn
from pdla.data.quantities import KINEMATICS
from pdla.models.scorer import LegScorer

class MeanPlace(LegScorer):
    input_kind = "keypoint_clips"

    def build_network(self, n_outputs, weights, *, width=8):
        return nn.Sequential(nn.Linear(50, width), nn.ReLU(), nn.Linear(width, n_outputs))

    def forward(self, batch):
        return self.network(batch["keypoints"][..., :2].nan_to_num().mean(1).flatten(1) / 500)
"""


def test_adding_a_model_is_one_file_and_one_yaml(tmp_path, monkeypatch):
    (tmp_path / "mean_place.py").write_text(NEW_MODEL)
    (tmp_path / "model").mkdir()
    section = {
        "_target_": "mean_place.MeanPlace",
        "name": "mean_place",
        "weights": "none",
        "width": 4,
    }
    defaults = {"defaults": [{"override /data@_global_.data": "keypoint_clips"}]}
    (tmp_path / "model" / "mean_place.yaml").write_text(yaml.safe_dump(defaults | section))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PDLA_TRUST", "mean_place")
    with initialize_config_dir(str(CONF), version_base="1.3"):
        searchpath = f"hydra.searchpath=[file://{tmp_path}]"
        config = plain_config(
            compose("train", overrides=[searchpath, "model=mean_place", "+trainer.max_epochs=1"])
        )
    check_config(config)
    model = build_model(config)
    assert model(batch_of(3)).shape == (3, 5)
    save_checkpoint(model, tmp_path / "new.ckpt")
    assert type(model).load_from_checkpoint(tmp_path / "new.ckpt").name == "mean_place"


def test_the_validation_loss_is_of_scores_that_can_be_learnt(monkeypatch):
    model = make_model("tcn").eval()
    model.set_training_counts([9, 8, 7, 0, 0])
    logged = {}
    monkeypatch.setattr(model, "log", lambda name, value, **_: logged.update({name: value}))
    batch = batch_of(4)
    batch["score"] = torch.tensor([0, 1, 2, 3])
    with torch.no_grad():
        model.validation_step(batch, 0)
        known = {name: value[:3] for name, value in batch.items()}
        expected = model.head.loss(model(known), known["score"])
        torch.testing.assert_close(logged.pop("val/loss"), expected)
        batch["score"] = torch.tensor([3, 3, 4, 4])
        model.validation_step(batch, 0)
    assert logged == {}
