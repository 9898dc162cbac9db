"""Weights that come with pdla: pre-trained on simulated clinics alone, never on a real patient."""

import hashlib
from pathlib import Path
from typing import Final

SIMULATED: Final = "simulated"  # in place of a study, and as model.weights
NEVER_REAL: Final = "These weights never saw a real patient: they learnt from simulated legs alone."
HOME: Final = Path(__file__).parent  # of the finished studies simulated, simulated_tcn, ...
STUDY: Final = HOME / SIMULATED
WEIGHTS: Final = "best.safetensors"  # in place of best.ckpt


CARD: Final = "card.md"


def check_shipped(weights: Path) -> None:
    """Stop at weights that are not those that their card describes.

    Args:
        weights: Shipped file of weights, in the folder `checkpoints` of its run.

    Raises:
        ValueError: If its SHA-256 does not stand in the card beside the run.
    """
    card = weights.parents[1] / CARD
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    if not card.is_file() or digest not in card.read_text(encoding="utf-8"):
        raise ValueError(f"{weights}: SHA-256 is not that of {card.name}; install pdla again")


def shipped_study(name: str) -> Path | None:
    """The study that a name such as `simulated` or `simulated_tcn` stands for; None for others."""
    folder = HOME / name
    return folder if name.startswith(SIMULATED) and folder.is_dir() else None


def is_shipped(study: Path) -> bool:
    """Whether a study is one of those."""
    return study.parent == HOME


def shipped_weights(model: str) -> Path:
    """The file of weights of a model.

    Args:
        model: As in `model=`.

    Raises:
        ValueError: If none are shipped for it; names those that are.
    """
    paths = HOME.glob(f"{SIMULATED}*/*/*/{WEIGHTS}")
    found = {path.parents[1].name.split("-")[0]: path for path in paths}
    if model not in found:
        names = ", ".join(sorted(found)) or "no model"
        raise ValueError(f"model.weights=simulated: none for {model}; shipped for {names}")
    check_shipped(found[model])
    return found[model]
