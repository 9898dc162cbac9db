"""Whatever bytes come: a recording or one clear line; and a leg is never taken for the other."""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pdla.data.openpose import OpenPoseOptions, read_recording
from pdla.data.openpose.frame_files import UnreadableRecordingError
from pdla.data.skeletons import JOINT
from tests.fixtures.clinics import seated
from tests.fixtures.pose_files import MEDIAPIPE, in_layout, instance, landmarks, objects

N = 12
PERSON = seated(N)
POINTS = landmarks(PERSON)
SETTINGS = settings(
    deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True
)


def long_text(delimiter: str) -> str:
    rows = [["frame", "timestamp", "person", "landmark", "x", "y", "visibility"]]
    for n, frame in enumerate(POINTS.round(4).tolist()):
        rows += [[n, n * 33, 0, joint, *values] for joint, values in enumerate(frame)]
    return "\n".join(delimiter.join(map(str, row)) for row in rows)


def wide_text() -> str:
    names = [f"{name}_{value}" for name in MEDIAPIPE for value in ("x", "y", "visibility")]
    rows = [",".join(map(str, frame.ravel().round(4).tolist())) for frame in POINTS]
    return "\n".join([",".join(names), *rows])


COCO = in_layout(PERSON, "coco_17").round(2)
GOOD = {
    ".csv": [long_text(",").encode(), long_text(";").encode("utf-16"), wide_text().encode()],
    ".json": [
        json.dumps(value).encode()
        for value in (
            {"fps": 30, "frames": [{"landmarks": objects(frame)} for frame in POINTS]},
            [{"frame_id": n, "instances": [instance(frame)]} for n, frame in enumerate(COCO)],
            [{"image_id": f"{n}.jpg", "keypoints": f.ravel().tolist()} for n, f in enumerate(COCO)],
        )
    ],
}
JUNK = [b"", b",", b"\n", b'"', b"null", b"1e999", b"-1", b"NaN", b"{}", b"[[", b"x", b"\x00", b"]"]


@st.composite
def damaged(draw: Any) -> tuple[str, bytes]:
    """A good file in which bytes were changed, cut out, cut off, repeated or replaced by junk."""
    suffix = draw(st.sampled_from(sorted(GOOD)))
    content = draw(st.sampled_from(GOOD[suffix]))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from([0, 1, 5, 300, 100_000])))
        content = content[:start] + draw(st.sampled_from(JUNK)) + content[end:]
    return draw(st.sampled_from([suffix, ".json", ".csv"])), content


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["frames", "people", "keypoints", "landmarks", "x", "y", "0", "fps",
                             "frame", "timestamp", "pose_landmarks", "instances", "score"]),
            inner, max_size=4,
        ),
    ),
    max_leaves=30,
).map(lambda value: (".json", json.dumps(value).encode()))  # fmt: skip
cells = st.one_of(st.floats(), st.integers(-3, 40), st.text(max_size=4), st.just(""))
tables = st.lists(
    st.lists(
        st.one_of(
            cells, st.sampled_from(["frame", "x", "y", "landmark", "x0", "y0", "time", "id"])
        ),
        max_size=6,
    ),
    max_size=8,
).map(lambda rows: (".csv", "\n".join(",".join(map(str, row)) for row in rows).encode()))


def check_any_file(suffix: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        path.write_bytes(content)
        try:
            video = read_recording(path, OpenPoseOptions())
        except UnreadableRecordingError as error:
            assert "\n" not in str(error)
            assert len(str(error)) < 250
            return
    xy, confidence = video.keypoints[..., :2], video.keypoints[..., 2]
    assert video.keypoints.shape[1:] == (25, 3)
    assert video.keypoints.dtype == np.float32
    assert not np.isinf(xy).any()
    assert ((confidence >= 0) & (confidence <= 1)).all()
    assert np.array_equal(np.isnan(xy[..., 0]), confidence == 0)
    assert 0 < video.fps <= 1000
    json.dumps(video.facts.to_json(), allow_nan=False)


@settings(SETTINGS, max_examples=15)
@given(st.one_of(damaged(), values, tables))
def test_a_few_bad_files(file: tuple[str, bytes]) -> None:
    check_any_file(*file)


@pytest.mark.slow
@settings(SETTINGS, max_examples=5_000)
@given(st.one_of(damaged(), values, tables, st.tuples(st.just(".csv"), st.binary(max_size=300))))
def test_any_file_is_a_recording_or_one_clear_line(file: tuple[str, bytes]) -> None:
    check_any_file(*file)


@st.composite
def selections(draw: Any) -> tuple[str, str]:
    """A table of some landmarks, counted from somewhere; as csv, and how it was made."""
    is_any = draw(st.booleans())
    if is_any:
        kept = sorted(draw(st.sets(st.integers(0, 32), min_size=4)))
    else:
        pairs = draw(st.sets(st.sampled_from([*range(11, 33, 2)]), min_size=2))
        kept = sorted(
            {n for left in pairs for n in (left, left + 1)} | draw(st.sampled_from([set(), {0}]))
        )
    first = draw(st.sampled_from([0, 1]))
    numbers = [n + first for n in kept]
    if not is_any and draw(st.booleans()):  # counted anew, as some scripts do
        numbers = list(range(first, first + len(kept)))
    if draw(st.booleans()):
        rows = ["frame,landmark,x,y,visibility"]
        rows += [
            f"{n},{number},{x},{y},{v}"
            for n, frame in enumerate(POINTS)
            for number, (x, y, v) in zip(numbers, frame[kept].tolist(), strict=True)
        ]
    else:
        rows = [",".join(f"{value}{number}" for number in numbers for value in "xyv")]
        rows += [",".join(map(str, frame[kept].ravel().tolist())) for frame in POINTS]
    return "\n".join(rows), f"{kept} as {numbers}"


def check_sides(table: tuple[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.csv").write_text(table[0])
        try:
            video = read_recording(Path(folder), OpenPoseOptions())
        except UnreadableRecordingError:
            return
    for name in ("RKnee", "LKnee", "RAnkle", "LAnkle", "RBigToe", "LBigToe"):
        found = video.keypoints[:, JOINT[name], :2]
        off = np.abs(found - PERSON[: len(found), JOINT[name], :2])
        assert not (off > 15).any(), f"{name} of {table[1]}"  # interpolated ones lie near


@settings(SETTINGS, max_examples=30)
@given(selections())
def test_a_leg_is_never_taken_for_the_other(table: tuple[str, str]) -> None:
    check_sides(table)


@pytest.mark.slow
@settings(SETTINGS, max_examples=2_000)
@given(selections())
def test_a_leg_is_never_taken_for_the_other_in_many_tables(table: tuple[str, str]) -> None:
    check_sides(table)
