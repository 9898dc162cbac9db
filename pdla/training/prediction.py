"""Predictions of finished runs for a cohort that they were not trained on; nothing is fitted."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import lightning
import pandas as pd
import torch

from pdla.data.clips.datamodules import KeypointClips
from pdla.data.files import first_line
from pdla.data.progress import is_terminal, track
from pdla.data.recordings import Cohort
from pdla.data.skeletons import legs_of
from pdla.evaluation.abstention import TrainingRange, learn_ranges
from pdla.evaluation.predictions import LegKey
from pdla.evaluation.video_scores import VideoScores
from pdla.models.scorer import LegScorer
from pdla.models.shipped import WEIGHTS, check_shipped, shipped_study
from pdla.models.weights import read_state
from pdla.report.study import Study, read_study
from pdla.report.study_run import StudyRun, read_run
from pdla.review.explanation import Explanation, average_explanations, explain_legs
from pdla.runs.folder import BEST, CONFIG, RESULT, checkpoint_path, file_hash
from pdla.targets import find_class
from pdla.training.config import build_data, build_model, scoring_config
from pdla.training.lightning_words import quiet_lightning
from pdla.training.memory import release_networks, track_network

quiet_lightning()

NO_WEIGHTS: Final = {"weights": "none"}


def read_finished(folder: Path) -> Study:
    """The finished runs of a study, or one run; `simulated` and `simulated_tcn` ship with pdla.

    Raises:
        ValueError: If there is none, a file of one cannot be trusted, or they hold no model.
    """
    if not folder.exists():
        folder = shipped_study(str(folder)) or folder
    if (folder / RESULT).exists():
        study = Study(folder.resolve().parent, [read_run(folder)], {})
    else:
        study = read_study(folder)
    for run in study.runs:
        check_complete(run)
        if (external := run.result.external) is not None:
            raise ValueError(
                f"{run.folder}: holds predictions of {external.run} for other data; "
                "give the study of that run"
            )
    return study


# Without these nobody knows what the network was given.
NEEDED: Final = ("leg", "recordings", "split", "sampling", "data", "loss", "model")


def check_complete(run: StudyRun) -> None:
    """Stop at a config from which something is missing, or that holds another thing there.

    Raises:
        ValueError: One line with the file and the key.
    """
    config: dict[str, Any] = dict(run.config)
    for key in NEEDED:
        if key not in config or (key != "leg" and not isinstance(config[key], dict)):
            has = "is missing" if key not in config else f"is {config[key]!r}"
            raise ValueError(f"{run.folder / CONFIG}: {key} {has}; restore the file, or run again")
    legs_of(str(config["leg"]))


def load_best(run: StudyRun) -> LegScorer:
    """The model of a run's best checkpoint, on the CPU; nothing in the file is ever executed.

    Raises:
        ValueError: If the checkpoint is missing, is not the one that the run has tested, or is not
            one of the model as it is today.
    """
    check_complete(run)
    if (shipped := run.folder / "checkpoints" / WEIGHTS).exists():
        check_shipped(shipped)
        model: LegScorer = build_model({**run.config, "model": run.config["model"] | NO_WEIGHTS})
        model.load_state_dict(read_state(shipped))  # with how often each score was seen
        return model
    checkpoint = checkpoint_path(run.folder, BEST)
    known = run.result.checkpoint_hash
    if not checkpoint.exists():
        raise ValueError(f"{checkpoint}: is gone; delete the run's folder and run it again")
    if known and file_hash(checkpoint) != known:
        raise ValueError(
            f"{checkpoint}: was changed or damaged after the run (SHA-256 differs from "
            f"{RESULT}); restore it, or delete the run's folder and run it again"
        )
    target, versions = run.config["model"]["_target_"], run.result.versions
    try:
        model_class = find_class(target, "model")
        # Everything is in the checkpoint: no pre-trained weights are looked for.
        model = model_class.load_from_checkpoint(
            checkpoint, map_location="cpu", weights="none", weights_only=True
        )
    except Exception as error:  # a file from elsewhere can be damaged in any way
        made_by = ", ".join(f"{name} {versions.get(name)}" for name in ("pdla", "torch"))
        raise ValueError(
            f"{checkpoint}: does not open as {target} ({first_line(error)}); it was made "
            f"by {made_by}: install these versions, or run it again"
        ) from None
    return model


def training_ranges(runs: Sequence[StudyRun]) -> list[TrainingRange]:
    """How far the kinematics of a leg may be from those of the training legs, for each fold."""
    folds = {(run.fold.train, run.result.leg): run for run in runs}
    return learn_ranges(
        [(run.own_legs(run.fold.train), run.own_legs(run.fold.val)) for run in folds.values()]
    )


class Predictor:
    """Runs on one cohort; clips are prepared once for all runs that want them alike.

    Args:
        cohort: Its rated legs are predicted.
        store: Where the cohort is kept; videos that have to be drawn for a run lie beside it.
    """

    def __init__(self, cohort: Cohort, store: Path) -> None:
        self.cohort = cohort
        self.store = store
        self._prepared: dict[str, KeypointClips] = {}

    def predict(self, run: StudyRun) -> pd.DataFrame:
        """Predictions of a run's best checkpoint for every rated leg of its side.

        Returns:
            As predictions.csv, stage `test`.

        Raises:
            ValueError: If the checkpoint is gone, or no leg of its side is there.
        """
        data = self._prepare(run)
        release_networks()
        model = load_best(run)
        track_network(model)
        combination = run.config["evaluation"]["clips"]
        scores = VideoScores(data.samples, run.result.split.fold, combination)
        tester = lightning.Trainer(
            accelerator="auto",
            devices=1,
            logger=False,
            enable_progress_bar=is_terminal(),
            enable_model_summary=False,
            callbacks=[scores],
        )
        tester.test(model, data, verbose=False)
        return scores.predictions["test"]

    def explain(self, runs: Sequence[StudyRun]) -> dict[LegKey, Explanation]:
        """What moved the expected score of every rated leg, mean over runs of one model.

        Raises:
            ValueError: As `predict`.
        """
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        found: list[tuple[LegKey, Explanation]] = []
        for run in track(runs, "Looking for what moved the scores", len(runs), "runs"):
            data = self._prepare(run)
            data.prepare_data()
            release_networks()
            model = load_best(run).to(device)
            track_network(model)
            found += explain_legs(model, data, device)
        return average_explanations(found)

    def _prepare(self, run: StudyRun) -> KeypointClips:
        config = scoring_config(run.config, self.store)
        wanted = [config["data"], config["sampling"], config["drawing"], config["leg"]]
        key = json.dumps(wanted, sort_keys=True)
        if key not in self._prepared:
            self._prepared[key] = build_data(config, self.cohort)
        return self._prepared[key]
