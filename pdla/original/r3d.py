"""R3D-18 as it was trained in 2023, clip by clip in batches of three."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torchvision.models.video import R3D_18_Weights, r3d_18
from torchvision.transforms.v2 import functional as transforms

from pdla.models.downloads import Pretrained
from pdla.models.weights import load_pretrained
from pdla.original.clips import ClipSet
from pdla.original.settings import OriginalSettings

MEAN, SD = 0.45, 0.225  # of all three colours, as in 2023
N_KINETICS = 400  # the published head was kept: scores are its classes 0 to 3


@dataclass
class Training:
    """What a training left.

    Attributes:
        network: With the weights of the last epoch.
        best: Weights at the lowest validation loss.
        weights_source: Published weights that it began from, or none.
        train_loss: Mean loss of each epoch.
        val_loss: Mean loss of the validation clips after each epoch.
        best_epoch: Counted from 1.
    """

    network: nn.Module
    best: dict[str, Tensor]
    weights_source: str
    train_loss: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    best_epoch: int = 0


def train_r3d(
    clips: ClipSet,
    scores: Sequence[int],
    train: Sequence[int],
    val: Sequence[int],
    settings: OriginalSettings,
    device: torch.device,
    epochs: int,
    weights: str = "auto",
) -> Training:
    """Train on rows of a clip set, each once as it is and once turned ("hint").

    Args:
        clips: All clips.
        scores: Score of each clip.
        train: Rows to learn from.
        val: Rows whose loss chooses the weights.
        settings: The recipe.
        device: Where.
        epochs: How many.
        weights: `auto`, `required`, `none` (pdla.models.weights).
    """
    torch.manual_seed(settings.seed)
    network = r3d_18(num_classes=N_KINETICS)
    source = load_pretrained(network, weights, Pretrained.of(R3D_18_Weights.KINETICS400_V1))
    network = network.to(device, memory_format=torch.channels_last_3d)
    optimizer = torch.optim.SGD(network.parameters(), lr=settings.lr, momentum=0.9)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, list(settings.milestones), 0.1)
    target = torch.tensor(scores, device=device)
    generator = np.random.default_rng(settings.seed)
    training = Training(network, {}, source)
    for epoch in range(1, epochs + 1):
        network.train()
        losses = []
        for batch, angles in _epoch(train, settings, generator):
            pictures = _pictures(clips, batch, angles, settings, device)
            with _precision(device):
                loss = cross_entropy(network(pictures).float(), target[batch])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            losses.append(loss.detach() * len(batch))
            if settings.as_it_was:
                schedule.step()
        if not settings.as_it_was:
            schedule.step()
        training.train_loss.append(float(torch.stack(losses).sum() / (2 * len(train))))
        _validate(training, clips, target, val, settings, device, epoch)
    return training


def probabilities(
    network: nn.Module,
    clips: ClipSet,
    rows: Sequence[int],
    settings: OriginalSettings,
    device: torch.device,
) -> NDArray[np.float64]:
    """(n rows, 400) probabilities of clips as they are."""
    network.eval()
    with torch.no_grad():
        parts = [
            torch.softmax(_outputs(network, clips, batch, settings, device), dim=1).cpu()
            for batch in _batches(rows, settings.batch_size)
        ]
    return torch.cat(parts).double().numpy()


def _validate(
    training: Training,
    clips: ClipSet,
    target: Tensor,
    val: Sequence[int],
    settings: OriginalSettings,
    device: torch.device,
    epoch: int,
) -> None:
    """Note the validation loss, and keep the weights if it was never lower."""
    training.network.eval()
    with torch.no_grad():
        losses = [
            cross_entropy(
                _outputs(training.network, clips, batch, settings, device), target[batch],
                reduction="sum",
            )
            for batch in _batches(val, settings.batch_size)
        ]  # fmt: skip
    loss = float(torch.stack(losses).sum() / len(val))
    if not training.val_loss or loss < min(training.val_loss):
        training.best_epoch = epoch
        training.best = {
            name: value.detach().clone() for name, value in training.network.state_dict().items()
        }
    training.val_loss.append(loss)


def _outputs(
    network: nn.Module,
    clips: ClipSet,
    batch: list[int],
    settings: OriginalSettings,
    device: torch.device,
) -> Tensor:
    pictures = _pictures(clips, batch, [0.0] * len(batch), settings, device)
    with _precision(device):
        outputs: Tensor = network(pictures).float()
    return outputs


def _epoch(
    train: Sequence[int], settings: OriginalSettings, generator: np.random.Generator
) -> list[tuple[list[int], list[float]]]:
    """Batches of an epoch: every clip once as it is and once turned, shuffled together."""
    rows = np.concatenate([train, train]).astype(np.int64)
    turns = generator.uniform(-settings.rotate_degrees, settings.rotate_degrees, len(train))
    angles = np.concatenate([np.zeros(len(train)), turns])
    order = generator.permutation(len(rows))
    return [
        (rows[part].tolist(), angles[part].tolist())
        for part in (order[place] for place in _batches(range(len(order)), settings.batch_size))
    ]


def _batches(rows: Sequence[int], size: int) -> list[list[int]]:
    return [list(rows[start : start + size]) for start in range(0, len(rows), size)]


def _pictures(
    clips: ClipSet,
    rows: Sequence[int],
    angles: Sequence[float],
    settings: OriginalSettings,
    device: torch.device,
) -> Tensor:
    """(B, 3, T, H, W) normalised as in 2023; values are 0-1, or 0-255 as it was."""
    values = clips.clips[list(rows)].to(device, torch.float32, non_blocking=True)
    turned = [
        transforms.rotate(clip, angle) if angle else clip
        for clip, angle in zip(values, angles, strict=True)
    ]
    pictures = torch.stack(turned)
    if not settings.as_it_was:
        pictures = pictures / 255
    normalised = (pictures - MEAN) / SD
    return normalised.contiguous(memory_format=torch.channels_last_3d)


def _precision(device: torch.device) -> torch.autocast:
    """bf16 on a GPU, where it is ten times faster; full precision on a CPU."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")
