"""Networks on drawn clips that look at space and time at once: one class, chosen by YAML."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import torch
from torch import Tensor, nn
from torchvision.models import get_model, get_model_weights

from pdla.data.batches import ClipBatch, InputKind
from pdla.models.downloads import Pretrained
from pdla.models.scorer import LegScorer
from pdla.models.weights import load_pretrained

X3D_S_KINETICS: Final = Pretrained(
    "X3D_S Kinetics-400 (pytorchvideo)",
    "https://dl.fbaipublicfiles.com/pytorchvideo/model_zoo/kinetics/X3D_S.pyth",
)


@dataclass(frozen=True)
class Architecture:
    """What differs among the networks.

    Attributes:
        stages: The parts before the head in order; `freeze` counts them.
        set_head: Puts a layer for the scores in the place of the published one.
        smallest: Frames and px (both sides) of the smallest clip it can take.
        is_convolutional: Whether channels_last_3d makes it faster (a quarter on CPUs, more than
            twice on GPUs in bf16); transformers gain nothing.
    """

    stages: Callable[[Any], list[nn.Module]]
    set_head: Callable[[Any, float, int], None]
    smallest: tuple[int, int]
    is_convolutional: bool


class VideoNetwork(LegScorer):
    """A video network of torchvision or pytorchvideo, pre-trained on Kinetics-400 if to be had.

    r3d_18, mc3_18, r2plus1d_18: Tran et al. 2018, "A closer look at spatiotemporal convolutions for
    action recognition". s3d: Xie et al. 2018, "Rethinking spatiotemporal feature learning".
    mvit_v2_s: Li et al. 2022, "MViTv2". swin3d_t: Liu et al. 2022, "Video Swin Transformer".
    x3d_s: Feichtenhofer 2020, "X3D: expanding architectures for efficient video recognition".

    Options:
        architecture: One of the names above.
        dropout: Share of the features dropped before the last layer, in training.
        freeze: Number of stages, from the input on, that keep their weights and statistics.
    """

    input_kind: ClassVar[InputKind] = "drawn_clips"
    mean: Tensor
    std: Tensor

    def build_network(
        self,
        n_outputs: int,
        weights: str,
        *,
        architecture: str = "r3d_18",
        dropout: float = 0.0,
        freeze: int | str = 0,
    ) -> nn.Module:
        """The network with a layer for the scores instead of the 400 Kinetics classes."""
        self.architecture = _architecture(architecture)
        network = _build(architecture)
        self.weights_source = load_pretrained(network, weights, _pretrained(architecture))
        self.architecture.set_head(network, dropout, n_outputs)
        self.freeze_stages(self.architecture.stages(network), freeze)
        mean, std = _mean_and_std(architecture)
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("std", std, persistent=False)
        if self.architecture.is_convolutional:
            network = network.to(memory_format=torch.channels_last_3d)
        return network

    @classmethod
    def check_clips(cls, model: dict[str, Any], n_frames: int, size: tuple[int, int]) -> None:
        """Stop before any work at clips that are too small for the network."""
        name = str(model["architecture"])
        frames, px = _architecture(name).smallest
        if n_frames < frames or min(size) < px:
            raise ValueError(
                f"model {name} needs clips of at least {frames} frames of {px} x {px} px, got "
                f"{n_frames} of {size[0]} x {size[1]}: raise sampling.seconds, sampling.fps, "
                "drawing.height or drawing.width"
            )

    def forward(self, batch: ClipBatch) -> Tensor:
        """Outputs (B, n_outputs) for clips (B, 3, T, H, W) in 0-1."""
        clips = (batch["clips"] - self.mean) / self.std
        if self.architecture.is_convolutional:
            clips = clips.contiguous(memory_format=torch.channels_last_3d)
        _fit_positions(self.network, clips)
        outputs: Tensor = self.network(clips)
        return outputs


def _architecture(name: str) -> Architecture:
    if name not in ARCHITECTURES:
        raise ValueError(f"model.architecture={name!r}: choose {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name]


def _build(name: str) -> nn.Module:
    if name != "x3d_s":
        network: nn.Module = get_model(name, weights=None)
        return network
    # Imported here: it takes two seconds, and nobody else needs it.
    from pytorchvideo.models.x3d import create_x3d

    # The sizes of X3D-S in pytorchvideo's model zoo; its softmax is left to the head.
    x3d: nn.Module = create_x3d(
        input_clip_length=13, input_crop_size=160, depth_factor=2.2, head_activation=None
    )
    return x3d


def _pretrained(name: str) -> Pretrained:
    return X3D_S_KINETICS if name == "x3d_s" else Pretrained.of(get_model_weights(name).DEFAULT)


def _mean_and_std(name: str) -> tuple[Tensor, Tensor]:
    """Mean and SD of the colours that the weights were trained with, (3, 1, 1, 1) each."""
    if name == "x3d_s":
        mean, std = [0.45] * 3, [0.225] * 3
    else:
        transform = get_model_weights(name).DEFAULT.transforms()
        mean, std = transform.mean, transform.std
    return torch.tensor(mean)[:, None, None, None], torch.tensor(std)[:, None, None, None]


def _fit_positions(network: nn.Module, clips: Tensor) -> None:
    """Tell MViT the size of its clips; it interpolates its relative positions to it itself."""
    positions = getattr(network, "pos_encoding", None)
    if positions is not None:
        frames, height, width = clips.shape[2:]
        positions.temporal_size = (frames - 1) // 2 + 1  # stride 2, 4, 4 of its first convolution
        positions.spatial_size = ((height - 1) // 4 + 1, (width - 1) // 4 + 1)


def _linear(attribute: str, n_features: int) -> Callable[[Any, float, int], None]:
    def set_head(network: Any, dropout: float, n_outputs: int) -> None:
        head = nn.Sequential(nn.Dropout(dropout), nn.Linear(n_features, n_outputs))
        setattr(network, attribute, head)

    return set_head


def _set_s3d_head(network: Any, dropout: float, n_outputs: int) -> None:
    network.avgpool = nn.AdaptiveAvgPool3d(1)  # instead of a window that fits 224 px only
    network.classifier = nn.Sequential(nn.Dropout(dropout), nn.Conv3d(1024, n_outputs, 1))


def _set_x3d_head(network: Any, dropout: float, n_outputs: int) -> None:
    head = network.blocks[5]
    head.pool.pool = nn.AdaptiveAvgPool3d(1)  # instead of a window that fits 13 x 160 x 160 only
    head.dropout = nn.Dropout(dropout)
    head.proj = nn.Linear(2048, n_outputs)


def _resnet_stages(network: Any) -> list[nn.Module]:
    return [network.stem, network.layer1, network.layer2, network.layer3, network.layer4]


_RESNET: Final = Architecture(_resnet_stages, _linear("fc", 512), (2, 16), True)
ARCHITECTURES: Final = {
    "r3d_18": _RESNET,
    "mc3_18": _RESNET,
    "r2plus1d_18": _RESNET,
    "s3d": Architecture(lambda network: list(network.features), _set_s3d_head, (8, 32), True),
    "x3d_s": Architecture(lambda network: list(network.blocks[:5]), _set_x3d_head, (4, 32), True),
    "mvit_v2_s": Architecture(
        lambda network: [network.conv_proj, *network.blocks], _linear("head", 768), (4, 32), False
    ),
    "swin3d_t": Architecture(
        lambda network: [network.patch_embed, *network.features],
        _linear("head", 768), (4, 32), False,
    ),
}  # fmt: skip
