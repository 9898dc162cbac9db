"""Tables of landmarks: a row for each frame, or a row for each landmark."""

import csv
import io
import re
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.openpose.formats import named_by_words
from pdla.data.openpose.frame_files import UnreadableRecordingError
from pdla.data.openpose.landmark_names import (
    JOINT_OF_NAME,
    MEDIAPIPE_NAMES,
    MIN_NAMES,
    layout_of_numbers,
    plain,
)
from pdla.data.openpose.layouts import LAYOUTS
from pdla.data.openpose.pose_rows import MAX_VALUES, PoseRows, decode
from pdla.data.openpose.table_columns import (
    FPS_NAMES,
    HEIGHT_NAMES,
    LANDMARK_NAMES,
    WIDTH_NAMES,
    Table,
    read_frame_numbers,
    read_persons,
    read_times,
    refuse_clips,
)
from pdla.data.reasons import Reason
from pdla.data.skeletons import N_JOINTS

_VALUES: Final = {
    "x": 0, "y": 1, "v": 2, "c": 2, "s": 2, "vis": 2, "visibility": 2, "visible": 2, "conf": 2,
    "confidence": 2, "score": 2, "likelihood": 2, "prob": 2, "probability": 2,
    "sichtbarkeit": 2, "konfidenz": 2, "visibilidad": 2, "confianza": 2, "confiance": 2,
}  # fmt: skip
# Words around the number of a landmark: landmark_3_x, L3_x, kp3_x, pose_3_x.
_NOISE: Final = frozenset({"landmark", "lm", "l", "pose", "point", "p", "kp", "keypoint", "joint"})


@dataclass(frozen=True)
class _Places:
    """Where each number of a table goes: one entry a landmark of a row.

    Attributes:
        joint: (K,) landmark, as numbered in the file, or the joint of BODY_25 if named.
        row: (K,) row of the table.
        points: (K, 3) x, y, confidence.
        is_named: Whether landmarks have names.
        is_mediapipe: Whether the names are MediaPipe's own.
    """

    joint: NDArray[np.int64]
    row: NDArray[np.int64]
    points: NDArray[np.float64]
    is_named: bool
    is_mediapipe: bool = False


def read_csv(content: bytes, declared: str) -> PoseRows:
    """Read a table of landmarks.

    Understood are a row for each frame (columns such as `nose_x`, `x0`, `L0_x`, `0_visibility`) and
    a row for each landmark (frame, landmark, x, y, visibility), both also with columns of the
    person, time, fps, width and height; see docs/pose_formats.md.

    Args:
        content: Of the file.
        declared: `recordings.openpose.layout`.

    Raises:
        UnreadableRecordingError: If it is something else; says what.
    """
    return rows_of_table(parse_table("\n".join(decode(content).splitlines())), declared)


def parse_table(text: str) -> Table:
    """Split text into columns.

    Raises:
        UnreadableRecordingError: If it is no table of landmarks.
    """
    import pandas as pd

    start, first = _find_header(text)
    delimiter = max(",;\t|", key=first.count)
    header = next(csv.reader([first], delimiter=delimiter), [])
    names = tuple(map(plain, header))
    body = text[start:]
    head = [first, *islice(io.StringIO(body), 3)]
    words = {plain(cell) for line in head for cell in line.split(delimiter)}
    known = named_by_words(frozenset(words))
    if known is not None:
        raise UnreadableRecordingError(Reason.OTHER_FORMAT, known.message)
    if not any(names) or all(re.fullmatch(r"[-+0-9.eE]*", cell.strip()) for cell in header):
        raise UnreadableRecordingError(Reason.NO_COLUMN_NAMES)
    cells = [cell for line in head[1:] for cell in next(csv.reader([line], delimiter=delimiter))]
    has_comma = any(re.fullmatch(r"\s*-?\d+,\d+\s*", cell) for cell in cells)
    try:
        with warnings.catch_warnings(action="ignore"):  # of rows that are too long: see below
            frame = pd.read_csv(
                io.StringIO(body), sep=delimiter, header=None, names=list(range(len(header) + 1)),
                decimal="," if has_comma else ".", index_col=False, low_memory=False,
                skipinitialspace=True,
            )  # fmt: skip
    except (ValueError, OverflowError) as error:
        detail = type(error).__name__
        raise UnreadableRecordingError(Reason.FILE_DAMAGED, detail) from None
    n_long = int(frame[len(header)].notna().sum())
    if n_long:
        raise UnreadableRecordingError(
            Reason.FILE_DAMAGED, f"{n_long} rows have more cells than the first line has names"
        )
    return Table(names, tuple(header), frame)


