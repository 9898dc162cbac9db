"""Which videos belong to one person: connected components over group code and patient number."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final, Literal

import numpy as np
from pydantic import dataclasses as checked

from pdla.data.checked_options import CHECKED
from pdla.data.intake.sheets import is_blank, plain_text, read_sheets, safe_label

_PATTERN: Final = r"^(?P<group>[A-Za-z]+)(?P<code>\d+)_(?P<number>\d+)_(?P<date>\d+)_"


@checked.dataclass(frozen=True, config=CHECKED)
class PatientOptions:
    """How to tell from a video id whose video it is.

    Attributes:
        pattern: Regular expression over the id with any of the groups group, code, number, date.
            Videos that share group and code, or the number, are one patient.
        mapping: Table with the columns video and patient, or null; it wins over all else.
        unknown: exclude leaves out rated videos whose patient cannot be told, because their other
            visits could stand on both sides of a split; own_patient takes each as a person.
        copies: merge takes patients whose recordings are nearly the same as one person, because a
            copy could stand on the other side of a split; keep leaves them apart.
    """

    pattern: str = _PATTERN
    mapping: str | None = None
    unknown: Literal["exclude", "own_patient"] = "exclude"
    copies: Literal["merge", "keep"] = "merge"

    def __post_init__(self) -> None:
        """Check the pattern."""
        try:
            names = set(re.compile(self.pattern).groupindex)
        except re.error as error:
            raise ValueError(f"recordings.patients.pattern={self.pattern!r}: {error}") from None
        if not names & {"code", "number"} or not names <= {"group", "code", "number", "date"}:
            raise ValueError(
                f"recordings.patients.pattern={self.pattern!r}: expected (?P<code>...) or "
                "(?P<number>...), and besides only group and date"
            )


@dataclass(frozen=True)
class Identity:
    """What is known about who is in a video. Never shown.

    Attributes:
        clinic_id: The clinic's id of the video.
        patient: An explicit patient, or empty.
        code: Group and code such as TG6, or empty.
        number: Patient number, or empty.
        group: Letters of the group code, or empty.
        date: Eight digits, or empty where the id has none or an odd one.
        has_odd_date: Whether the date in the id is no date.
        has_short_number: Whether the number may be a placeholder: a hospital number is longer.
    """

    clinic_id: str = field(repr=False)
    patient: str = field(default="", repr=False)
    code: str = field(default="", repr=False)
    number: str = field(default="", repr=False)
    group: str = ""
    date: str = field(default="", repr=False)
    has_odd_date: bool = False
    has_short_number: bool = False

    @property
    def is_known(self) -> bool:
        """Whether anything tells the patient."""
        return bool(self.patient or self.code or self.number)


UNKNOWN: Final = Identity("")


@dataclass(frozen=True)
class Person:
    """Who is in a video: all videos of one person share it.

    Attributes:
        number: Counted from 0 in order of first appearance.
        key: Text that stays the same as videos are added, for the pseudonym; never shown.
        n_codes: Different group codes of the videos.
        n_numbers: Different patient numbers of the videos.
    """

    number: int
    key: str = field(repr=False)
    n_codes: int = 0
    n_numbers: int = 0

    @property
    def is_merged(self) -> bool:
        """Whether several codes or numbers were taken for one person: somebody should look."""
        return self.n_codes > 1 or self.n_numbers > 1


NOBODY: Final = Person(-1, "")


def identify(
    clinic_id: str, options: PatientOptions, patient: str = "", group: str = ""
) -> Identity:
    """Read who is in a video from its id; an explicit patient or group wins.

    Leading zeros and case do not make another person: TG06 is TG6. That can only merge too much.
    """
    match = re.match(options.pattern, clinic_id)
    parts = {name: text or "" for name, text in match.groupdict().items()} if match else {}
    letters = parts.get("group", "").upper()
    code = parts.get("code", "")
    number = parts.get("number", "")
    day = parts.get("date", "")
    return Identity(
        clinic_id,
        patient=patient.casefold(),
        code=letters + (code.lstrip("0") or code).casefold() if code else "",
        number=(number.lstrip("0") or number).casefold(),
        group=safe_label(group) or letters,
        date=day if _is_date(day) else "",
        has_odd_date=bool(day) and not _is_date(day),
        has_short_number=0 < len(number) <= 3,
    )


def group_patients(videos: Sequence[Identity]) -> list[Person]:
    """Find the people: videos that share a code or a number are one person.

    A video with an explicit patient is joined by it alone; its code and number only draw in videos
    that have no explicit patient.

    Returns:
        The person in each video.
    """
    tokens: dict[tuple[str, str], int] = {}
    edges: list[tuple[int, int]] = []

    def connect(video: int, kind: str, value: str) -> None:
        if value:
            edges.append((video, tokens.setdefault((kind, value), len(videos) + len(tokens))))

    for position, video in enumerate(videos):
        connect(position, "patient", video.patient)
        if not video.patient:
            connect(position, "code", video.code)
            connect(position, "number", video.number)
    for position, video in enumerate(videos):
        for kind, value in (("code", video.code), ("number", video.number)):
            if video.patient and (kind, value) in tokens:
                connect(position, kind, value)
    labels = _components(len(videos) + len(tokens), edges)[: len(videos)]
    members: dict[int, list[Identity]] = {}
    for label, video in zip(labels, videos, strict=True):
        members.setdefault(label, []).append(video)
    people = {
        label: _person(number, of_one) for number, (label, of_one) in enumerate(members.items())
    }
    return [people[label] for label in labels]


def read_mapping(path: Path) -> dict[str, str]:
    """Read a table that names the patient of each video.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it has no columns video and patient.
    """
    for sheet in read_sheets(path):
        if not sheet.rows:
            continue
        header = [plain_text(cell).casefold() for cell in sheet.rows[0][1]]
        if {"video", "patient"} <= set(header):
            video, patient = header.index("video"), header.index("patient")
            return {
                plain_text(cells[video]).casefold(): plain_text(cells[patient])
                for _, cells in sheet.rows[1:]
                if len(cells) > max(video, patient) and not is_blank(cells[patient])
            }
    raise ValueError(f"{path}: expected the columns video and patient in the first row")


def _components(n_nodes: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not edges:
        return list(range(n_nodes))
    pairs = np.asarray(edges)
    ones = np.ones(len(pairs), dtype=np.int8)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(n_nodes, n_nodes))
    return [int(label) for label in connected_components(graph, directed=False)[1]]


def _person(number: int, videos: Sequence[Identity]) -> Person:
    codes = {video.code for video in videos} - {""}
    numbers = {video.number for video in videos} - {""}
    return Person(number, _key(videos), len(codes), len(numbers))


def _key(members: Sequence[Identity]) -> str:
    """Explicit patient, else the smallest number, else the smallest code, else the video itself."""
    # The names are part of what pseudonyms are made from; they must not change.
    kinds = {"patient": "patient", "number": "number", "code": "code", "video_id": "clinic_id"}
    for kind, attribute in kinds.items():
        values = sorted({str(getattr(video, attribute)) for video in members} - {""})
        if values:
            return f"{kind}:{values[0]}"
    return "nobody"


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return len(digits) == 8
