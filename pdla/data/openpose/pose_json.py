"""JSON files with a whole video, of any pose estimator: a list of frames, people or records."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from pdla.data.openpose.formats import named_by_words
from pdla.data.openpose.frame_files import UnreadableRecordingError
from pdla.data.openpose.json_people import (
    PEOPLE_KEYS,
    POINTS_KEYS,
    JsonPerson,
    get_key,
    has_key,
    is_person,
    key_name,
    people_of,
)
from pdla.data.openpose.landmark_names import (
    JOINT_OF_NAME,
    MEDIAPIPE_NAMES,
    MIN_NAMES,
    layout_of_numbers,
    plain,
)
from pdla.data.openpose.layouts import LAYOUTS, layout_of
from pdla.data.openpose.pose_rows import MAX_VALUES, PoseRows, decode
from pdla.data.openpose.pose_tables import (
    refuse_names,
    rows_of_table,
)
from pdla.data.openpose.table_columns import (
    FPS_NAMES,
    FRAME_NAMES,
    HEIGHT_NAMES,
    TIME_UNITS,
    WIDTH_NAMES,
    Table,
    seconds,
)
from pdla.data.reasons import Reason
from pdla.data.skeletons import N_JOINTS

MAX_PEOPLE: Final = 64
# Keys without case and punctuation, the most telling first.
_LISTS_OF_FRAMES: Final = (
    "frames", "instanceinfo", "framedata", "posedata", "annotations", "results", "sequence",
    "data", "poses", "predictions",
)  # fmt: skip
_OF_ONE_PERSON: Final = ("bbox", "box", "trackid", "idx")
_IMAGES: Final = ("imageid", "image", "imagename", "filename")
_ABOUT: Final = ("meta", "metadata", "metainfo", "videoinfo", "info", "video")
_NO_PEOPLE: Final = ("ap10k", "animal", "hand", "face", "wflw", "300w", "cofw", "aflw", "fly",
                     "horse", "locust", "macaque", "zebra", "deepfashion")  # fmt: skip


@dataclass(frozen=True)
class _Frame:
    """One frame; `people` is None if it was not understood."""

    people: list[JsonPerson] | None
    number: int | None = None
    time: float | None = None
    time_key: str = ""
    is_single: bool = False  # one person who may share the frame with others


@dataclass(frozen=True)
class _Points:
    """Points (N, P, 3) of the `kept` people; `is_named`: in BODY_25; `is_unit`: MediaPipe's."""

    points: NDArray[np.float64]
    kept: NDArray[np.int64]
    is_named: bool
    is_unit: bool


@dataclass
class _Video:
    frames: list[_Frame]
    about: Mapping[str, Any] = field(default_factory=dict)


def read_json(content: bytes, declared: str) -> PoseRows:
    """Read the people of all frames.

    Understood are lists of frames of MediaPipe, MMPose, Ultralytics and TensorFlow.js, lists of
    people with the frame of each (AlphaPose, COCO), and lists of records; see docs/pose_formats.md.

    Args:
        content: Of the file.
        declared: `recordings.openpose.layout`.

    Raises:
        UnreadableRecordingError: If it is something else; says what.
    """
    root = _load(content)
    if _is_records(root):
        return rows_of_table(_as_table(root), declared)
    video = _video(root)
    understood = [frame for frame in video.frames if frame.people is not None]
    _refuse_others(root, video.about, is_understood=bool(understood))
    if not understood:
        raise UnreadableRecordingError(Reason.NOT_KEYPOINTS)
    problems: Counter[str] = Counter()
    if len(understood) < len(video.frames):
        problems["frames that were not understood"] += len(video.frames) - len(understood)
    people = [person for frame in understood for person in frame.people or ()]
    found = _points(people, declared, problems)
    at = [place for place, frame in enumerate(understood) for _ in frame.people or ()]
    numbers, times = _when(understood)
    frames, first = np.unique(numbers, return_index=True)
    of_person = numbers[np.asarray(at, dtype=np.int64)[found.kept]]
    order = np.argsort(of_person, kind="stable")
    return PoseRows(
        found.points[order],
        of_person[order],
        frames,
        None if times is None else _rising(times[first], problems),
        _number(video.about, FPS_NAMES),
        _frame_size(video.about),
        layout="body_25" if found.is_named else _told_layout(video.about),
        is_unit=found.is_unit,
        problems=dict(problems),
    )