def is_landmark_table(text: str) -> bool:
    """Whether the first line names landmarks: a quick look at the beginning of a file."""
    try:
        _, first = _find_header(text)
    except UnreadableRecordingError:
        return False
    header = next(csv.reader([first], delimiter=max(",;\t|", key=first.count)), [])
    names = set(map(plain, header))
    is_long = {"x", "y"} <= names and not names.isdisjoint(LANDMARK_NAMES)
    n_wide = sum(place is not None and place[1] < 2 for place in map(_wide_name, header))
    return is_long or n_wide >= 2 * MIN_NAMES or named_by_words(frozenset(names)) is not None


def rows_of_table(table: Table, declared: str) -> PoseRows:
    """Bring a table into people and frames; see `read_csv`."""
    if not len(table.cells):
        raise UnreadableRecordingError(Reason.FILE_DAMAGED, "no rows")
    refuse_clips(table)
    places = _long_places(table) or _wide_places(table)
    if places is None:
        has_xy = "x" in table.names and "y" in table.names
        what = "a table with x and y, but no column of landmarks" if has_xy else "a table"
        raise UnreadableRecordingError(
            Reason.NOT_KEYPOINTS, f"{what} of {len(table.names)} columns"
        )
    times = read_times(table)
    frame = read_frame_numbers(table, times)
    person = read_persons(table)
    is_long = len(places.row) == len(np.unique(places.row))
    if frame is None:
        if is_long or (person is not None and person.max() > 0):
            raise UnreadableRecordingError(Reason.NO_FRAME_NUMBERS)
        frame = np.arange(len(table.cells))
    layout, base = "body_25", 0
    if not places.is_named:
        layout, base = layout_of_numbers(frozenset(np.unique(places.joint).tolist()), declared)
    n_points = N_JOINTS if places.is_named else LAYOUTS[layout].n_points
    points, person_frame = _people(places, frame, person, base, n_points)
    return _as_rows(table, frame, times, points, person_frame, places)


def _find_header(text: str) -> tuple[int, str]:
    """Where the rows begin, and the line of names above them."""
    start = 0
    for _ in range(20):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end + 1
        line = text[start:end].strip("\r\n")
        start = end
        is_note = not line.strip() or re.match(r"sep=|#(?!\s*frame)", line.strip().casefold())
        if not is_note:
            return start, line.lstrip("# ")
    raise UnreadableRecordingError(Reason.NOT_KEYPOINTS, "no table")


def _long_places(table: Table) -> _Places | None:
    """A row for each landmark; None if the table is no such."""
    values = {_VALUES[name]: column for column, name in reversed([*enumerate(table.names)])
              if name in _VALUES}  # fmt: skip
    names = [name for name in LANDMARK_NAMES if name in table.names]
    if not names or not {0, 1} <= set(values):
        return None
    for name in names:
        column = table.names.index(name)
        texts = table.cells[column].dropna().unique()[:1000]
        joints = {text: JOINT_OF_NAME.get(plain(text), -1) for text in texts}
        is_body = sum(joint >= 0 for joint in set(joints.values())) >= MIN_NAMES
        refuse_names(texts, has_body=is_body)
        if is_body:
            joint = table.cells[column].map(joints).fillna(-1).to_numpy(dtype=np.int64)
            is_mediapipe = any(plain(text) in MEDIAPIPE_NAMES for text in texts)
            return _long(table, joint, values, is_named=True, is_mediapipe=is_mediapipe)
    # `id` and `index` count landmarks only if nothing else in the table does.
    numbers = table.numbers(table.names.index(names[0]))
    is_whole = np.isfinite(numbers) & (numbers == np.round(numbers)) & (np.abs(numbers) < 1e4)
    if not is_whole.any():
        return None
    joint = np.where(is_whole, numbers, -1).astype(np.int64)
    return _long(table, joint, values, is_named=False, is_mediapipe=False)


def refuse_names(names: Iterable[object], *, has_body: bool) -> None:
    """Refuse landmarks that are no joints of a body, or none of a picture.

    Args:
        names: Of the landmarks.
        has_body: Whether joints of a body are among them: then hands and face may be, too.

    Raises:
        UnreadableRecordingError: If they are; says what they are.
    """
    known = named_by_words(frozenset(map(plain, names)))
    if known is not None and not (has_body and known.goes_with_body):
        raise UnreadableRecordingError(Reason.OTHER_FORMAT, known.message)


def _long(
    table: Table,
    joint: NDArray[np.int64],
    values: dict[int, int],
    *,
    is_named: bool,
    is_mediapipe: bool,
) -> _Places:
    rows = np.flatnonzero(joint >= 0)
    points = np.full((len(rows), 3), np.nan)
    for value, column in values.items():
        points[:, value] = table.numbers(column)[rows]
    return _Places(joint[rows], rows, points, is_named, is_mediapipe)


