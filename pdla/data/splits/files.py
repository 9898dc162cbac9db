"""split.json: who was trained on and tested in every fold, to be checked and to be used again.

Legs are written as numbers, counted over the rated legs of a cohort: the left ones in the order of
the label sheet, then the right ones. So the file names nobody, and is the same on every machine
whatever the pseudonyms are there.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
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


def describe_folds(
    folds: Sequence[Split], samples: Sequence[LegSample], rule: str
) -> dict[str, Any]:
    """The contents of split.json.

    Args:
        folds: Every fold of a split.
        samples: The rated legs that the folds count.
        rule: Name of the rule that drew them, for people.

    Returns:
        Plain values; `hash` is SHA-256 over the legs and the folds, not over the rule: the same
        folds have the same hash, drawn or read from a file.
    """
    content = {
        "legs": len(samples),
        "legs_hash": hash_legs(samples),
        "folds": [{stage: list(getattr(fold, stage)) for stage in STAGES} for fold in folds],
    }
    return {"rule": rule, "hash": _hash(content), **content}


def read_folds(path: Path, samples: Sequence[LegSample]) -> list[Split]:
    """Read the folds of split.json.

    Raises:
        ValueError: If the file is none, was changed, or was made for other legs.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        parts = {key: content[key] for key in ("legs", "legs_hash", "folds")}
        folds = [Split(*(tuple(fold[stage]) for stage in STAGES)) for fold in parts["folds"]]
        written = content["hash"]
    except FileNotFoundError:
        raise ValueError(f"split.file={path}: not found; give split.json of a run") from None
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"split.file={path}: not a split.json that a run has written") from None
    if content.get("is_tuning"):
        raise ValueError(f"split.file={path}: of a tuning run; give that of a run without inner")
    if written != _hash(parts):
        raise ValueError(f"split.file={path}: was changed after it was written (hash differs)")
    if parts["legs_hash"] != hash_legs(samples):
        raise ValueError(
            f"split.file={path}: made for {parts['legs']} other legs, scores or patients; "
            f"this cohort has {len(samples)} rated legs"
        )
    return folds


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
