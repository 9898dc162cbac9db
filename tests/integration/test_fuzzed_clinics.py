"""What `pdla check` calls usable trains without a stop, and nothing else is trained on."""

import os
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import lightning
import pytest

from pdla.commands.check_summary import summarise
from pdla.data.intake import IntakeOptions, read_intake
from pdla.training.config import build_data, build_model
from tests.fixtures.configs import compose_config
from tests.fixtures.fuzzed_clinics import write_fuzzed_clinic
from tests.fixtures.runs import TINY

MODELS = ("kinematic", "tcn", "r3d")
N_CLINICS = int(os.environ.get("PDLA_CLINICS", "300"))
FIRST_SEED = int(os.environ.get("PDLA_CLINICS_SEED", "1000"))


@cache
def config_of(model: str) -> dict[str, Any]:
    """Composed once: that takes as long as a step of training."""
    return compose_config(*TINY, f"model={model}", "leg=both", "data.workers=0")


def check_and_train(root: Path, seed: int, models: tuple[str, ...]) -> None:
    videos, labels = write_fuzzed_clinic(root, seed)
    intake = read_intake(videos, labels, root / "store", IntakeOptions(workers=1))
    summary = summarise(intake)
    usable = {
        (video.video_id, leg)
        for video in summary.videos
        for leg, one in video.legs.items()
        if one.verdict != "unusable" and one.score is not None
    }
    assert len(usable) >= 12
    for model in models:
        config = deepcopy(config_of(model))
        data = build_data(config, intake.cohort)
        network = build_model(config)
        network.set_training_counts(data.score_counts("train"))
        trainer = lightning.Trainer(
            fast_dev_run=1, accelerator="cpu", logger=False, enable_progress_bar=False,
            enable_model_summary=False,
        )  # fmt: skip
        trainer.fit(network, data)
        trained = {(sample.recording.video_id, sample.leg) for sample in data.samples}
        assert trained == usable, model


@pytest.mark.parametrize("seed", range(2))
def test_what_check_calls_usable_is_what_training_uses(tmp_path: Path, seed: int) -> None:
    check_and_train(tmp_path, seed, ("kinematic",))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + N_CLINICS))
def test_no_mixture_of_traps_stops_a_training(tmp_path: Path, seed: int) -> None:
    check_and_train(tmp_path, seed, MODELS)
