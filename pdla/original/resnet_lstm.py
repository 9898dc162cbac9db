"""ResNet-18 + LSTM as it was trained in 2023: runs of frames in batches of one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torchvision.models import ResNet18_Weights, resnet18

from pdla.data.recordings import LegSample
from pdla.models.downloads import Pretrained
from pdla.models.weights import load_pretrained
from pdla.original.pictures import frames_path
from pdla.original.r3d import MEAN, SD
from pdla.original.settings import OriginalSettings, Precision
from pdla.original.steps import QueuedEpochs, computing, own_stream, sgd

HIDDEN: Final = 256
N_SCORES: Final = 4  # scores 0 to 3: nobody had a 4
TRAIN_SHARE: Final = 0.8
STEP_EPOCHS: Final = 7
TEST_FRAMES: Final = 480  # looked at together where nothing is learnt

LSTMEpochDone = Callable[["LSTMTraining"], bool]


class ResNetLSTM2023(nn.Module):
    """ResNet-18 without its head on each frame, an LSTM, a linear layer on its last step."""

    def __init__(self, weights: str) -> None:
        super().__init__()
        self.frames = resnet18()
        source = Pretrained.of(ResNet18_Weights.IMAGENET1K_V1)
        self.weights_source = load_pretrained(self.frames, weights, source)
        self.frames.fc = nn.Identity()
        self.order = nn.LSTM(512, HIDDEN, batch_first=True)
        self.last = nn.Linear(HIDDEN, N_SCORES)

    def forward(self, runs: Tensor) -> Tensor:
        """Outputs (B, 4) of runs (B, T, 3, H, W)."""
        frames = runs.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        features = self.frames(frames).unflatten(0, runs.shape[:2])
        outputs: Tensor = self.last(self.order(features)[0][:, -1])
        return outputs


@dataclass(frozen=True)
class FrameRuns:
    """Runs of consecutive frames, each of one video.

    Attributes:
        frames: (N, 3, H, W) uint8, all frames of all videos.
        start: First frame of each run.
        score: Of each run.
        video: Index of each run's sample.
        length: Frames in a run.
    """

    frames: Tensor
    start: NDArray[np.int64]
    score: NDArray[np.int64]
    video: NDArray[np.int64]
    length: int


@dataclass
class LSTMTraining:
    """What a training of ResNet-18 + LSTM left.

    Attributes:
        run_frames: Frames in a run.
        weights_source: Published weights that it began from, or none.
        n_train: Runs learnt from.
        n_val: Runs tested.
        shared_videos: Share of the tested runs whose video is learnt from as well.
        train_loss: Mean loss of each epoch.
        val_loss: Of the tested runs after each epoch.
        val_accuracy: Of the tested runs after each epoch.
    """

    run_frames: int
    weights_source: str
    n_train: int
    n_val: int
    shared_videos: float
    train_loss: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)


def read_frames(
    out: Path, samples: Sequence[LegSample], settings: OriginalSettings
) -> tuple[Tensor, list[int]]:
    """All frames of the rated videos, (N, 3, H, W) uint8, and how many of each video.

    Raises:
        FileNotFoundError: If a video has no pictures.
    """
    frames = []
    for sample in samples:
        path = frames_path(out, sample.recording.video_id, settings)
        if not path.exists():
            raise FileNotFoundError(f"{path}: not there; run `pdla original --part pictures` first")
        frames.append(torch.from_numpy(np.load(path)))
    return torch.cat(frames), [len(video) for video in frames]


def cut_runs(
    frames: Tensor, counts: Sequence[int], samples: Sequence[LegSample], length: int
) -> FrameRuns:
    """Whole runs of `length` frames, one after the other in each video; the rest is left out."""
    start, video = [], []
    first = 0
    for index, count in enumerate(counts):
        begins = list(range(first, first + count - length + 1, length))
        start += begins
        video += [index] * len(begins)
        first += count
    scores = [samples[index].score or 0 for index in video]
    return FrameRuns(frames, np.array(start), np.array(scores), np.array(video), length)


def train_resnet_lstm(
    runs: FrameRuns,
    settings: OriginalSettings,
    device: torch.device,
    epochs: int,
    weights: str = "auto",
    after_epoch: LSTMEpochDone | None = None,
) -> LSTMTraining:
    """Train on a random 80% of the runs, test on the others: both have runs of the same videos.

    Args:
        runs: All runs, with their frames on the device.
        settings: The recipe.
        device: Where.
        epochs: How many.
        weights: `auto`, `required`, `none` (pdla.models.weights).
        after_epoch: Called after each epoch; training ends early if it returns False.
    """
    torch.manual_seed(settings.seed)
    network = ResNetLSTM2023(weights).to(device).to(memory_format=torch.channels_last)
    order = np.random.default_rng(settings.seed).permutation(len(runs.start))
    n_train = round(TRAIN_SHARE * len(order))
    train, val = order[:n_train], order[n_train:]
    shared = float(np.isin(runs.video[val], runs.video[train]).mean()) if len(val) else 0.0
    training = LSTMTraining(runs.length, network.weights_source, n_train, len(val), shared)
    optimizer = sgd(network, settings.lstm_lr, device)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, STEP_EPOCHS, 0.1)
    generator = np.random.default_rng(settings.seed)
    target = torch.tensor(runs.score, device=device)
    start = torch.tensor(runs.start, device=device)
    within = torch.arange(runs.length, device=device)

    def pictures(rows: Tensor, _: Tensor | None = None) -> Tensor:
        """(B, T, 3, H, W) of some runs, normalised."""
        frames = start.index_select(0, rows)[:, None] + within
        values = runs.frames.index_select(0, frames.flatten()).float()
        return ((values / 255 - MEAN) / SD).view(*frames.shape, *values.shape[1:])

    queued = QueuedEpochs(
        network, optimizer, pictures, target, 1, settings.precision, is_recorded=True
    )
    with own_stream(device):
        for _ in range(epochs):
            order = generator.permutation(train)
            training.train_loss.append(queued.run(order, np.zeros(len(order))))
            schedule.step()
            _validate(training, network, pictures, val, target, settings.precision)
            if after_epoch is not None and not after_epoch(training):
                break
    return training


@torch.no_grad()
def _validate(
    training: LSTMTraining,
    network: nn.Module,
    pictures: Callable[[Tensor], Tensor],
    val: NDArray[np.int64],
    target: Tensor,
    precision: Precision,
) -> None:
    network.eval()
    rows = torch.from_numpy(val).to(target.device)
    outputs = []
    for batch in torch.split(rows, max(1, TEST_FRAMES // training.run_frames)):
        with computing(target.device, precision):
            outputs.append(network(pictures(batch)).float())
    predicted, wanted = torch.cat(outputs), target[rows]
    training.val_loss.append(float(cross_entropy(predicted, wanted)))
    training.val_accuracy.append(float((predicted.argmax(dim=1) == wanted).float().mean()))
