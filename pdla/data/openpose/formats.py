"""The table of pose files: what is read, what is only named, and by what it is known.

`docs/pose_formats.md` is what `formats_page` returns: docs/scripts/pose_formats.py writes it.
"""

from dataclasses import dataclass
from typing import Final

from pdla.data.openpose.layouts import LAYOUTS

WHOLE_FILES: Final = (".csv", ".tsv", ".json", ".jsonl")  # one file holds a whole video


@dataclass(frozen=True)
class PoseFormat:
    """One kind of pose file that is read.

    Attributes:
        name: What it is called in messages.
        tools: Who writes it.
        layouts: Layouts that it holds.
        example: Its beginning, as it is written.
        reference: Where it is described.
    """

    name: str
    tools: str
    layouts: tuple[str, ...]
    example: str
    reference: str


@dataclass(frozen=True)
class OtherFormat:
    """A kind of file that is recognised and refused.

    Attributes:
        name: What it is called in messages.
        suffixes: Endings of file names that tell it.
        words: Words in the header or keys, without case and punctuation, that tell it.
        way_out: What to give instead.
        goes_with_body: Whether a file may hold it beside the joints of a body, which are read.
    """

    name: str
    suffixes: tuple[str, ...]
    words: frozenset[str]
    way_out: str
    goes_with_body: bool = False

    @property
    def message(self) -> str:
        """What it is and what to do."""
        return f"{self.name}: {self.way_out}"


FORMATS: Final = (
    PoseFormat(
        "OpenPose JSON, a file a frame",
        "OpenPose --write_json, Pose2Sim, Sports2D, rtmlib, AlphaPose --format open",
        ("body_25", "body_25b", "coco_18", "mpi_15", "coco_17", "halpe_26", "coco_133",
         "halpe_136", "mediapipe_33"),
        '{"version": 1.3, "people": [{"person_id": [-1], "pose_keypoints_2d": [269.1, 190.4, 0.93',
        "OpenPose documentation, Output: JSON-UI mode",
    ),
    PoseFormat(
        "MediaPipe csv, a row a frame", "scripts with MediaPipe Pose",
        ("mediapipe_33",),
        "frame,timestamp_ms,x0,y0,z0,v0,x1,y1,z1,v1 or nose_x,nose_y or L0_x,L0_y or x1 to x33",
        "MediaPipe documentation, Pose landmark detection",
    ),
    PoseFormat(
        "MediaPipe csv, a row a landmark", "scripts with MediaPipe Pose",
        ("mediapipe_33",),
        "frame,person,landmark_id,landmark_name,x,y,z,visibility",
        "MediaPipe documentation, Pose landmark detection",
    ),
    PoseFormat(
        "MediaPipe JSON", "MediaPipe Pose in Python, JavaScript or Kotlin; pdla pose",
        ("mediapipe_33",),
        '{"fps": 30, "frames": [{"timestamp": 0.0, "poseLandmarks": [{"x": 0.50, "y": 0.20, '
        '"visibility": 0.99',
        "MediaPipe documentation, Pose landmark detection",
    ),
    PoseFormat(
        "AlphaPose JSON", "AlphaPose (alphapose-results.json); COCO results of Detectron2, MMPose",
        ("coco_17", "halpe_26", "halpe_136", "coco_133"),
        '[{"image_id": "0.jpg", "category_id": 1, "keypoints": [270.1, 190.2, 0.9, 278.0',
        "AlphaPose, docs/output.md",
    ),
    PoseFormat(
        "MMPose JSON", "MMPose (instance_info, or instances of the inferencer), rtmlib, pdla pose",
        ("coco_17", "halpe_26", "coco_133", "mpii_16", "h36m_17"),
        '{"meta_info": {}, "instance_info": [{"frame_id": 1, "instances": [{"keypoints": '
        '[[270.1, 190.2]], "keypoint_scores": [0.9]',
        "MMPose documentation, Inference with existing models",
    ),
    PoseFormat(
        "Ultralytics JSON", "Ultralytics YOLO pose, results.to_json(), a list of them for a video",
        ("coco_17",),
        '[[{"name": "person", "class": 0, "confidence": 0.9, "track_id": 1, "keypoints": '
        '{"x": [270.1], "y": [190.2], "visible": [0.98]}',
        "Ultralytics documentation, Results.to_json",
    ),
    PoseFormat(
        "TensorFlow.js JSON", "pose-detection of TensorFlow.js (MoveNet, BlazePose)",
        ("coco_17", "mediapipe_33"),
        '[[{"keypoints": [{"x": 270.1, "y": 190.2, "score": 0.9, "name": "nose"}',
        "tfjs-models, pose-detection README",
    ),
    PoseFormat(
        "csv of numbered joints, a row a frame", "OpenPoseR, scripts with OpenPose or YOLO",
        ("body_25", "coco_17", "halpe_26", "coco_18"),
        "x0,y0,c0,x1,y1,c1 up to x24,y24,c24",
        "OpenPoseR (trettenbrein), demo_data",
    ),
    PoseFormat(
        "csv of named joints", "any tool that writes English names of joints",
        tuple(LAYOUTS),
        "frame,left_hip_x,left_hip_y,left_hip_score or frame,name,x,y,score",
        "names as in COCO, Halpe, OpenPose and MediaPipe",
    ),
)  # fmt: skip

