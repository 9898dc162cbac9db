"""What the models of a study looked at: pictures that its runs have left, put into the report."""

import base64
import json
from pathlib import Path
from typing import Any, Final

from pdla.report.pooling import group_variants
from pdla.report.study import Study
from pdla.runs.folder import PICTURES_FOLDER

MANIFEST: Final = "pictures.json"
NEEDED: Final = {"kind", "place", "video_id", "leg", "score", "expected_score", "title", "file"}
SHOWN: Final = 10  # legs of a kind and model: a page must still load on a phone
KINDS: Final = ("worst", "typical")


def looked_at(study: Study) -> list[dict[str, Any]]:
    """Pictures of each model of a study; nothing is drawn or computed anew.

    Of all runs of a model the legs with the largest errors, and for the most typical ones the first
    of each run in turn; a leg that several seeds tested stands there once.

    Returns:
        A row a model with pictures: name; `worst`, `typical` and `model`, lists of src and alt.
    """
    found = []
    for name, members in group_variants(study.runs).items():
        manifests = [(run.folder, read_manifest(run.folder)) for run in members]
        legs = [
            {**leg, "folder": folder, "error": abs(leg["expected_score"] - leg["score"])}
            for folder, manifest in manifests
            for leg in manifest["legs"]
        ]
        shown = {kind: _pictures(_choose(legs, kind)) for kind in KINDS}
        coefficients = [
            {**entry, "folder": folder, "title": f"{entry['title']}, {folder.name}"}
            for folder, manifest in manifests
            for entry in manifest["model"]
        ]
        if any(shown.values()):
            found.append({"name": name, **shown, "model": _pictures(coefficients[:2])})
    return found


def read_manifest(run_dir: Path) -> dict[str, Any]:
    """What the pictures of a run show; empty if it left none, or they are damaged."""
    path = run_dir / PICTURES_FOLDER / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        legs = [leg for leg in manifest["legs"] if leg.keys() >= NEEDED]
        return {"legs": legs, "model": list(manifest["model"])}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {"legs": [], "model": []}


def _choose(legs: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    of_kind = [leg for leg in legs if leg["kind"] == kind]
    if kind == "worst":
        of_kind.sort(key=lambda leg: -leg["error"])
    else:
        of_kind.sort(key=lambda leg: leg["place"])
    once = {(leg["video_id"], leg["leg"]): leg for leg in reversed(of_kind)}
    return list(reversed(once.values()))[:SHOWN]


def _pictures(entries: list[dict[str, Any]]) -> list[dict[str, str]]:
    shown = []
    for entry in entries:
        path = Path(entry["folder"]) / PICTURES_FOLDER / Path(entry["file"]).name
        if path.is_file():
            data = base64.b64encode(path.read_bytes()).decode()
            shown.append({"src": f"data:image/png;base64,{data}", "alt": str(entry["title"])})
    return shown
