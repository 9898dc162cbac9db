"""Steps replayed as CUDA graphs are those of the network itself, and no step waits for a GPU."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning
import pytest
import torch

from pdla.training import run as training
from pdla.training.cuda_graphs import GraphedForward, GraphedSteps
from pdla.training.randomness import StepSeeds
from tests.fixtures.configs import compose_config
from tests.fixtures.models import batch_of, make_model
from tests.fixtures.people import make_cohort
from tests.fixtures.runs import TINY

NEEDS_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="replays CUDA graphs")


@pytest.fixture(autouse=True)
def waiting_again() -> Iterator[None]:
    """A test that fails in the middle of an epoch leaves the others alone."""
    yield
    if torch.cuda.is_available():
        torch.cuda.set_sync_debug_mode("default")


class NoWaiting(lightning.Callback):
    """Stops the training if a step of its second epoch waits for the GPU."""

    def on_train_batch_start(
        self, trainer: lightning.Trainer, module: Any, batch: Any, batch_idx: int
    ) -> None:
        if trainer.current_epoch == 1 and batch_idx == 0:
            torch.cuda.set_sync_debug_mode("error")

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        if trainer.is_last_batch:
            torch.cuda.set_sync_debug_mode("default")


@NEEDS_GPU
@pytest.mark.parametrize("model", ["r3d", "stgcn", "tcn", "kinematic_tcn", "posec3d"])
def test_no_step_of_an_epoch_waits_for_the_gpu(tmp_path: Path, model: str) -> None:
    config = compose_config(
        *TINY, f"model={model}", "leg=both", "augment=strong", "trainer=gpu",
        "trainer.max_epochs=2", "data.batch_size=4", "split.n_folds=3", "split.n_val_folds=2",
    )  # fmt: skip
    data = training.build_data(config, make_cohort(9))
    network = training.build_model(config)
    network.set_training_counts(data.score_counts("train"))
    trainer = lightning.Trainer(
        max_epochs=2, accelerator="gpu", devices=1, precision="bf16-mixed", gradient_clip_val=1.0,
        logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, default_root_dir=tmp_path,
        callbacks=[NoWaiting(), StepSeeds(0), GraphedSteps()],
    )  # fmt: skip
    trainer.fit(network, data)
    assert torch.cuda.get_sync_debug_mode() == 0
    assert "forward" not in vars(network.network)


@NEEDS_GPU
@pytest.mark.parametrize("name", ["stgcn", "tcn"])
def test_a_replayed_step_is_that_of_the_network(name: str) -> None:
    models = [make_model(name).cuda().train() for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    models[1].network.forward = GraphedForward(models[1].network)
    optimizers = [torch.optim.SGD(one.parameters(), lr=0.01) for one in models]
    for n_clips in (8, 8, 5, 8):  # the last batch of an epoch is smaller
        batch = {key: value.cuda() for key, value in batch_of(n_clips).items()}
        losses = []
        for model, optimizer in zip(models, optimizers, strict=True):
            torch.manual_seed(n_clips)
            optimizer.zero_grad()
            loss = model.training_step(batch, 0)["loss"]
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        torch.testing.assert_close(losses[0], losses[1], rtol=1e-3, atol=1e-4)
    for (key, plain), replayed in zip(
        models[0].state_dict().items(), models[1].state_dict().values(), strict=True
    ):
        torch.testing.assert_close(plain, replayed, rtol=1e-2, atol=1e-3, msg=key)
    models[1].eval()
    assert models[1](batch_of(3) | {"keypoints": batch["keypoints"][:3]}).shape[0] == 3


def test_a_cpu_computes_every_step_itself(tmp_path: Path) -> None:
    config = compose_config(*TINY, "model=tcn", "leg=both", "split.n_folds=3")
    data = training.build_data(config, make_cohort(9))
    network = training.build_model(config)
    network.set_training_counts(data.score_counts("train"))
    seen = []

    class Watch(lightning.Callback):
        def on_train_batch_end(self, *_: Any) -> None:
            seen.append("forward" in vars(network.network))

    lightning.Trainer(
        fast_dev_run=1, accelerator="cpu", logger=False, enable_progress_bar=False,
        enable_model_summary=False, callbacks=[GraphedSteps(), Watch()],
    ).fit(network, data)  # fmt: skip
    assert seen == [False]