OTHER_FORMATS: Final = (
    OtherFormat(
        "DeepLabCut output", (".h5", ".pickle"), frozenset({"scorer", "bodyparts"}),
        "run a human pose estimator on the video",
    ),
    OtherFormat(
        "SLEAP output", (".slp",), frozenset(), "run a human pose estimator on the video"
    ),
    OtherFormat(
        "motion capture markers (.trc)", (".trc",), frozenset({"pathfiletype"}),
        "give the pose files that Pose2Sim or Sports2D made before",
    ),
    OtherFormat(
        "OpenSim motion (.mot, .sto)", (".mot", ".sto"), frozenset({"nrows", "indegrees"}),
        "give the pose files that Pose2Sim or OpenCap made before",
    ),
    OtherFormat("motion capture (.c3d)", (".c3d",), frozenset(), "give pose files of a video"),
    OtherFormat("motion capture (.bvh)", (".bvh",), frozenset(), "give pose files of a video"),
    OtherFormat(
        "inertial motion capture (.mvnx)", (".mvnx",), frozenset(), "give pose files of a video"
    ),
    OtherFormat(
        "Kinect skeletons", (), frozenset(
            {"spinebase", "spinemid", "spineshoulder", "handtipleft", "spinenavel", "spinechest"}
        ),
        "run a pose estimator on the colour video",
    ),
    OtherFormat(
        "Vicon motion capture", (), frozenset(
            {"trajectories", "subframe", "lasi", "rasi", "lkne", "rkne", "lhee", "rhee"}
        ),
        "give pose files of a video",
    ),
    OtherFormat(
        "hand landmarks", (), frozenset(
            {"thumbcmc", "thumbtip", "indexfingermcp", "indexfingertip", "pinkymcp",
             "multihandlandmarks", "handlandmarks", "handkeypoints2d"}
        ),
        "run a body pose estimator on the video", goes_with_body=True,
    ),
    OtherFormat(
        "face landmarks", (), frozenset(
            {"facelandmarks", "multifacelandmarks", "faceblendshapes", "gaze0x", "au01r",
             "faceid", "facekeypoints2d"}
        ),
        "run a body pose estimator on the video", goes_with_body=True,
    ),
    OtherFormat(
        "an array of numbers without names", (".npy", ".npz", ".pkl", ".mat"), frozenset(),
        "write it as csv or JSON, see docs/pose_formats.md",
    ),
)  # fmt: skip
# Files that are a video by their ending alone, among folders of videos.
MOTION_SUFFIXES: Final = (".trc", ".c3d", ".bvh", ".mvnx", ".mot", ".sto", ".slp", ".h5")
OTHER_SUFFIXES: Final = tuple(suffix for kind in OTHER_FORMATS for suffix in kind.suffixes)


def named_by_suffix(suffix: str) -> OtherFormat | None:
    """The kind of file that is refused for its ending, or None."""
    return next((kind for kind in OTHER_FORMATS if suffix.lower() in kind.suffixes), None)


def named_by_words(words: frozenset[str]) -> OtherFormat | None:
    """The kind of file that is told by its header or keys, or None.

    Args:
        words: Without case and punctuation.
    """
    return next((kind for kind in OTHER_FORMATS if kind.words & words), None)


def formats_page() -> str:
    """The tables of docs/pose_formats.md."""
    lines = [
        "# Pose files",
        "",
        "`pdla` reads these files. It tells them by their content; the layout follows from the",
        "number of joints, their names, and the lengths of bones (`recordings.openpose.layout`",
        "settles what is unclear). This page is made from the table that the reader uses.",
        "",
        "| file | written by | layouts | begins with | described in |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {kind.name} | {kind.tools} | {', '.join(kind.layouts)} | `{kind.example}` | "
        f"{kind.reference} |"
        for kind in FORMATS
    ]
    lines += [
        "",
        "## Layouts",
        "",
        "A joint with less than the confidence of the last column counts as not seen.",
        "",
        "| layout | joints | written by | points of each foot | order | seen from |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {layout.name} | {layout.n_points} | {layout.tools} | {layout.feet} | "
        f"{layout.reference} | {layout.min_confidence:g} |"
        for layout in LAYOUTS.values()
    ]
    lines += [
        "",
        "## Rules",
        "",
        "- Numbers of landmarks are counted from 0, or from 1 if there is an x33 (x25, x17) and no",
        "  x0. Names decide where there are any. If neither settles it, the file is refused.",
        "- MediaPipe coordinates are 0 to 1; what lies outside the picture was not seen.",
        "- Visibility, score and likelihood are the confidence. An empty one is 1.",
        "- A column `timestamp`, `time`, `timestamp_ms`, or `fps` and `frame` in JSON, says when a",
        "  frame was taken and wins over `recordings.openpose.fps`. Uneven times are resampled to",
        "  the median rate; frames 0, 3, 6 ... are every third frame.",
        "- Several people in a frame are followed, and the patient is chosen among them.",
        "- Semicolons, tabs, decimal commas, UTF-16 and byte order marks are understood.",
        "- JSON may be one list of frames, an object with `frames`, or one object a line.",
        "",
        "## Recognised, not read",
        "",
        "| file | give instead |",
        "|---|---|",
    ]
    lines += [f"| {kind.name} | {kind.way_out} |" for kind in OTHER_FORMATS]
    lines += ["| a table of features without joint coordinates | the pose file it came from |"]
    return "\n".join([*lines, ""])
