"""The runs that sweeps have asked for, kept beside a study: what has no folder yet is missing."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pdla.data.files import write_text

ASKED: Final = "_asked"  # folder of a study, a file a sweep

Overrides = tuple[str, ...]  # of one run, as `leg=L`


def note_sweep(study: Path, jobs: Sequence[Sequence[str]]) -> None:
    """Keep what a sweep is going to run; the same sweep again is the same file."""
    text = json.dumps([list(job) for job in jobs], ensure_ascii=False, indent=0)
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    folder = study / ASKED
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / f"{name}.json", text)


def read_asked(study: Path) -> list[Overrides]:
    """Every run that a sweep of this study has asked for, once; a damaged file counts as none."""
    found: dict[frozenset[str], Overrides] = {}
    for path in sorted((study / ASKED).glob("*.json")):
        try:
            jobs = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            continue
        for job in jobs if isinstance(jobs, list) else []:
            if isinstance(job, list):
                overrides = tuple(str(one) for one in job)
                found.setdefault(frozenset(overrides), overrides)
    return list(found.values())
