"""Joint layouts of other pose estimators, and how each becomes BODY_25."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.skeletons import BONES, JOINT, N_JOINTS

Source = int | tuple[int, int] | None  # one joint, the middle of two joints, or not there

# OpenPose writes 0 for a joint that it did not find. The others always name a place and say with a
# low confidence that they do not believe in it: legs below the picture have 0.0006 (MediaPipe).
# MMPose and Pose2Sim hide joints below 0.3 by default; a leg behind the other is often 0.2 to 0.3.
SEEN_BY_OPENPOSE: Final = 1e-6
SEEN_BY_OTHERS: Final = 0.1


@dataclass(frozen=True)
class Layout:
    """Which joints a pose estimator writes, and in which order.

    Attributes:
        name: As in `recordings.openpose.layout`.
        n_points: Joints of a person.
        tools: Who writes it.
        feet: Points of each foot, in words.
        reference: Where the order is published.
        sources: Where each of the 25 joints comes from, in the order of BODY_25: Nose Neck |
            RShoulder RElbow RWrist | LShoulder LElbow LWrist | MidHip | RHip RKnee RAnkle |
            LHip LKnee LAnkle | REye LEye REar LEar | LBigToe LSmallToe LHeel |
            RBigToe RSmallToe RHeel.
        min_confidence: A joint with less was not seen.
    """

    name: str
    n_points: int
    tools: str
    feet: str
    reference: str
    sources: tuple[Source, ...]
    min_confidence: float = SEEN_BY_OTHERS

    @property
    def has_face(self) -> bool:
        """Whether it has nose and eyes."""
        return None not in [self.sources[JOINT[name]] for name in ("Nose", "REye", "LEye")]


_COCO_BODY: Final[tuple[Source, ...]] = (
    0, (5, 6), 6, 8, 10, 5, 7, 9, (11, 12), 12, 14, 16, 11, 13, 15, 2, 1, 4, 3,
)  # fmt: skip
_HALPE: Final[tuple[Source, ...]] = (
    0, 18, 6, 8, 10, 5, 7, 9, 19, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3, 20, 22, 24, 21, 23, 25,
)  # fmt: skip
_NO_FEET: Final[tuple[Source, ...]] = (None,) * 6
_NO_FACE: Final[tuple[Source, ...]] = (None,) * 4
_OPENPOSE_DOCS: Final = "OpenPose documentation, Output: keypoint ordering"

_TABLE: Final = (
    Layout(
        "body_25", 25, "OpenPose (default model)", "big toe, small toe, heel", _OPENPOSE_DOCS,
        tuple(range(25)), SEEN_BY_OPENPOSE,
    ),
    Layout(
        "body_25b", 25, "OpenPose (BODY_25B)", "big toe, small toe, heel",
        "OpenPose, poseParameters.cpp",
        (
            0, 17, 6, 8, 10, 5, 7, 9, (11, 12), 12, 14, 16, 11, 13, 15, 2, 1, 4, 3,
            19, 20, 21, 22, 23, 24,
        ),
        SEEN_BY_OPENPOSE,
    ),
    Layout(
        "coco_18", 18, "OpenPose (COCO model), AlphaPose (--format cmu or open)", "none",
        _OPENPOSE_DOCS,
        (0, 1, 2, 3, 4, 5, 6, 7, (8, 11), 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, *_NO_FEET),
        SEEN_BY_OPENPOSE,
    ),
    Layout(
        "mpi_15", 15, "OpenPose (MPI model)", "none", _OPENPOSE_DOCS,
        (None, 1, 2, 3, 4, 5, 6, 7, (8, 11), 8, 9, 10, 11, 12, 13, *_NO_FACE, *_NO_FEET),
        SEEN_BY_OPENPOSE,
    ),
    Layout(
        "coco_17", 17, "AlphaPose, MMPose, rtmlib, Ultralytics YOLO, Detectron2, MoveNet", "none",
        "COCO keypoints (cocodataset.org, Data format)", (*_COCO_BODY, *_NO_FEET),
    ),
    Layout(
        "h36m_17", 17, "MMPose (Human3.6M models)", "none",
        "MMPose, configs/_base_/datasets/h36m.py",
        (
            9, 8, 14, 15, 16, 11, 12, 13, 0, 1, 2, 3, 4, 5, 6, *_NO_FACE, *_NO_FEET,
        ),
    ),
    Layout(
        "mpii_16", 16, "MMPose (MPII models)", "none", "MMPose, configs/_base_/datasets/mpii.py",
        (None, 7, 12, 11, 10, 13, 14, 15, 6, 2, 1, 0, 3, 4, 5, *_NO_FACE, *_NO_FEET),
    ),
    Layout(
        "halpe_26", 26, "Pose2Sim, Sports2D, rtmlib (BodyWithFeet), AlphaPose, MMPose",
        "big toe, small toe, heel", "Halpe-FullBody (Fang-Haoshu), keypoints format", _HALPE,
    ),
    Layout(
        "halpe_136", 136, "AlphaPose (Halpe full body)", "big toe, small toe, heel",
        "Halpe-FullBody (Fang-Haoshu), keypoints format", _HALPE,
    ),
    Layout(
        "coco_133", 133, "rtmlib (Wholebody), Pose2Sim, MMPose, DWPose",
        "big toe, small toe, heel", "COCO-WholeBody (jin-s13), keypoints format",
        (*_COCO_BODY, 17, 18, 19, 20, 21, 22),
    ),
    Layout(
        "mediapipe_33", 33, "MediaPipe Pose, BlazePose", "heel, foot index (as big toe)",
        "MediaPipe documentation, Pose landmark detection",
        (
            0, (11, 12), 12, 14, 16, 11, 13, 15, (23, 24), 24, 26, 28, 23, 25, 27, 5, 2, 8, 7,
            31, None, 29, 32, None, 30,
        ),
    ),
)  # fmt: skip
LAYOUTS: Final = {layout.name: layout for layout in _TABLE}
_ALIKE: Final = {"body_25b", "h36m_17"}  # as many points as a commoner layout
_USUAL: Final = {layout.n_points: layout.name for layout in _TABLE if layout.name not in _ALIKE}

# Read in the wrong layout, the bones of a person cross the body and come out longer: in the samples
# 1.9 times (BODY_25B read as BODY_25) and 1.8 times (the other way round).
MAX_BONE_RATIO: Final = 1.25
MAX_JUDGED: Final = 300  # people whose bones are measured, spread over the video


def layout_of(n_points: int) -> str | None:
    """The layout that so many points usually have, or None."""
    return _USUAL.get(n_points)


def to_body_25(points: NDArray[np.float32], layout: str) -> NDArray[np.float32]:
    """Bring people of another layout into BODY_25.

    Args:
        points: (N, P, 3) of x, y, confidence in the layout's order; unseen is NaN, NaN, 0.
        layout: One of `LAYOUTS`.

    Returns:
        (N, 25, 3). A joint between two is seen if both are, with the smaller confidence. Joints
        that the layout lacks, or with less than its `min_confidence`, are NaN, NaN, 0.
    """
    if layout == "body_25":
        return points
    mapped = _map(points, LAYOUTS[layout].sources)
    with np.errstate(invalid="ignore"):
        is_doubtful = mapped[..., 2] < LAYOUTS[layout].min_confidence
    mapped[is_doubtful | np.isnan(mapped[..., 0])] = (np.nan, np.nan, 0)
    return mapped


def suspect_layout(points: NDArray[np.float32], layout: str) -> str | None:
    """Tell layouts apart that have as many points with other meanings, such as BODY_25 and 25B.

    Args:
        points: (N, P, 3) of x, y, confidence in the file's own order; unseen is NaN, NaN, 0.
        layout: What they are taken for.

    Returns:
        The layout that they fit instead, or None if nothing speaks against `layout`.
    """
    for other in LAYOUTS.values():
        is_alike = other.n_points == LAYOUTS[layout].n_points and other.name != layout
        if is_alike and fits_better(points, other.sources, LAYOUTS[layout].sources):
            return other.name
    return None


def fits_better(
    points: NDArray[np.float32], candidate: tuple[Source, ...], usual: tuple[Source, ...]
) -> bool:
    """Whether the bones are clearly shorter when the points are read as `candidate`.

    Only bones that both have are compared, each person with itself.

    Args:
        points: (N, P, 3) of x, y, confidence; unseen is NaN, NaN, 0.
        candidate: Sources of the 25 joints, see `Layout`.
        usual: Sources that they are taken for.
    """
    points = points[:: len(points) // MAX_JUDGED + 1]
    lengths, usual_lengths = _bone_lengths(points, candidate), _bone_lengths(points, usual)
    is_common = np.isfinite(lengths) & np.isfinite(usual_lengths)
    total = np.where(is_common, lengths, 0).sum(axis=1)
    usual_total = np.where(is_common, usual_lengths, 0).sum(axis=1)
    is_told = is_common.any(axis=1) & (total > 0)
    if not is_told.any():
        return False
    return bool(np.median(usual_total[is_told] / total[is_told]) > MAX_BONE_RATIO)


def _map(points: NDArray[np.float32], sources: tuple[Source, ...]) -> NDArray[np.float32]:
    """(N, 25, 3) of the joints in `sources`; NaN, NaN, 0 where there is none."""
    mapped = np.full((len(points), N_JOINTS, 3), np.nan, dtype=np.float32)
    mapped[..., 2] = 0
    for joint, source in enumerate(sources):
        if isinstance(source, tuple):
            first, second = points[:, source[0]], points[:, source[1]]
            mapped[:, joint] = (first + second) / 2
            mapped[:, joint, 2] = np.minimum(first[:, 2], second[:, 2])
        elif source is not None:
            mapped[:, joint] = points[:, source]
    return mapped


def _bone_lengths(points: NDArray[np.float32], sources: tuple[Source, ...]) -> NDArray[np.float32]:
    """(N, bones) lengths; NaN where an end was not seen."""
    body = _map(points, sources)[..., :2]
    ends = np.asarray(BONES)
    lengths: NDArray[np.float32] = np.linalg.norm(
        body[:, ends[:, 0]] - body[:, ends[:, 1]], axis=-1
    )
    return lengths