def _wide_places(table: Table) -> _Places | None:
    """A row for each frame or person; None if the table is no such."""
    columns: dict[tuple[str, int], int] = {}
    for position, text in enumerate(table.header):
        named = _wide_name(text)
        if named in columns:
            raise UnreadableRecordingError(
                Reason.SEVERAL_VIDEOS, "a column of a landmark is there twice"
            )
        if named is not None:
            columns[named] = position
    keys = sorted({key for key, value in columns if value < 2 and (key, 1 - value) in columns})
    joints = [key for key in keys if key in JOINT_OF_NAME]
    numbered = [key for key in keys if key.isdigit() and len(key) < 5]
    is_named = len(joints) >= MIN_NAMES
    refuse_names(keys, has_body=is_named)
    if not is_named and len(numbered) < MIN_NAMES:
        return None
    chosen = joints if is_named else numbered
    n_rows = len(table.cells)
    points = np.full((n_rows, len(chosen), 3), np.nan)
    for place, key in enumerate(chosen):
        for axis in range(3):
            if (key, axis) in columns:
                points[:, place, axis] = table.numbers(columns[key, axis])
    joint = [JOINT_OF_NAME[key] if is_named else int(key) for key in chosen]
    return _Places(
        np.tile(np.asarray(joint, dtype=np.int64), n_rows),
        np.repeat(np.arange(n_rows), len(chosen)),
        points.reshape(-1, 3),
        is_named,
        is_named and any(key in MEDIAPIPE_NAMES for key in keys),
    )


def _wide_name(text: str) -> tuple[str, int] | None:
    """Landmark and value of a column such as `nose_x`, `x0`, `L0_x`, `leftKneeX`; None if none."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", text)
    words = [word.casefold() for word in words]
    if len(words) < 2:
        return None
    if words[-1] in _VALUES:
        value, rest = _VALUES[words[-1]], words[:-1]
    elif words[0] in _VALUES:
        value, rest = _VALUES[words[0]], words[1:]
    else:
        return None
    if rest[-1].isdigit() and set(rest[:-1]) <= _NOISE:
        return str(int(rest[-1])), value
    joined = "".join(rest)
    while rest and joined not in JOINT_OF_NAME and rest[0] in _NOISE | {"mp", "body"}:
        rest = rest[1:]
        joined = "".join(rest)
    return (joined, value) if joined else None


def _people(
    places: _Places,
    frame: NDArray[np.int64],
    person: NDArray[np.int64] | None,
    base: int,
    n_points: int,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(N, P, 3) points and (N,) frame numbers of the people."""
    joint = places.joint - base
    at_frame = frame[places.row]
    who = person[places.row] if person is not None else np.zeros(len(joint), dtype=np.int64)
    turn = _occurrence(np.stack([at_frame, who, joint]))
    if turn.any():
        order = frame[np.unique(places.row)]
        if person is not None or (np.diff(order) < 0).any():
            raise UnreadableRecordingError(Reason.SEVERAL_VIDEOS, "the same frame is there twice")
        who = turn
    pairs, place = np.unique(np.stack([at_frame, who]), axis=1, return_inverse=True)
    if pairs.shape[1] * n_points > MAX_VALUES:
        raise UnreadableRecordingError(Reason.FILE_TOO_LARGE, f"{pairs.shape[1]} people")
    points = np.full((pairs.shape[1], n_points, 3), np.nan)
    points[place.ravel(), joint] = places.points
    return points, pairs[0]


def _occurrence(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """(K,) how often the same column of (M, K) came before."""
    order = np.lexsort(keys)
    ordered = keys[:, order]
    is_new = np.ones(keys.shape[1], dtype=np.bool_)
    is_new[1:] = (ordered[:, 1:] != ordered[:, :-1]).any(axis=0)
    starts = np.maximum.accumulate(np.where(is_new, np.arange(len(is_new)), 0))
    occurrence = np.empty(len(order), dtype=np.int64)
    occurrence[order] = np.arange(len(order)) - starts
    return occurrence


def _as_rows(
    table: Table,
    frame: NDArray[np.int64],
    times: NDArray[np.float64] | None,
    points: NDArray[np.float64],
    person_frame: NDArray[np.int64],
    places: _Places,
) -> PoseRows:
    frames, first = np.unique(frame, return_index=True)
    problems: Counter[str] = Counter()
    at_frames = None if times is None else times[first]
    if at_frames is not None and not (np.diff(at_frames) > 0).all():
        problems["times that do not go up, not used"] += 1
        at_frames = None
    height, width = table.single(HEIGHT_NAMES), table.single(WIDTH_NAMES)
    is_seen = np.isfinite(points[..., 0])
    points[..., 2] = np.where(is_seen & np.isnan(points[..., 2]), 1, points[..., 2])
    return PoseRows(
        points,
        person_frame,
        frames,
        at_frames,
        table.single(FPS_NAMES),
        (int(height), int(width)) if height and width else None,
        layout="body_25" if places.is_named else None,
        is_unit=points.shape[1] == LAYOUTS["mediapipe_33"].n_points or places.is_mediapipe,
        problems=dict(problems),
    )