def _load(content: bytes) -> Any:
    """Plain values of JSON in any encoding; a value a line is a list."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        text = decode(content)
    lines = text.splitlines()
    for attempt in (lambda: json.loads(text), lambda: [json.loads(x) for x in lines if x.strip()]):
        try:
            return attempt()
        except (ValueError, RecursionError):
            continue
    raise UnreadableRecordingError(Reason.FILE_DAMAGED)


def _is_records(root: Any) -> bool:
    """Whether this is a list of flat records: a frame, a landmark, x and y in each."""
    if not isinstance(root, list) or not root or not isinstance(root[0], Mapping):
        return False
    first = root[0]
    is_flat = not any(isinstance(value, list | dict) for value in first.values())
    return is_flat and len(first) > 2 and all(isinstance(row, Mapping) for row in root)


def _as_table(root: Sequence[Mapping[str, Any]]) -> Table:
    import pandas as pd

    header = tuple(map(str, root[0]))
    cells = pd.DataFrame([[row.get(key) for key in root[0]] for row in root])
    return Table(tuple(map(plain, header)), header, cells)


def _video(root: Any) -> _Video:
    """Frames of the file, whatever holds them."""
    if isinstance(root, list):
        return _Video([_frame(item) for item in root])
    if not isinstance(root, Mapping):
        return _Video([])
    about = dict(root)
    for key, value in root.items():
        if key_name(key) in _ABOUT and isinstance(value, Mapping):
            about = {**value, **about}
    return _Video(_frames_of_mapping(root), about)


def _frames_of_mapping(root: Mapping[str, Any]) -> list[_Frame]:
    inner = get_key(root, _LISTS_OF_FRAMES)
    if isinstance(inner, Mapping):
        return _video(inner).frames
    points = get_key(root, POINTS_KEYS)
    if inner is None and isinstance(points, list) and points and not is_person(points):
        inner = points
    if isinstance(inner, list):
        return [_frame(item) for item in inner]
    numbered = {
        key: _last_number(key) for key, value in root.items() if isinstance(value, list | Mapping)
    }
    if len(numbered) > 1 and None not in numbered.values():
        return [_frame(root[key], number) for key, number in numbered.items()]
    return [_frame(root)]


def _frame(value: Any, number: int | None = None) -> _Frame:
    """One frame, or one person with the number of the frame."""
    time, time_key, is_single = None, "", False
    if isinstance(value, Mapping):
        given = get_key(value, FRAME_NAMES)
        if isinstance(given, int | float) and not isinstance(given, bool):
            number = int(given) if abs(given) < 1e15 else None
        elif number is None:
            number = _last_number(get_key(value, (*FRAME_NAMES, *_IMAGES)))
        for name in TIME_UNITS:
            moment = get_key(value, [name])
            if isinstance(moment, int | float) and not isinstance(moment, bool):
                time, time_key = float(moment), name
                break
        is_single = not has_key(value, PEOPLE_KEYS) and has_key(
            value, ("bbox", "box", "trackid", "idx")
        )
    try:
        people = people_of(value)
    except UnreadableRecordingError:
        raise
    except (AttributeError, LookupError, TypeError, ValueError, OverflowError):
        people = None
    if people is not None and len(people) > MAX_PEOPLE:
        people = None
    return _Frame(people, number, time, time_key, is_single)


def _last_number(text: Any) -> int | None:
    """The number at the end of a name such as `0.jpg`, `frame_12` or `a/000012.png`."""
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    match = re.search(r"(\d{1,15})(?:_keypoints)?(?:\.[a-zA-Z]{2,5})?$", str(text))
    return int(match.group(1)) if match and text is not None else None


def _points(people: Sequence[JsonPerson], declared: str, problems: Counter[str]) -> _Points:
    """Points of all people, by the names or numbers of their landmarks, else in their order."""
    names = {key for person in people for key in person.keys or ()}
    is_named = len(names & set(JOINT_OF_NAME)) >= MIN_NAMES
    refuse_names(names, has_body=is_named)
    if is_named or not people:
        places = [[JOINT_OF_NAME.get(key, -1) for key in person.keys or ()] for person in people]
        points = _placed(people, places, N_JOINTS)
        return _Points(points, np.arange(len(people)), True, bool(names & MEDIAPIPE_NAMES))
    if names and all(key.isdigit() and len(key) < 5 for key in names):
        layout, base = layout_of_numbers(frozenset(map(int, names)), declared)
        places = [[int(key) - base for key in person.keys or ()] for person in people]
        points = _placed(people, places, LAYOUTS[layout].n_points)
        return _Points(points, np.arange(len(people)), False, layout == "mediapipe_33")
    counts = Counter(len(person.points) for person in people)
    known = {n: count for n, count in counts.items() if layout_of(n)} or counts
    usual = max(known, key=lambda n: (known[n], n))
    kept = [place for place, person in enumerate(people) if len(person.points) == usual]
    if len(kept) < len(people):
        problems["people with another number of points"] += len(people) - len(kept)
    if len(kept) * usual > MAX_VALUES:
        raise UnreadableRecordingError(Reason.FILE_TOO_LARGE, f"{len(kept)} people")
    points = np.stack([people[place].points for place in kept])
    return _Points(points, np.asarray(kept, dtype=np.int64), False, usual == 33)


def _placed(
    people: Sequence[JsonPerson], places: Sequence[Sequence[int]], n_points: int
) -> NDArray[np.float64]:
    """(N, P, 3) points of people whose landmarks say which they are."""
    if len(people) * n_points > MAX_VALUES:
        raise UnreadableRecordingError(Reason.FILE_TOO_LARGE, f"{len(people)} people")
    points = np.full((len(people), n_points, 3), np.nan)
    for row, (person, joints) in enumerate(zip(people, places, strict=True)):
        seen = [joint for joint in joints if joint >= 0]
        if len(set(seen)) < len(seen):
            raise UnreadableRecordingError(Reason.SEVERAL_VIDEOS, "a person has a landmark twice")
        for joint, point in zip(joints, person.points, strict=False):
            if joint >= 0:
                points[row, joint] = point
    return points


def _when(frames: Sequence[_Frame]) -> tuple[NDArray[np.int64], NDArray[np.float64] | None]:
    """(F,) frame numbers and (F,) seconds; the order of the frames if they say neither.

    Raises:
        UnreadableRecordingError: If the frames of several videos follow each other, or people do
            not say in which frame they are.
    """
    numbers = [frame.number for frame in frames]
    given = np.asarray([-1 if number is None else number for number in numbers], dtype=np.int64)
    times = np.asarray([np.nan if frame.time is None else frame.time for frame in frames])
    unit = TIME_UNITS.get(next((frame.time_key for frame in frames if frame.time_key), ""), "")
    in_seconds = seconds(times, unit) if np.isfinite(times).all() else None
    if None in numbers:
        if sum(frame.is_single for frame in frames) > 1:
            raise UnreadableRecordingError(Reason.NO_FRAME_NUMBERS)
        return np.arange(len(frames)), in_seconds
    is_twice = len(np.unique(given)) < len(given)
    if is_twice and (np.diff(given) < 0).any():
        raise UnreadableRecordingError(Reason.SEVERAL_VIDEOS, "the same frame is there twice")
    return given, in_seconds


def _rising(times: NDArray[np.float64], problems: Counter[str]) -> NDArray[np.float64] | None:
    if (np.diff(times) > 0).all():
        return times
    problems["times that do not go up, not used"] += 1
    return None


def _number(about: Mapping[str, Any], names: Iterable[str]) -> float | None:
    value = get_key(about, names)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 < value < 1e6 else None


def _told_layout(about: Mapping[str, Any]) -> str | None:
    """Layout that a file of `pdla pose` says; other tools' words for it are not known."""
    layout = about.get("layout")
    is_own = str(about.get("format", "")).startswith("pdla pose")
    return layout if is_own and isinstance(layout, str) and layout in LAYOUTS else None


