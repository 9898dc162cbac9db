"""People in the JSON of any pose estimator: a list of points, of objects, or named joints."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.openpose.frame_files import UnreadableRecordingError
from pdla.data.openpose.landmark_names import JOINT_OF_NAME, MIN_NAMES, plain
from pdla.data.openpose.layouts import layout_of
from pdla.data.reasons import Reason

key_name = lru_cache(maxsize=4096)(plain)
# Keys by what they hold, without case and punctuation, the most telling first.
PEOPLE_KEYS: Final = (
    "people", "instances", "persons", "bodies", "poses", "detections", "predictions", "skeletons",
    "results", "objects",
)  # fmt: skip
POINTS_KEYS: Final = (
    "posekeypoints2d", "posekeypoints", "poselandmarks", "keypoints", "landmarks", "landmark",
    "joints", "pose", "points", "keypoints2d",
)  # fmt: skip
_SCORES: Final = (
    "keypointscores", "keypointsvisible", "keypointconfidences", "scores", "visibility", "visible",
    "confidence", "conf",
)  # fmt: skip
_SCORE: Final = ("visibility", "score", "confidence", "likelihood", "visible", "conf", "v", "c")


@dataclass(frozen=True)
class JsonPerson:
    """Landmarks of one person: (P, 3) of x, y, confidence, and their names or numbers if given."""

    points: NDArray[np.float64]
    keys: tuple[str, ...] | None = None


def get_key(values: Mapping[str, Any], names: Iterable[str]) -> Any:
    """The value of the first of the names that is there and not None."""
    known = {key_name(key): value for key, value in values.items()}
    return next((known[name] for name in names if known.get(name) is not None), None)


def has_key(values: Any, names: Iterable[str]) -> bool:
    return isinstance(values, Mapping) and not {key_name(key) for key in values}.isdisjoint(names)


def people_of(value: Any) -> list[JsonPerson] | None:
    """People of one frame; None if it is no frame."""
    if not value and isinstance(value, list | Mapping | None):
        return []
    if isinstance(value, Mapping):
        inner = get_key(value, PEOPLE_KEYS)
        if isinstance(inner, list):
            people = [people_of(item) for item in inner]
            return [person for some in people for person in some or ()] if None not in people \
                else None  # fmt: skip
        return _people_of_mapping(value)
    if not isinstance(value, list):
        return None
    if is_person(value):
        return [_person(value)]
    found = [people_of(item) for item in value]
    return None if None in found else [person for some in found for person in some or ()]


def _people_of_mapping(value: Mapping[str, Any]) -> list[JsonPerson] | None:
    points = get_key(value, POINTS_KEYS)
    if not points:
        return _people_by_key(value)
    scores = get_key(value, _SCORES)
    if is_person(points):
        _refuse_depth(points, scores)
        return [_with_scores(_person(points), scores)]
    people = people_of(points)
    if people is None or not isinstance(scores, list) or len(scores) != len(people):
        return people
    return [_with_scores(person, own) for person, own in zip(people, scores, strict=True)]


def _people_by_key(value: Mapping[str, Any]) -> list[JsonPerson] | None:
    """People of a mapping without a list of points: by number of the person, or named joints."""
    if any(key_name(key) in POINTS_KEYS for key in value):
        return []  # `"pose_landmarks": null`
    inner = list(value.values())
    if all(map(str.isdigit, value)) and all(isinstance(item, list) for item in inner):
        return people_of(inner)
    return [_person(value)] if is_person(value) else None


def _refuse_depth(points: Any, scores: Any) -> None:
    """With scores in a list of their own, a third number of a point is its depth in metres."""
    has_three = isinstance(points, list) and isinstance(points[0], list) and len(points[0]) == 3
    if has_three and isinstance(scores, list):
        raise UnreadableRecordingError(
            Reason.OTHER_FORMAT, "3-D keypoints: write those in the picture"
        )


def _with_scores(person: JsonPerson, scores: Any) -> JsonPerson:
    """Confidence of each point that stands in a list of its own."""
    if not isinstance(scores, list) or len(scores) != len(person.points):
        return person
    points = person.points.copy()
    points[:, 2] = _floats([score[0] if isinstance(score, list) else score for score in scores])
    return JsonPerson(points, person.keys)


def is_person(value: Any) -> bool:
    """Whether this is a list (or mapping) of points."""
    if isinstance(value, Mapping):
        names = {key_name(key) for key in value}
        has_lists = all(isinstance(value.get(axis), list) for axis in ("x", "y"))
        is_named = len(names & set(JOINT_OF_NAME)) >= MIN_NAMES or all(map(str.isdigit, names))
        return bool(names) and (has_lists or is_named)
    if not isinstance(value, list) or not value:
        return False
    first = value[0]
    if isinstance(first, Mapping):
        return has_key(first, ("x",)) or isinstance(get_key(first, ("position",)), Mapping)
    if isinstance(first, list):
        return 2 <= len(first) <= 4 and not isinstance(first[0], list | dict)
    return isinstance(first, int | float) and len(value) >= 3 * MIN_NAMES


def _person(value: Any) -> JsonPerson:
    """Points of one person, see `is_person`."""
    if isinstance(value, Mapping):
        if isinstance(value.get("x"), list):
            x, y = _floats(value["x"]), _floats(value["y"])
            return _with_scores(
                JsonPerson(np.stack([x, y, np.ones(len(x))], axis=1)), get_key(value, _SCORES)
            )
        keys = tuple(map(key_name, value))
        points = _person(list(value.values())).points
        return JsonPerson(points, keys)
    first = value[0]
    if isinstance(first, Mapping):
        return _person_of_objects(value)
    if isinstance(first, list):
        return JsonPerson(_columns(np.stack([_floats(point) for point in value])))
    numbers = _floats(value)
    for width in (3, 2, 4):
        if len(numbers) % width == 0 and layout_of(len(numbers) // width):
            return JsonPerson(_columns(numbers.reshape(-1, width)))
    return JsonPerson(_columns(numbers.reshape(-1, 3)))


def _person_of_objects(value: Sequence[Mapping[str, Any]]) -> JsonPerson:
    first = value[0]
    if not has_key(first, ("x",)):  # PoseNet: {"part": "nose", "position": {"x": 1, "y": 2}}
        value = [{**get_key(point, ("position",)), **point} for point in value]
        first = value[0]
    names = {key_name(key): key for key in first}
    score = next((names[name] for name in _SCORE if name in names), "")
    points = np.stack(
        [_floats([point.get("x") for point in value]), _floats([point.get("y") for point in value]),
         _floats([point.get(score, 1.0) for point in value])], axis=1,
    )  # fmt: skip
    for name in ("name", "landmarkname", "part", "landmarkid", "landmarkindex", "index", "id"):
        if name in names:
            return JsonPerson(
                points, tuple(key_name(str(point.get(names[name]))) for point in value)
            )
    return JsonPerson(points)


def _columns(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """x, y, confidence of (P, 2 to 4) values: x, y; x, y, confidence; x, y, z, visibility."""
    ones = np.ones(len(values))
    is_depth = values.shape[1] == 3 and len(values) == 33 and bool((values[:, 2] < 0).any())
    if values.shape[1] == 2 or is_depth:
        return np.column_stack([values[:, :2], ones])
    return values[:, :3] if values.shape[1] == 3 else values[:, [0, 1, 3]]


def _floats(values: Sequence[Any]) -> NDArray[np.float64]:
    return np.asarray(
        [np.nan if value is None or isinstance(value, str | bool) else value for value in values],
        dtype=np.float64,
    )
