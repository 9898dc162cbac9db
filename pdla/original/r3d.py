"""R3D-18 as it was trained in 2023, clip by clip in batches of three."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, grid_sample
from torchvision.models.video import R3D_18_Weights, r3d_18

from pdla.models.downloads import Pretrained
from pdla.models.weights import load_pretrained
from pdla.original.clips import ClipSet
from pdla.original.settings import OriginalSettings
from pdla.original.steps import QueuedEpochs, computing, own_stream, sgd

MEAN, SD = 0.45, 0.225  # of all three colours, as in 2023
N_KINETICS = 400  # the published head was kept: scores are its classes 0 to 3
TEST_BATCH = 8  # clips looked at together where nothing is learnt; outputs do not depend on it
SMALL_CLIP_PX = 500_000  # a step of smaller clips is over before its kernels could be launched

EpochDone = Callable[["Training"], bool]


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
    weights: str = "auto",
    after_epoch: EpochDone | None = None,
) -> Training:
    """Train on rows of a clip set, each once as it is and once turned ("hint").

    Args:
        clips: All clips, on the device.
        scores: Score of each clip.
        train: Rows to learn from.
        val: Rows whose loss chooses the weights.
        settings: The recipe.
        device: Where.
        weights: `auto`, `required`, `none` (pdla.models.weights).
        after_epoch: Called after each epoch; training ends early if it returns False.
    """
    torch.manual_seed(settings.seed)
    network = r3d_18(num_classes=N_KINETICS)
    source = load_pretrained(network, weights, Pretrained.of(R3D_18_Weights.KINETICS400_V1))
    network = network.to(device, memory_format=_memory_format(device))
    optimizer = sgd(network, settings.lr, device)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, list(settings.milestones), 0.1)
    target = torch.tensor(scores, device=device)
    generator = np.random.default_rng(settings.seed)
    training = Training(network, {}, source)
    epochs = QueuedEpochs(
        network, optimizer, partial(pictures_of, clips, settings), target,
        settings.batch_size, settings.precision,
        is_recorded=clips.clips[0, 0].numel() < SMALL_CLIP_PX,
    )  # fmt: skip
    with own_stream(device):
        for epoch in range(1, settings.epochs + 1):
            rows, angles = epoch_order(train, settings, generator)
            loss = epochs.run(rows, angles, schedule.step if settings.as_it_was else None)
            if not settings.as_it_was:
                schedule.step()
            training.train_loss.append(loss)
            _validate(training, clips, target, val, settings, epoch)
            if after_epoch is not None and not after_epoch(training):
                break
    return training


def probabilities(
    network: nn.Module, clips: ClipSet, rows: Sequence[int], settings: OriginalSettings
) -> NDArray[np.float64]:
    """(n rows, 400) probabilities of clips as they are."""
    return torch.softmax(_outputs(network, clips, rows, settings), dim=1).cpu().double().numpy()


def epoch_order(
    train: Sequence[int], settings: OriginalSettings, generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows of an epoch and their angles: every clip as it is and turned, shuffled together."""
    rows = np.concatenate([train, train]).astype(np.int64)
    turns = generator.uniform(-settings.rotate_degrees, settings.rotate_degrees, len(train))
    angles = np.concatenate([np.zeros(len(train)), turns])
    order = generator.permutation(len(rows))
    return rows[order], angles[order]


def pictures_of(
    clips: ClipSet, settings: OriginalSettings, rows: Tensor, angles: Tensor | None = None
) -> Tensor:
    """Clips as the network takes them: turned, normalised as in 2023.

    Args:
        clips: On the device of the network.
        settings: Whether values are 0-1, or 0-255 as it was.
        rows: (B,) which clips.
        angles: (B,) in degrees; None: not turned.

    Returns:
        (B, 3, T, H, W) float32.
    """
    values = clips.clips.index_select(0, rows.to(clips.clips.device)).float()
    if angles is not None:
        values = turn(values, angles)
    if not settings.as_it_was:
        values = values / 255
    normalised = (values - MEAN) / SD
    return normalised.contiguous(memory_format=_memory_format(normalised.device))


def turn(clips: Tensor, degrees: Tensor) -> Tensor:
    """Turn each clip as a whole, as torchvision's rotate does, all in one go.

    Args:
        clips: (B, 3, T, H, W) float32.
        degrees: (B,) counter-clockwise.

    Returns:
        Clips of the same shape, black where there was no picture; the nearest pixel is taken.
    """
    height, width = clips.shape[-2:]
    y = torch.arange(height, device=clips.device) - (height - 1) / 2
    x = torch.arange(width, device=clips.device) - (width - 1) / 2
    cos, sin = (part[:, None, None] for part in (degrees.deg2rad().cos(), degrees.deg2rad().sin()))
    source_x = (x * cos - y[:, None] * sin) / (width / 2)
    source_y = (x * sin + y[:, None] * cos) / (height / 2)
    grid = torch.stack([source_x, source_y], dim=-1)
    turned = grid_sample(clips.flatten(1, 2), grid, mode="nearest", align_corners=False)
    return turned.view_as(clips)


def _memory_format(device: torch.device) -> torch.memory_format:
    """Channels last is twice as fast on a GPU, and a third slower on a CPU."""
    return torch.channels_last_3d if device.type == "cuda" else torch.contiguous_format


def _validate(
    training: Training,
    clips: ClipSet,
    target: Tensor,
    val: Sequence[int],
    settings: OriginalSettings,
    epoch: int,
) -> None:
    """Note the validation loss, and keep the weights if it was never lower."""
    outputs = _outputs(training.network, clips, val, settings)
    loss = float(cross_entropy(outputs, target[list(val)]))
    if not training.val_loss or loss < min(training.val_loss):
        training.best_epoch = epoch
        training.best = {
            name: value.detach().clone() for name, value in training.network.state_dict().items()
        }
    training.val_loss.append(loss)


@torch.no_grad()
def _outputs(
    network: nn.Module, clips: ClipSet, rows: Sequence[int], settings: OriginalSettings
) -> Tensor:
    """(n rows, 400) of clips as they are."""
    network.eval()
    device = next(network.parameters()).device
    parts = []
    for batch in torch.split(torch.tensor(list(rows), device=device), TEST_BATCH):
        pictures = pictures_of(clips, settings, batch).to(device)
        with computing(device, settings.precision):
            parts.append(network(pictures).float())
    return torch.cat(parts)
