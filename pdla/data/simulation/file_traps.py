"""Traps of layout and files: other skeletons and units, gaps, broken files, other names."""

from typing import Final

import numpy as np

from pdla.data.simulation.randomness import Array
from pdla.data.simulation.scene import Scene
from pdla.data.simulation.traps import Trap, TrapContext, draw_bursts, frame_ranges
from pdla.data.skeletons import JOINT

# Order of OpenPose's BODY_25B; UpperNeck and HeadTop stand in for its own two points.
BODY_25B: Final = (
    "Nose", "LEye", "REye", "LEar", "REar", "LShoulder", "RShoulder", "LElbow", "RElbow", "LWrist",
    "RWrist", "LHip", "RHip", "LKnee", "RKnee", "LAnkle", "RAnkle", "UpperNeck", "HeadTop",
    "LBigToe", "LSmallToe", "LHeel", "RBigToe", "RSmallToe", "RHeel",
)  # fmt: skip
# Order of OpenPose's COCO model, 18 points without mid-hip and feet.
COCO: Final = (
    "Nose", "Neck", "RShoulder", "RElbow", "RWrist", "LShoulder", "LElbow", "LWrist", "RHip",
    "RKnee", "RAnkle", "LHip", "LKnee", "LAnkle", "REye", "LEye", "REar", "LEar",
)  # fmt: skip
NAMINGS: Final = (
    ("{id}", "cam01.{frame:04d}.json"),
    ("CV{id}Json", "{id}.{frame:012d}_keypoints.json"),
    ("{id}Json", "{id}_{frame:012d}_keypoints.json"),
    ("CV{id}", "{id}_{frame:012d}_keypoints.json"),
    ("{id}", "{id}_{frame:012d}_keypoints.json"),
)
DESKTOP_INI: Final = b"[.ShellClassInfo]\r\nIconResource=C:\\Windows\\system32\\SHELL32.dll,4\r\n"


def normalise_coordinates(scene: Scene, context: TrapContext) -> str:
    """Write 0-1 or -1-1 instead of px (OpenPose --keypoint_scale 3 or 4); unseen stays 0, 0, 0."""
    is_signed = bool(context.rng.random() < 0.3)
    size = np.array(scene.frame_size[::-1], dtype=np.float64)
    for person in scene.people:
        seen = person.keypoints[..., 2:] > 0.0
        unit = person.keypoints[..., :2] / size
        person.keypoints[..., :2] = np.where(seen, 2.0 * unit - 1.0 if is_signed else unit, 0.0)
    scene.decimals = 6
    return "-1 to 1" if is_signed else "0 to 1"


def as_body25b(keypoints: Array) -> Array:
    """BODY_25 to BODY_25B, (T, 25, 3) each; neck and head top lie on the line from neck to nose."""
    neck, nose = keypoints[:, JOINT["Neck"]], keypoints[:, JOINT["Nose"]]
    seen = np.minimum(neck[:, 2], nose[:, 2])[:, None] > 0.0
    made = {
        "UpperNeck": np.where(seen, neck + 0.35 * (nose - neck), 0.0),
        "HeadTop": np.where(seen, neck + 1.75 * (nose - neck), 0.0),
    }
    for point in made.values():
        point[:, 2] = np.minimum(neck[:, 2], nose[:, 2])
    columns = [made[n] if n in made else keypoints[:, JOINT[n]] for n in BODY_25B]
    return np.stack(columns, axis=1)


def write_body25b(scene: Scene, _context: TrapContext) -> str:
    """Another model of the same length."""
    for person in scene.people:
        person.keypoints = as_body25b(person.keypoints)
    return "every frame"


def write_coco(scene: Scene, _context: TrapContext) -> str:
    """The old model of 18 points."""
    for person in scene.people:
        person.keypoints = person.keypoints[:, [JOINT[name] for name in COCO]]
    return "every frame"


def leave_gaps(scene: Scene, context: TrapContext) -> str:
    """Frame numbers left out: one to four gaps of up to half a second."""
    n_gaps, longest = int(context.rng.integers(1, 5)), max(1, round(context.fps / 2))
    frames = {f for gap in draw_bursts(scene.n_frames, n_gaps, longest, context.rng) for f in gap}
    scene.left_out = frames - {0, scene.n_frames - 1} or {1}
    return frame_ranges(scene.left_out)


def cut_files(scene: Scene, context: TrapContext) -> str:
    """One to three files that end in the middle."""
    frames = _pick_files(scene, context)
    scene.cut.update({frame: float(context.rng.uniform(0.1, 0.9)) for frame in frames})
    return frame_ranges(frames)


def empty_files(scene: Scene, context: TrapContext) -> str:
    """One to three files of 0 bytes."""
    frames = _pick_files(scene, context)
    scene.cut.update(dict.fromkeys(frames, 0.0))
    return frame_ranges(frames)


def _pick_files(scene: Scene, context: TrapContext) -> list[int]:
    whole = sorted(set(range(scene.n_frames)) - scene.left_out - set(scene.cut))
    return [int(f) for f in context.rng.permutation(whole)[: int(context.rng.integers(1, 4))]]


def scatter_strays(scene: Scene, context: TrapContext) -> str:
    """What lies among the frames and is none."""
    scene.strays["desktop.ini"] = DESKTOP_INI
    if context.rng.random() < 0.3:
        scene.strays["backup.json"] = None
    return " ".join(scene.strays)


def name_otherwise(scene: Scene, context: TrapContext) -> str:
    """Names as other sites give them."""
    scene.folder_name, scene.file_name = NAMINGS[int(context.rng.integers(len(NAMINGS)))]
    return f"{scene.folder_name}/{scene.file_name}"


def name_rarely(scene: Scene, _context: TrapContext) -> str:
    """Spaces and Chinese characters in the names of the files."""
    scene.file_name = "{id} 下肢 敏捷_{frame:012d}_keypoints.json"
    return scene.file_name


FILE_TRAPS: Final[dict[str, Trap]] = {
    "normalised_coordinates": normalise_coordinates,
    "body25b_layout": write_body25b,
    "coco_layout": write_coco,
    "frame_gaps": leave_gaps,
    "truncated_json": cut_files,
    "empty_file": empty_files,
    "stray_files": scatter_strays,
    "other_naming": name_otherwise,
    "rare_paths": name_rarely,
}
