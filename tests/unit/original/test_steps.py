"""Queued epochs: the same steps as a plain loop, in the order that was given."""

import copy

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from pdla.original.steps import QueuedEpochs, sgd

CPU = torch.device("cpu")
VALUES = torch.randn(7, 5, generator=torch.Generator().manual_seed(0))
TARGET = torch.tensor([0, 1, 2, 0, 1, 2, 0])
ROWS = np.array([3, 1, 6, 0, 2, 5, 4])


def test_an_epoch_is_the_plain_loop_over_its_order_with_a_short_last_batch():
    torch.manual_seed(0)
    network = nn.Linear(5, 3)
    plain = copy.deepcopy(network)
    turned = []

    def pictures(rows, angles):
        turned.extend(angles.tolist())
        return VALUES[rows]

    epochs = QueuedEpochs(network, sgd(network, 0.1, CPU), pictures, TARGET, 3, "tf32")
    angles = np.arange(7.0)
    steps = []
    losses = [epochs.run(ROWS, angles, lambda: steps.append(1)) for _ in range(2)]

    optimizer = sgd(plain, 0.1, CPU)
    expected = []
    for _ in range(2):
        loss_sum = 0.0
        for batch in (ROWS[:3], ROWS[3:6], ROWS[6:]):
            loss = cross_entropy(plain(VALUES[batch]), TARGET[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(batch)
        expected.append(loss_sum / 7)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    torch.testing.assert_close(network.weight, plain.weight)
    assert turned == [*angles, *angles]
    assert len(steps) == 6
