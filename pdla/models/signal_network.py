"""A small 1-D network that rates a leg from its flow."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import huber_loss

from pdla.models.trajectory_networks import TrajectoryEncoder

Values = NDArray[np.float64]

CHANNELS: Final = 16
LAYERS: Final = 3
EPOCHS: Final = 40
BATCH: Final = 32
CLIP_FRAMES: Final = 96  # of a random stretch in training: about 3 s at 30 fps


class SignalNetwork(nn.Module):
    """Dilated convolutions over (B, 3, T) flow, mean and spread over time, one rating (B,)."""

    def __init__(self, n_inputs: int = 3) -> None:
        super().__init__()
        self.encoder = TrajectoryEncoder(n_inputs, CHANNELS, LAYERS, dropout=0.2)
        self.last = nn.Sequential(nn.Dropout(0.3), nn.Linear(self.encoder.n_features, 1))

    def forward(self, flow: Tensor) -> Tensor:
        """Ratings (B,) of flow (B, 3, T)."""
        rating: Tensor = self.last(self.encoder(flow))[:, 0]
        return rating


def fit_signal_network(
    flows: Sequence[Values], ratings: Values, seed: int
) -> tuple[SignalNetwork, float]:
    """Train on random stretches of the flows; Huber loss, AdamW, a fixed number of epochs.

    Args:
        flows: (3, T) of each leg; T may differ.
        ratings: (n,) mean ratings.
        seed: Of weights and stretches; the caller's random state is left alone.

    Returns:
        The network in evaluation mode, and the factor that flows are divided by.
    """
    scale = float(np.concatenate([flow[0] for flow in flows]).std()) or 1.0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = SignalNetwork()
        generator = np.random.default_rng(seed)
        nn.init.constant_(network.last[1].bias, float(ratings.mean()))  # type: ignore[arg-type]
        optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=1e-2)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
        target = torch.tensor(ratings, dtype=torch.float32)
        for _ in range(EPOCHS):
            order = generator.permutation(len(flows))
            for part in np.array_split(order, max(1, len(order) // BATCH)):
                clips = np.stack([_stretch(flows[index], generator) / scale for index in part])
                loss = huber_loss(network(torch.tensor(clips, dtype=torch.float32)), target[part])
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
            schedule.step()
    return network.eval(), scale


def rate_signals(network: SignalNetwork, scale: float, flows: Sequence[Values]) -> Values:
    """Ratings (n,) of whole flows, each at its own length."""
    with torch.no_grad():
        rated = [network(torch.tensor(flow[None] / scale, dtype=torch.float32)) for flow in flows]
    return torch.cat(rated).double().numpy()


def _stretch(flow: Values, generator: np.random.Generator) -> Values:
    """A random stretch of CLIP_FRAMES; a shorter flow is repeated."""
    repeated = np.tile(flow, (1, -(-CLIP_FRAMES // flow.shape[1])))
    start = int(generator.integers(0, repeated.shape[1] - CLIP_FRAMES + 1))
    stretch: Values = repeated[:, start : start + CLIP_FRAMES]
    return stretch
