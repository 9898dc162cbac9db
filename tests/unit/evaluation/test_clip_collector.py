"""Clips of a leg, collected over steps and over processes."""

import numpy as np
import pytest
import torch
from torch import multiprocessing

from pdla.evaluation.clip_collector import ClipCollector


def rows(*values):
    return torch.tensor(values).repeat_interleave(5).reshape(-1, 5)


def test_clips_are_grouped_by_leg_in_the_order_of_the_steps_and_forgotten():
    clips = ClipCollector()
    clips.update(torch.tensor([7, 2, 7]), rows(0.1, 0.2, 0.3))
    clips.update(torch.tensor([2]), rows(0.4).to(torch.bfloat16))
    found = clips.take()
    assert list(found) == [2, 7]
    np.testing.assert_allclose(found[2][:, 0], [0.2, 0.4], atol=1e-2)
    np.testing.assert_allclose(found[7][:, 4], [0.1, 0.3], atol=1e-6)
    assert found[7].dtype == np.float64
    assert clips.take() == {}


def _collect(rank, path, n_batches):
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{path}", rank=rank, world_size=2
    )
    clips = ClipCollector()
    for batch in range(n_batches[rank]):
        clips.update(torch.tensor([rank, 9]), rows(rank + batch / 10, 0.5))
    found = clips.take(n_processes=2)
    assert {leg: len(values) for leg, values in found.items()} == {
        9: sum(n_batches), **{leg: n for leg, n in enumerate(n_batches) if n}
    }  # fmt: skip
    assert clips.take() == {}  # each process forgets its own
    torch.distributed.destroy_process_group()


@pytest.mark.slow
@pytest.mark.parametrize("n_batches", [(1, 3), (2, 0)])
def test_every_process_has_the_clips_of_all(tmp_path, n_batches):
    multiprocessing.spawn(_collect, (tmp_path / "meet", n_batches), nprocs=2)
