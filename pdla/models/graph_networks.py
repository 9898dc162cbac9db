"""Networks on the body as a graph of joints: ST-GCN++ on BODY_25."""

from collections.abc import Sequence
from typing import ClassVar, Final

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from pdla.data.batches import ClipBatch, InputKind
from pdla.data.skeletons import N_JOINTS
from pdla.models.keypoint_features import PARENT, check_streams, keypoint_features, n_channels
from pdla.models.scorer import LegScorer

TEMPORAL_BRANCHES: Final = 6


class STGCN(LegScorer):
    """ST-GCN++: adaptive spatial graph convolutions, temporal convolutions of several reaches.

    Papers: Duan et al. 2022, "PYSKL: towards good practices for skeleton action recognition"
    (ST-GCN++), after Yan et al. 2018 (ST-GCN) and Shi et al. 2019 (2s-AGCN). The streams (joints,
    bones, motion) are joined at the input and not averaged over networks of their own: small
    cohorts then train one small network.

    Options:
        streams: What the network is told of each joint (pdla.models.keypoint_features).
        channels: Channels of the stages; each stage halves the frame rate.
        blocks: Blocks of each stage.
        dropout: Share of the features dropped before the last layer, in training.
        freeze: Stages (normalisation of the input, then blocks) that keep weights and statistics.
    """

    input_kind: ClassVar[InputKind] = "keypoint_clips"

    def build_network(
        self,
        n_outputs: int,
        weights: str,
        *,
        streams: Sequence[str] = ("joint", "bone", "motion"),
        channels: Sequence[int] = (24, 48, 96),
        blocks: Sequence[int] = (1, 1, 1),
        dropout: float = 0.0,
        freeze: int | str = 0,
    ) -> nn.Module:
        """ST-GCN++ of a size that small cohorts can train."""
        check_streams(streams)
        self.streams = tuple(streams)
        network = GraphNetwork(n_channels(streams), channels, blocks, dropout, n_outputs)
        self.freeze_stages([network.normalise, *network.blocks], freeze)
        return network

    def forward(self, batch: ClipBatch) -> Tensor:
        """Outputs (B, n_outputs) for keypoints (B, T, 25, 3) in px."""
        outputs: Tensor = self.network(keypoint_features(batch["keypoints"], self.streams))
        return outputs

    def joint_network(self) -> nn.Module:
        """All of it."""
        return self.network

    def by_joint(self, features: Tensor) -> Tensor:
        """They are (B, C, T, 25) already."""
        return features


class GraphNetwork(nn.Module):
    """Blocks of graph and temporal convolutions, the mean over joints and frames, a last layer.

    Args:
        n_inputs: Channels of each joint.
        channels: Channels of the stages; multiples of 6.
        blocks: Blocks of each stage.
        dropout: Before the last layer.
        n_outputs: Outputs of the last layer.

    Raises:
        ValueError: If stages do not agree, or channels are no multiples of 6.
    """

    def __init__(
        self,
        n_inputs: int,
        channels: Sequence[int],
        blocks: Sequence[int],
        dropout: float,
        n_outputs: int,
    ) -> None:
        super().__init__()
        if len(channels) != len(blocks) or any(n % TEMPORAL_BRANCHES for n in channels):
            raise ValueError(
                f"model.channels={list(channels)}, blocks={list(blocks)}: one number of blocks for "
                f"each stage, channels in multiples of {TEMPORAL_BRANCHES}"
            )
        self.normalise = nn.BatchNorm1d(n_inputs * N_JOINTS)
        layers: list[nn.Module] = []
        width = n_inputs
        for n_stage, n_blocks in zip(channels, blocks, strict=True):
            for block in range(n_blocks):
                stride = 2 if block == 0 else 1
                layers.append(GraphBlock(width, n_stage, stride))
                width = n_stage
        self.blocks = nn.Sequential(*layers)
        self.last = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, n_outputs))

    def forward(self, features: Tensor) -> Tensor:
        """Outputs (B, n_outputs) for features (B, C, T, J)."""
        batch, n_inputs, frames, joints = features.shape
        flat = features.transpose(2, 3).reshape(batch, n_inputs * joints, frames)
        flat = self.normalise(flat).view(batch, n_inputs, joints, frames)
        encoded = self.blocks(flat.transpose(2, 3))  # (B, C', T', J)
        outputs: Tensor = self.last(encoded.mean(dim=(2, 3)))
        return outputs


