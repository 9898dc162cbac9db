"""Batches are augmented without a wait for the GPU."""

import pytest
import torch

from pdla.training import run as training
from tests.fixtures.configs import compose_config
from tests.fixtures.people import make_cohort


@pytest.mark.skipif(not torch.cuda.is_available(), reason="counts the syncs of a GPU")
@pytest.mark.parametrize("model", ["r3d", "stgcn", "kinematic_tcn", "posec3d"])
def test_no_batch_of_an_epoch_waits_for_the_gpu(model):
    config = compose_config(
        f"model={model}", "leg=both", "augment=strong", "split.n_folds=3", "split.n_val_folds=2"
    )
    data = training.build_data(config, make_cohort(9))
    device = torch.device("cuda")

    def epoch() -> None:
        for batch in data.train_dataloader():
            moved = {key: value.to(device, non_blocking=True) for key, value in batch.items()}
            data.augment(data.gather(moved), seed=1)
            data.represent(moved)

    epoch()  # what is copied or compiled once
    torch.cuda.set_sync_debug_mode("error")
    try:
        epoch()
    finally:
        torch.cuda.set_sync_debug_mode("default")
