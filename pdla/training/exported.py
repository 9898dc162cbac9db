"""An exported network and the description beside it: scores without the run that it came from."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pdla.data.clips.datamodules import KeypointClips
from pdla.data.progress import track
from pdla.data.recordings import Cohort
from pdla.data.skeletons import Leg, legs_of
from pdla.evaluation.abstention import TrainingRange
from pdla.evaluation.conformal import ScoreSets
from pdla.evaluation.training_legs import QuantityRange, training_from_json
from pdla.evaluation.video_scores import Combination, predictions_table
from pdla.runs.config import RunConfig
from pdla.runs.folder import file_hash
from pdla.training.config import build_data, scoring_config

FORMATS: Final = (".onnx", ".pt2")
NEEDED: Final = ("sha256", "model", "leg", "inputs", "output", "is_simulated", "scoring")

Network = Callable[[Mapping[str, Tensor]], Tensor]


@dataclass(frozen=True)
class ExportedModel:
    """A file that `pdla export` wrote.

    Attributes:
        path: The file.
        facts: Its description, as in the .json beside it.
        sets: Rule of the score sets.
        ranges: How far legs may be from those of the training.
        training: Quantities of the training legs.
    """

    path: Path
    facts: Mapping[str, Any] = field(repr=False)
    sets: ScoreSets
    ranges: list[TrainingRange] = field(repr=False)
    training: dict[str, QuantityRange] = field(repr=False)

    @property
    def legs(self) -> tuple[Leg, ...]:
        """The legs that it scores."""
        return legs_of(self.facts["leg"])

    @property
    def unsupported_scores(self) -> tuple[int, ...]:
        """Scores that no training leg had."""
        return tuple(self.facts["output"]["unsupported_scores"])

    def predict(self, cohort: Cohort, store: Path) -> pd.DataFrame:
        """Predictions for every rated leg of its side, as `Predictor.predict`."""
        data = build_data(self._config(store), cohort)
        network = _open_network(self.path)
        parts: dict[int, list[np.ndarray]] = {}
        names = list(self.facts["inputs"])
        loader = data.test_dataloader()
        with torch.inference_mode():
            for batch in track(loader, f"{self.path.name} scores", len(loader), "batches"):
                clips: Any = _prepare(data, batch)
                found = network({name: clips[name] for name in names}).double().numpy()
                for leg, shares in zip(clips["sample"].tolist(), found, strict=True):
                    parts.setdefault(leg, []).append(shares)
        by_leg = {leg: np.stack(rows) for leg, rows in parts.items()}
        how = cast(Combination, self.facts["scoring"]["clips"])
        return predictions_table(data.samples, by_leg, "test", 0, how)

    def _config(self, store: Path) -> RunConfig:
        """How clips are prepared: as in the run, but of this cohort's own videos."""
        config = {**self.facts["scoring"], "leg": self.facts["leg"], "seed": 0}
        return scoring_config(cast(RunConfig, config), store)


def _prepare(data: KeypointClips, batch: Any) -> Any:
    return data.represent(batch)


def read_exported(path: Path) -> ExportedModel:
    """Read the description of an exported file and check that it belongs to it.

    Raises:
        FileNotFoundError: If the file or its description is missing.
        ValueError: If the description is of another file or version; one line with the way out.
    """
    beside = path.with_suffix(".json")
    for one in (path, beside):
        if not one.is_file():
            raise FileNotFoundError(f"{one}: not found; `pdla export RUN {path.name}` writes both")
    try:
        facts = json.loads(beside.read_text(encoding="utf-8"))
        missing = [key for key in NEEDED if key not in facts]
    except (ValueError, TypeError):
        raise ValueError(f"{beside}: not a description of an exported network") from None
    if missing:
        raise ValueError(f"{beside}: no {missing[0]}; export the run again with this pdla")
    if facts["sha256"] != file_hash(path):
        raise ValueError(
            f"{path}: is not the file that {beside.name} describes (SHA-256 differs); "
            "export the run again"
        )
    scoring = facts["scoring"]
    return ExportedModel(
        path,
        facts,
        ScoreSets.from_json(scoring["score_sets"]),
        [TrainingRange.from_json(one) for one in scoring["training_ranges"]],
        training_from_json(scoring["training_legs"]),
    )


def _open_network(path: Path) -> Network:
    if path.suffix == ".pt2":
        return _open_pt2(path)
    try:
        import onnxruntime
    except ImportError:
        raise ValueError(f"{path}: needs a further package: pip install onnxruntime") from None
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (output,) = (one.name for one in session.get_outputs())

    def run(tensors: Mapping[str, Tensor]) -> Tensor:
        values = {name: tensor.float().numpy() for name, tensor in tensors.items()}
        return torch.from_numpy(session.run([output], values)[0])

    return run


def _open_pt2(path: Path) -> Network:
    module = torch.export.load(path).module()

    def run(tensors: Mapping[str, Tensor]) -> Tensor:
        found: Tensor = module(*tensors.values())
        return found

    return run