class GraphBlock(nn.Module):
    """Spatial graph convolution, then temporal convolutions, with a way around both.

    Args:
        n_inputs: Channels in.
        n_outputs: Channels out.
        stride: Keep every stride-th frame.
    """

    def __init__(self, n_inputs: int, n_outputs: int, stride: int) -> None:
        super().__init__()
        self.space = AdaptiveGraph(n_inputs, n_outputs)
        self.time = MultiScaleTime(n_outputs, stride)
        self.around = _around(n_inputs, n_outputs, stride)

    def forward(self, features: Tensor) -> Tensor:
        """(B, n_outputs, T / stride, J) of (B, n_inputs, T, J)."""
        return torch.relu(self.time(self.space(features)) + self.around(features))


class AdaptiveGraph(nn.Module):
    """Graph convolution whose edges start as the bones of BODY_25 and are then learnt.

    Three graphs: a joint itself, the joint towards the hips, the joints away from them (Yan et al.
    2018, "spatial configuration"); edges as parameters and a residual as in ST-GCN++. Joints are
    summed along the edges before channels are mixed, which gives the same numbers with less work:
    there are fewer channels before than after.
    """

    def __init__(self, n_inputs: int, n_outputs: int) -> None:
        super().__init__()
        graphs = body_graphs()
        self.edges = nn.Parameter(graphs)
        self.mix = nn.Conv2d(n_inputs, n_outputs * len(graphs), 1)
        self.norm = nn.BatchNorm2d(n_outputs)
        self.around = _around(n_inputs, n_outputs, 1)

    def forward(self, features: Tensor) -> Tensor:
        """(B, n_outputs, T, J) of (B, n_inputs, T, J)."""
        summed = torch.cat([features @ edges for edges in self.edges], dim=1)  # (B, 3 C, T, J)
        weight, bias = (value.view(3, -1, *value.shape[1:]) for value in self.mix.parameters())
        mixed = conv2d(summed, weight.transpose(0, 1).flatten(1, 2))
        mixed = mixed + (bias.T @ self.edges.sum(dim=1))[:, None]
        return torch.relu(self.norm(mixed) + self.around(features))


class MultiScaleTime(nn.Module):
    """Six branches over time: dilations 1 to 4, the largest of three frames, a frame alone."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        width = channels // TEMPORAL_BRANCHES
        branches: list[nn.Module] = [
            nn.Sequential(
                _mix(channels, width),
                nn.Conv2d(width, width, (3, 1), (stride, 1), (dilation, 0), (dilation, 1)),
            )
            for dilation in (1, 2, 3, 4)
        ]
        largest = nn.MaxPool2d((3, 1), (stride, 1), (1, 0))
        branches.append(nn.Sequential(_mix(channels, width), largest))
        branches.append(nn.Conv2d(channels, width, 1, (stride, 1)))
        self.branches = nn.ModuleList(branches)
        self.join = nn.Sequential(
            nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, channels, 1)
        )
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, T / stride, J) of (B, C, T, J)."""
        together = torch.cat([branch(features) for branch in self.branches], dim=1)
        normed: Tensor = self.norm(self.join(together))
        return normed


def body_graphs() -> Tensor:
    """Edges (3, 25, 25): itself, from the parent, from the children; columns sum to 1 or 0."""
    itself = torch.eye(N_JOINTS)
    from_parent = torch.zeros(N_JOINTS, N_JOINTS)
    for joint, parent in enumerate(PARENT):
        if parent != joint:
            from_parent[parent, joint] = 1.0
    from_children = from_parent.T.clone()
    graphs = torch.stack([itself, from_parent, from_children])
    return graphs / graphs.sum(dim=1, keepdim=True).clamp(min=1.0)


def _mix(n_inputs: int, n_outputs: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(n_inputs, n_outputs, 1), nn.BatchNorm2d(n_outputs), nn.ReLU())


def _around(n_inputs: int, n_outputs: int, stride: int) -> nn.Module:
    if n_inputs == n_outputs and stride == 1:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(n_inputs, n_outputs, 1, (stride, 1)), nn.BatchNorm2d(n_outputs))
