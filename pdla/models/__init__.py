"""Networks that score a leg. LegScorer trains them all; a subclass gives only the network."""

from typing import TYPE_CHECKING

from pdla.lazy import lazy_names

if TYPE_CHECKING:
    from pdla.models.graph_networks import STGCN
    from pdla.models.heads import CrossEntropyHead, EarthMoverHead, FocalHead, Head, SoftLabelsHead
    from pdla.models.heatmap_networks import PoseC3D
    from pdla.models.kinematic_model import KinematicModel, KinematicTCN
    from pdla.models.ordinal_heads import CLMHead, CORALHead, CORNHead, RegressionHead
    from pdla.models.resnet_lstm import ResNetLSTM
    from pdla.models.scorer import ClipScores, LegScorer
    from pdla.models.trajectory_networks import TCN
    from pdla.models.video_networks import VideoNetwork

__all__ = [
    "STGCN",
    "TCN",
    "CLMHead",
    "CORALHead",
    "CORNHead",
    "ClipScores",
    "CrossEntropyHead",
    "EarthMoverHead",
    "FocalHead",
    "Head",
    "KinematicModel",
    "KinematicTCN",
    "LegScorer",
    "PoseC3D",
    "RegressionHead",
    "ResNetLSTM",
    "SoftLabelsHead",
    "VideoNetwork",
]
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "pdla.models.graph_networks": ("STGCN",),
        "pdla.models.heads": (
            "Head",
            "CrossEntropyHead",
            "FocalHead",
            "SoftLabelsHead",
            "EarthMoverHead",
        ),
        "pdla.models.heatmap_networks": ("PoseC3D",),
        "pdla.models.kinematic_model": (
            "KinematicModel",
            "KinematicTCN",
        ),
        "pdla.models.ordinal_heads": (
            "CORNHead",
            "CORALHead",
            "CLMHead",
            "RegressionHead",
        ),
        "pdla.models.resnet_lstm": ("ResNetLSTM",),
        "pdla.models.scorer": (
            "LegScorer",
            "ClipScores",
        ),
        "pdla.models.trajectory_networks": ("TCN",),
        "pdla.models.video_networks": ("VideoNetwork",),
    },
)
