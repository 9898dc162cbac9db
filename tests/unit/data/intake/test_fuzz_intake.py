"""At least 20,000 generated inputs for each reader: whatever comes, one clear line or a value."""

import io
import json
import math
import string
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pdla.data.intake.labels import SheetOptions, read_labels
from pdla.data.openpose import OpenPoseOptions, read_recording
from pdla.data.openpose.frame_files import UnreadableRecordingError
from pdla.data.openpose.frames import parse_people
from tests.fixtures.clinics import HEADER, frame_json, seated, write_sheet

pytestmark = pytest.mark.slow
MANY = settings(
    max_examples=20_000,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    derandomize=True,
)
SOME = settings(MANY, max_examples=2_000)

numbers = st.one_of(
    st.integers(-(10**400), 10**400), st.floats(), st.text(max_size=3), st.none(), st.booleans()
)
keypoints = st.one_of(
    st.lists(numbers, max_size=80),
    st.lists(st.floats(0, 900), min_size=75, max_size=75),
    st.lists(st.one_of(st.floats(0, 900), numbers), min_size=75, max_size=75),
    st.none(), st.text(max_size=5), st.dictionaries(st.text(max_size=3), numbers, max_size=2),
)  # fmt: skip
person = st.one_of(
    st.fixed_dictionaries({"pose_keypoints_2d": keypoints}), keypoints, st.integers(), st.none()
)
frame = st.one_of(
    st.fixed_dictionaries({"people": st.lists(person, max_size=4)}),
    st.fixed_dictionaries({"people": person}),
    st.recursive(numbers, lambda inner: st.lists(inner, max_size=3), max_leaves=20),
)
GOOD_FRAME = frame_json(seated(1)[0])


@st.composite
def damaged_frames(draw: Any) -> bytes:
    """A good frame with some bytes changed, cut off or repeated."""
    content = bytearray(GOOD_FRAME)
    for _ in range(draw(st.integers(0, 4))):
        content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
    end = draw(st.integers(0, len(content)))
    return bytes(content[:end]) + bytes(content[: draw(st.integers(0, 40))])


contents = st.one_of(
    frame.map(lambda value: json.dumps(value).encode()), damaged_frames(), st.binary(max_size=200)
)


@MANY
@given(contents)
def test_any_bytes_are_a_list_of_people_or_one_clear_line(content: bytes) -> None:
    try:
        people = parse_people(content)
    except ValueError as error:
        assert 0 < len(str(error)) < 80
        return
    assert isinstance(people, list)


@SOME
@given(st.lists(contents, min_size=1, max_size=6))
def test_any_folder_is_a_recording_or_one_reason(frames: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number, content in enumerate([*frames, GOOD_FRAME]):
            (Path(folder) / f"a_{number}.json").write_bytes(content)
        try:
            video = read_recording(Path(folder), OpenPoseOptions())
        except UnreadableRecordingError as error:
            assert "\n" not in str(error)
            return
    xy, confidence = video.keypoints[..., :2], video.keypoints[..., 2]
    assert video.keypoints.shape == (len(frames) + 1, 25, 3)
    assert video.keypoints.dtype == np.float32
    assert not np.isinf(xy).any()
    assert ((confidence >= 0) & (confidence <= 1)).all()
    assert np.array_equal(np.isnan(xy[..., 0]), confidence == 0)
    json.dumps(video.facts.to_json(), allow_nan=False)


cells = st.one_of(
    st.text(max_size=6), st.integers(-5, 12), st.floats(), st.none(), st.booleans(),
    st.sampled_from(["X", "1.0", "\uff11", "=1+1", "1,5", "\x00", '"',
                     "TG1_1234567_20220101_LA_1"]),
)  # fmt: skip
names = st.one_of(
    st.sampled_from([*HEADER, "left", "right", "patient", "group", "左", "右", "id"]),
    st.text(string.ascii_letters + "_ 左右", max_size=8),
)


@st.composite
def tables(draw: Any) -> bytes:
    """Text of a table with a plausible header, in an encoding, perhaps cut or damaged."""
    delimiter = draw(st.sampled_from(",;\t"))
    header = draw(st.one_of(st.just(list(HEADER)), st.lists(names, max_size=6)))
    rows = draw(st.lists(st.lists(cells, max_size=6), max_size=6))
    lines = [delimiter.join(map(str, row)) for row in [header, *rows]]
    text = draw(st.sampled_from(["\n", "\r\n"])).join(lines)
    content = text.encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "cp950", "gbk", "utf-16"])),
                          errors="replace")  # fmt: skip
    return content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content


def check_sheet(path: Path) -> None:
    try:
        sheet = read_labels(path, SheetOptions())
    except ValueError as error:
        assert "\n" not in str(error).replace(str(path), "")
        assert "1234567" not in str(error)
        return
    for row in sheet.rows:
        assert row.clinic_id
        for score in row.scores.values():
            assert score is None or score in range(5)
        for given_scores in row.raters.values():
            assert all(score is None or math.isfinite(score) for score in given_scores)


@MANY
@given(st.one_of(tables(), st.binary(max_size=300)))
def test_any_text_is_a_sheet_or_one_clear_line(content: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        Path(file.name).write_bytes(content)
        check_sheet(Path(file.name))


@pytest.fixture(scope="module")
def workbook() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        rows = [HEADER, *((f"TG{n}_123456{n}_20220101_LA_1", n % 4, "X", "") for n in range(9))]
        return write_sheet(Path(folder) / "l.xls", rows).read_bytes()


# Each of these starts a process, see pdla.data.intake.workbooks.
@settings(MANY, max_examples=300)
@given(data=st.data())
def test_any_damaged_workbook_is_a_sheet_or_one_clear_line(workbook: bytes, data: Any) -> None:
    content = bytearray(workbook)
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(8, len(content) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.one_of(st.just(len(content)), st.integers(8, len(content))))
    with tempfile.NamedTemporaryFile(suffix=".xls") as file:
        Path(file.name).write_bytes(io.BytesIO(content[:end]).getvalue())
        check_sheet(Path(file.name))