def _frame_size(about: Mapping[str, Any]) -> tuple[int, int] | None:
    height, width = _number(about, HEIGHT_NAMES), _number(about, WIDTH_NAMES)
    return (int(height), int(width)) if height and width and min(height, width) >= 1 else None


def _refuse_others(root: Any, about: Mapping[str, Any], *, is_understood: bool) -> None:
    """Say what the file is, if it is no body in a picture."""
    keys = frozenset(islice(_keys(root, 5), 5000))
    known = named_by_words(keys)
    if known is not None and not (is_understood and known.goes_with_body):
        raise UnreadableRecordingError(Reason.OTHER_FORMAT, known.message)
    if not is_understood and any("world" in key for key in keys):
        raise UnreadableRecordingError(
            Reason.OTHER_FORMAT,
            "landmarks in metres: write pose_landmarks, not pose_world_landmarks",
        )
    dataset = plain(get_key(about, ("datasetname", "dataset")) or "")
    if any(word in dataset for word in _NO_PEOPLE):
        raise UnreadableRecordingError(
            Reason.OTHER_FORMAT, "an estimator for other bodies than people's"
        )


def _keys(value: Any, depth: int) -> Iterator[str]:
    """Keys of the first items, without case and punctuation."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key_name(str(key))
            if depth:
                yield from _keys(inner, depth - 1)
    elif isinstance(value, list) and depth:
        for inner in value[:3]:
            yield from _keys(inner, depth - 1)
