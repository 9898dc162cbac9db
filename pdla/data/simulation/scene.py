"""What lies in the folder of one video, frame by frame, before it becomes bytes."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import orjson
from numpy.typing import NDArray

from pdla.data.simulation.openpose_json import frame_json, pose_lists
from pdla.data.simulation.randomness import Array


@dataclass
class SeenPerson:
    """A person as OpenPose found them.

    Attributes:
        keypoints: (T, J, 3) of x, y, confidence; 0, 0, 0 where unseen.
        present: (T,) whether the person is in the frame at all.
    """

    keypoints: Array
    present: NDArray[np.bool_]


@dataclass
class Scene:
    """One video's folder, changed by one trap after the other.

    Attributes:
        people: Everyone; the patient is the first.
        frame_size: (H, W) px.
        order: (T, people) in which order people stand in the file of a frame.
        empty_person: Frames with a person of an empty keypoint list, and at which place.
        extra_point: Frames whose patient has a 26th point.
        left_out: Frames without a file.
        cut: Frames whose file ends early, and at what share of its length (0 is an empty file).
        folder_name: Name of the folder, with {id} for the video id.
        file_name: Name of a frame's file, with {id} and {frame}.
        strays: Other things in the folder: content of a file, or None for a directory.
        decimals: Digits after the point.
    """

    people: list[SeenPerson]
    frame_size: tuple[int, int]
    order: NDArray[np.int64]
    empty_person: dict[int, int] = field(default_factory=dict)
    extra_point: set[int] = field(default_factory=set)
    left_out: set[int] = field(default_factory=set)
    cut: dict[int, float] = field(default_factory=dict)
    folder_name: str = "CV{id}Json"
    file_name: str = "{id}_{frame:012d}_keypoints.json"
    strays: dict[str, bytes | None] = field(default_factory=dict)
    decimals: int = 3

    @property
    def n_frames(self) -> int:
        """Number of frames, T, those without a file included."""
        return len(self.order)

    @property
    def patient(self) -> SeenPerson:
        """The person who does the task."""
        return self.people[0]


def start_scene(keypoints: Array, frame_size: tuple[int, int]) -> Scene:
    """A scene with nobody but the patient, in every frame.

    Args:
        keypoints: (T, 25, 3) of the patient.
        frame_size: (H, W) px.
    """
    n_frames = len(keypoints)
    everywhere = np.ones(n_frames, dtype=bool)
    alone = np.zeros((n_frames, 1), dtype=np.int64)
    return Scene([SeenPerson(keypoints, everywhere)], frame_size, alone)


def scene_files(scene: Scene, clinic_id: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of each frame's file."""
    poses = [pose_lists(person.keypoints, scene.decimals) for person in scene.people]
    for frame in range(scene.n_frames):
        if frame in scene.left_out:
            continue
        listed = [poses[who][frame] for who in people_listed(scene, frame)]
        if frame in scene.extra_point and scene.patient.present[frame]:
            place = people_listed(scene, frame).index(0)
            listed[place] = _with_extra_point(listed[place])
        if frame in scene.empty_person:
            listed.insert(scene.empty_person[frame], b"[]")
        content = frame_json(listed)
        if frame in scene.cut:
            content = content[: int(scene.cut[frame] * len(content))]
        yield scene.file_name.format(id=clinic_id, frame=frame), content


def people_listed(scene: Scene, frame: int) -> list[int]:
    """Numbers of the people in a frame's file, in its order; 0 is the patient."""
    return [int(who) for who in scene.order[frame] if scene.people[who].present[frame]]


def patient_places(scene: Scene) -> str:
    """Place of the patient among the people of a frame, one digit a frame; '-' where not seen."""
    places = []
    for frame in range(scene.n_frames):
        listed = people_listed(scene, frame)
        if 0 not in listed:
            places.append("-")
            continue
        place = listed.index(0)
        places.append(str(place + int(scene.empty_person.get(frame, place + 1) <= place)))
    return "".join(places)


def _with_extra_point(pose: bytes) -> bytes:
    """The same list with the first point once more at the end."""
    numbers = orjson.loads(pose)
    return orjson.dumps(numbers + numbers[:3])
