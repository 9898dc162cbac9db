"""split.json: who was trained on and tested in every fold, to be checked and to be used again.

Legs are written as numbers, counted over the rated legs of a cohort: the left ones in the order of
the label sheet, then the right ones. So the file names nobody, and is the same on every machine
whatever the pseudonyms are there.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pdla.data.recordings import LegSample
from pdla.data.stages import STAGES


@dataclass(frozen=True)
class Split:
    """Indices into a list of samples, for each stage of a run."""

    train: tuple[int, ...]
    val: tuple[int, ...]
    test: tuple[int, ...]


@dataclass(frozen=True)
class FoldsRecord:
    """The contents of split.json.

    Attributes:
        rule: Name of the rule that drew the folds.
        hash: SHA-256 over the legs and the folds, not over the rule: the same folds have the same
            hash, drawn or read from a file.
        folds: Every fold of the split.
        legs: Number of rated legs that the folds count; None on another data set.
        legs_hash: `hash_legs` of them; None likewise.
        is_tuning: Whether the split tests training patients of the study, to choose options.
    """

    rule: str
    hash: str
    folds: tuple[Split, ...]
    legs: int | None = None
    legs_hash: str | None = None
    is_tuning: bool = False

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @classmethod
    def read(cls, path: Path) -> "FoldsRecord":
        """Read split.json.

        Raises:
            FileNotFoundError: If there is none.
            ValueError: If the file is not one; one line.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            folds = tuple(
                Split(*(tuple(map(int, fold[stage])) for stage in STAGES))
                for fold in content["folds"]
            )
            rule, digest = str(content["rule"]), str(content["hash"])
            legs, legs_hash = content.get("legs"), content.get("legs_hash")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(f"{path}: not a split.json that a run has written") from None
        return cls(rule, digest, folds, legs, legs_hash, content.get("is_tuning") is True)


def describe_folds(
    folds: Sequence[Split], samples: Sequence[LegSample], rule: str, is_tuning: bool = False
) -> FoldsRecord:
    """The record of a split.

    Args:
        folds: Every fold of a split.
        samples: The rated legs that the folds count.
        rule: Name of the rule that drew them.
        is_tuning: Whether the split is inside of the training patients.
    """
    legs_hash = hash_legs(samples)
    digest = _hash_folds(folds, len(samples), legs_hash)
    return FoldsRecord(rule, digest, tuple(folds), len(samples), legs_hash, is_tuning)


def _hash_folds(folds: Sequence[Split], legs: int | None, legs_hash: str | None) -> str:
    return _hash({"legs": legs, "legs_hash": legs_hash, "folds": [asdict(fold) for fold in folds]})


def read_folds(path: Path, samples: Sequence[LegSample]) -> list[Split]:
    """Read the folds of split.json.

    Raises:
        ValueError: If the file is none, was changed, or was made for other legs.
    """
    try:
        record = FoldsRecord.read(path)
    except FileNotFoundError:
        raise ValueError(f"split.file={path}: not found; give split.json of a run") from None
    except ValueError as error:
        raise ValueError(f"split.file={error}") from None
    if record.is_tuning:
        raise ValueError(f"split.file={path}: of a tuning run; give that of a run without inner")
    if record.hash != _hash_folds(record.folds, record.legs, record.legs_hash):
        raise ValueError(f"split.file={path}: was changed after it was written (hash differs)")
    if record.legs_hash != hash_legs(samples):
        raise ValueError(
            f"split.file={path}: made for {record.legs} other legs, scores or patients; "
            f"this cohort has {len(samples)} rated legs"
        )
    return list(record.folds)


def hash_legs(samples: Sequence[LegSample]) -> str:
    """SHA-256 over leg, score and patient of each leg; patients count, pseudonyms do not."""
    number: dict[str, int] = {}
    facts = [
        [sample.leg, sample.score, number.setdefault(sample.patient, len(number))]
        for sample in samples
    ]
    return _hash(facts)


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
