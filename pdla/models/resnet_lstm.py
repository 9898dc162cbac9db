"""A network that looks at single pictures, then at their order: ResNet-18 and an LSTM."""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torchvision.models import ResNet18_Weights, resnet18

from pdla.data.batches import ClipBatch, InputKind
from pdla.models.downloads import Pretrained
from pdla.models.scorer import LegScorer
from pdla.models.weights import load_pretrained

# Mean and SD of ImageNet for pictures in 0-1 (torchvision documentation of these weights).
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class ResNetLSTM(LegScorer):
    """ResNet-18 on each frame, an LSTM over the frames, a linear layer on its last step.

    Architecture of the 2023 system (BASELINE_2023.md, "ResNet + LSTM"); ResNet: He et al. 2016.

    Options:
        hidden: Size of the LSTM's state.
        dropout: Share of the LSTM's last state dropped before the last layer, in training.
        freeze: Number of stages of the ResNet (0 to 5) that keep their weights and statistics.
    """

    input_kind: ClassVar[InputKind] = "drawn_clips"

    def build_network(
        self,
        n_outputs: int,
        weights: str,
        *,
        hidden: int = 256,
        dropout: float = 0.0,
        freeze: int | str = 0,
    ) -> nn.Module:
        """ResNet-18 without its ImageNet head, LSTM, and a layer for the scores."""
        network = _FramesThenOrder(hidden, dropout, n_outputs)
        frames = network.frames
        pretrained = Pretrained.of(ResNet18_Weights.IMAGENET1K_V1)
        self.weights_source = load_pretrained(frames, weights, pretrained)
        frames.fc = nn.Identity()
        stem = nn.ModuleList([frames.conv1, frames.bn1])
        self.freeze_stages(
            [stem, frames.layer1, frames.layer2, frames.layer3, frames.layer4], freeze
        )
        return network

    def forward(self, batch: ClipBatch) -> Tensor:
        """Outputs (B, n_outputs) for clips (B, 3, T, H, W) in 0-1."""
        clips = batch["clips"]
        mean = clips.new_tensor(IMAGENET_MEAN)[:, None, None, None]
        std = clips.new_tensor(IMAGENET_STD)[:, None, None, None]
        outputs: Tensor = self.network((clips - mean) / std)
        return outputs


class _FramesThenOrder(nn.Module):
    def __init__(self, hidden: int, dropout: float, n_outputs: int) -> None:
        super().__init__()
        self.frames = resnet18(weights=None).to(memory_format=torch.channels_last)
        self.order = nn.LSTM(512, hidden, batch_first=True)
        self.last = nn.Sequential(nn.Dropout(dropout), nn.Linear(hidden, n_outputs))

    def forward(self, clips: Tensor) -> Tensor:
        batch, _, frames = clips.shape[:3]
        pictures = clips.transpose(1, 2).flatten(0, 1)  # (B * T, 3, H, W)
        features = self.frames(pictures.contiguous(memory_format=torch.channels_last))
        steps, _ = self.order(features.view(batch, frames, -1))
        outputs: Tensor = self.last(steps[:, -1])
        return outputs
