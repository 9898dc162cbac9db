"""ResNet-18 + LSTM as it was trained in 2023: runs of frames in batches of one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torchvision.models import ResNet18_Weights, resnet18

from pdla.data.recordings import LegSample
from pdla.models.downloads import Pretrained
from pdla.models.weights import load_pretrained
from pdla.original.pictures import IMAGES, read_png
from pdla.original.r3d import MEAN, SD
from pdla.original.settings import OriginalSettings

HIDDEN: Final = 256
N_SCORES: Final = 4  # scores 0 to 3: nobody had a 4
TRAIN_SHARE: Final = 0.8
STEP_EPOCHS: Final = 7


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
        features = self.frames(runs.flatten(0, 1)).unflatten(0, runs.shape[:2])
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
    out: Path, samples: Sequence[LegSample], size: tuple[int, int]
) -> tuple[Tensor, list[int]]:
    """All PNG frames of the rated videos, resized: (N, 3, H, W) uint8, and how many of each video.

    Raises:
        FileNotFoundError: If a video has no pictures.
    """
    frames, counts = [], []
    for sample in samples:
        folder = out / IMAGES / sample.recording.video_id
        pictures = sorted(folder.glob("*.png"))
        if not pictures:
            raise FileNotFoundError(f"{folder}: no pictures; delete {out} and run again")
        for path in pictures:
            picture = cv2.resize(read_png(path), size[::-1], interpolation=cv2.INTER_AREA)
            frames.append(np.ascontiguousarray(picture.transpose(2, 0, 1)))
        counts.append(len(pictures))
    return torch.from_numpy(np.stack(frames)), counts


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
) -> LSTMTraining:
    """Train on a random 80% of the runs, test on the others: both have runs of the same videos."""
    torch.manual_seed(settings.seed)
    network = ResNetLSTM2023(weights).to(device)
    order = np.random.default_rng(settings.seed).permutation(len(runs.start))
    n_train = round(TRAIN_SHARE * len(order))
    train, val = order[:n_train], order[n_train:]
    shared = float(np.isin(runs.video[val], runs.video[train]).mean()) if len(val) else 0.0
    training = LSTMTraining(runs.length, network.weights_source, n_train, len(val), shared)
    optimizer = torch.optim.SGD(network.parameters(), lr=settings.lstm_lr, momentum=0.9)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, STEP_EPOCHS, 0.1)
    generator = np.random.default_rng(settings.seed)
    target = torch.tensor(runs.score, device=device)
    for _ in range(epochs):
        network.train()
        losses = []
        for run in generator.permutation(train).tolist():
            loss = cross_entropy(network(_pictures(runs, run, device)), target[run : run + 1])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            losses.append(loss.detach())
        schedule.step()
        training.train_loss.append(float(torch.stack(losses).mean()))
        _validate(training, network, runs, val, target, device)
    return training


def _validate(
    training: LSTMTraining,
    network: nn.Module,
    runs: FrameRuns,
    val: NDArray[np.int64],
    target: Tensor,
    device: torch.device,
) -> None:
    network.eval()
    with torch.no_grad():
        outputs = torch.cat([network(_pictures(runs, run, device)) for run in val.tolist()])
    wanted = target[torch.from_numpy(val).to(device)]
    training.val_loss.append(float(cross_entropy(outputs, wanted)))
    training.val_accuracy.append(float((outputs.argmax(dim=1) == wanted).float().mean()))


def _pictures(runs: FrameRuns, run: int, device: torch.device) -> Tensor:
    """(1, T, 3, H, W) of one run, normalised."""
    first = int(runs.start[run])
    frames = runs.frames[first : first + runs.length].to(device, torch.float32)
    return ((frames / 255 - MEAN) / SD)[None]
