"""Weights that come with pdla: pre-trained on simulated clinics alone, never on a real patient."""

from pathlib import Path
from typing import Final

SIMULATED: Final = "simulated"  # in place of a study, and as model.weights
NEVER_REAL: Final = "These weights never saw a real patient: they learnt from simulated legs alone."
STUDY: Final = Path(__file__).with_name("simulated")  # a finished study of one run a model
WEIGHTS: Final = "best.safetensors"  # in place of best.ckpt


def shipped_weights(model: str) -> Path:
    """The file of weights of a model.

    Args:
        model: As in `model=`.

    Raises:
        ValueError: If none are shipped for it; names those that are.
    """
    found = {path.parents[1].name.split("-")[0]: path for path in STUDY.glob(f"*/*/{WEIGHTS}")}
    if model not in found:
        names = ", ".join(sorted(found)) or "no model"
        raise ValueError(f"model.weights=simulated: none for {model}; shipped for {names}")
    return found[model]
