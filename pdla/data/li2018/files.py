"""The published files of Li & Taati (2018): where they are, and what their keys mean.

Paper: Li, Mestre, Fox and Taati 2018, "Vision-based assessment of parkinsonism and levodopa-induced
dyskinesia with pose estimation", J NeuroEngineering and Rehabilitation 15:97. Data: CC BY 4.0.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

from pdla.data.skeletons import Leg

SOURCES: Final = (
    "the authors' zip (doi.org/10.1186/s12984-018-0446-z, additional files), "
    "Kaggle LIMI44/parkinsons-visionbased-pose-estimation-dataset, "
    "GitHub Graham-Broughton/Parkinson-Pose"
)
EXTENSIONS: Final = (".txt", ".json")  # the zip has .txt, copies of it .json; both hold JSON
LEG_AGILITY: Final = "3.8"  # items of MDS-UPDRS part III
TOE_TAPPING: Final = "3.7"
MAX_RATING: Final = 4.0


class PublishedFile(Enum):
    """A file of the data set, named without its extension."""

    TRAJECTORIES = "LA_split_all_export"
    FLOW = "TT_opt_flow_export"
    RATINGS = "UPDRS"
    SUBJECTS = "sn_numbers"

    @property
    def contents(self) -> str:
        """What is in it, in words."""
        return _CONTENTS[self]


_CONTENTS: Final = {
    PublishedFile.TRAJECTORIES: "leg-agility trajectories",
    PublishedFile.FLOW: "toe-tapping optical flow",
    PublishedFile.RATINGS: "ratings",
    PublishedFile.SUBJECTS: "subject of each trial",
}


@dataclass(frozen=True)
class TrialKey:
    """A trial as the files name it, such as `21 (shake)`.

    Attributes:
        number: Number of the trial, by which ratings and subjects are found.
        note: What the authors noted of the recording, such as `shake` or `occl`; or empty.
    """

    number: str
    note: str = ""

    def __str__(self) -> str:
        """As a person finds it in the files."""
        return f"trial {self.number}{f' ({self.note})' if self.note else ''}"


def parse_trial_key(key: str) -> TrialKey | None:
    """Read a key; None if it does not begin with the number of a trial."""
    match = re.fullmatch(r"\s*(\d+)\s*(?:\(([^()]*)\))?\s*", key)
    return TrialKey(str(int(match[1])), (match[2] or "").strip()) if match else None


def trial_order(key: TrialKey) -> tuple[int, str]:
    """Sort key: by number, whatever the order in the file."""
    return int(key.number), key.note


def is_li2018_folder(root: Path) -> bool:
    """Whether a folder holds this data set: ratings and subjects, or trajectories, or flow."""
    if not root.is_dir():
        return False
    found = {kind for kind in PublishedFile if _find(root, kind)}
    return bool(found & {PublishedFile.TRAJECTORIES, PublishedFile.FLOW}) or (
        {PublishedFile.RATINGS, PublishedFile.SUBJECTS} <= found
    )


def read_published(root: Path, kind: PublishedFile) -> dict[str, Any]:
    """Read one file of the data set, from `root` or from the folder that the zip makes in it.

    Raises:
        FileNotFoundError: If it is not there; the line names the places that have it.
        ValueError: If there are several, or it is not the JSON object that was published.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder; expected the files of Li & Taati (2018)")
    paths = _find(root, kind)
    names = " or ".join(f"{kind.value}{extension}" for extension in EXTENSIONS)
    if not paths:
        is_tapping = kind is PublishedFile.TRAJECTORIES and _find(root, PublishedFile.FLOW)
        hint = f". Toe tapping is there: pdla toe-tapping {root}" if is_tapping else ""
        raise FileNotFoundError(
            f"{root}: no {names} ({kind.contents}). Get it from {SOURCES}{hint}"
        )
    if len(paths) > 1:
        listed = ", ".join(str(path.relative_to(root)) for path in paths)
        raise ValueError(f"{root}: {listed} are there; keep one of them ({kind.contents})")
    try:
        content = json.loads(paths[0].read_bytes(), object_pairs_hook=_refuse_doubles)
    except (RecursionError, ValueError) as error:
        raise ValueError(f"{paths[0]}: not the published JSON ({error}). Get it anew") from None
    if not isinstance(content, dict):
        raise ValueError(f"{paths[0]}: expected a JSON object with a key a trial or item")
    return content


def read_subjects(root: Path) -> dict[str, str]:
    """Subject of each trial number."""
    return {
        key.number: str(subject)
        for name, subject in read_published(root, PublishedFile.SUBJECTS).items()
        if (key := parse_trial_key(name)) and _is_subject(subject)
    }


def read_ratings(root: Path, item: str) -> dict[str, dict[Leg, float | None]]:
    """Ratings of an item, means over the raters, of each trial number.

    The files give the right side first. A value that is no number from 0 to 4 is None; so are both
    if there are not exactly two.

    Raises:
        ValueError: If the item is not in the file.
    """
    items = read_published(root, PublishedFile.RATINGS)
    if not isinstance(items.get(item), Mapping):
        raise ValueError(f"{root}: {PublishedFile.RATINGS.value} has no item {item}")
    ratings: dict[str, dict[Leg, float | None]] = {}
    for name, pair in items[item].items():
        if key := parse_trial_key(name):
            is_pair = isinstance(pair, Sequence) and not isinstance(pair, str) and len(pair) == 2
            right, left = pair if is_pair else (None, None)
            ratings[key.number] = {"L": _rating(left), "R": _rating(right)}
    return ratings


def _find(root: Path, kind: PublishedFile) -> list[Path]:
    """The file in `root`, else up to two folders below, where zips put it."""
    for pattern in ("", "*/", "*/*/"):
        names = (f"{pattern}{kind.value}{extension}" for extension in EXTENSIONS)
        paths = sorted(path for name in names for path in root.glob(name) if path.is_file())
        if paths:
            return paths
    return []


def _refuse_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {doubled!r} occurs twice")
    return content


def _is_subject(value: object) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool) and str(value) != ""


def _rating(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= MAX_RATING else None  # type: ignore[operator, arg-type]
