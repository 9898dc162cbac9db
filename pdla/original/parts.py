"""The system of 2023 in parts that finish on their own: a killed run goes on at the next part."""

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from pdla.data.files import replacing, write_json
from pdla.data.recordings import LegSample
from pdla.data.skeletons import Leg
from pdla.original.clips import RANDOM, ClipSet, read_clips
from pdla.original.pictures import class_folder, draw_all, fill_class_folders
from pdla.original.protocol import (
    VideoSplit,
    shared_patients,
    split_2023,
    split_by_patient,
    split_by_video,
)
from pdla.original.r3d import Training, probabilities, train_r3d
from pdla.original.resnet_lstm import cut_runs, read_frames, train_resnet_lstm
from pdla.original.settings import OriginalSettings
from pdla.original.table import Step, videos_of

log = logging.getLogger(__name__)

PARTS: Final = ("r3d", "honest", "splits", "resnet_lstm")


@dataclass(frozen=True)
class LegData:
    """Rated videos of one leg, drawn and put into class folders.

    Attributes:
        leg: Which.
        samples: Rated, without score 4, which 2023 did not have.
        split: That of 2023.
        out: Folder of the whole run.
    """

    leg: Leg
    samples: list[LegSample]
    split: VideoSplit
    out: Path

    @property
    def scores(self) -> dict[str, int]:
        """Score of each video."""
        return {sample.recording.video_id: sample.score or 0 for sample in self.samples}

    def names(self, indices: Sequence[int]) -> list[str]:
        """Videos of some samples."""
        return [self.samples[index].recording.video_id for index in indices]


@dataclass(frozen=True)
class Machine:
    """Where the parts run.

    Attributes:
        device: Of the networks.
        workers: Processes that draw and decode.
        weights: `auto`, `required` or `none` (pdla.models.weights).
    """

    device: torch.device
    workers: int
    weights: str = "auto"


def prepare_leg(
    out: Path, leg: Leg, samples: Sequence[LegSample], settings: OriginalSettings, workers: int
) -> LegData:
    """Draw all videos of a leg and fill its class folders; what is there is kept."""
    split = split_2023(samples, settings.n_val, settings.seed)
    draw_all([sample.recording for sample in samples], out, settings, workers)
    fill_class_folders(out, leg, samples, split)
    return LegData(leg, list(samples), split, out)


def run_part(part: str, data: LegData, settings: OriginalSettings, machine: Machine) -> Path:
    """Run one part of one leg, unless its result is there.

    Returns:
        The result, <out>/<leg>_<part>.json.

    Raises:
        ValueError: If the part is unknown, or the result is of another setting.
    """
    makers = {"r3d": _r3d, "honest": _honest, "splits": _splits, "resnet_lstm": _resnet_lstm}
    if part not in makers:
        raise ValueError(f"--part {part}: choose pictures, {', '.join(PARTS)}")
    path = data.out / f"{data.leg}_{part}.json"
    wanted = json.loads(json.dumps(asdict(settings)))
    if path.exists():
        if json.loads(path.read_text(encoding="utf-8"))["settings"] != wanted:
            raise ValueError(f"{path}: of another setting; give another --out, or delete it")
        log.info("%s is there already", path)
        return path
    started = time.perf_counter()
    result = makers[part](data, settings, machine)
    seconds = round(time.perf_counter() - started, 1)
    facts = {"device": str(machine.device), "torch": torch.__version__, "seconds": seconds}
    write_json(path, {"settings": wanted, **facts, **result})
    return path


def _read_all(data: LegData, settings: OriginalSettings, machine: Machine) -> ClipSet:
    """Uniform clips of both stages, on the device; a video that is in both is kept once."""
    root = class_folder(data.out, data.leg)
    train, val = (
        read_clips(root / stage, settings, workers=machine.workers) for stage in ("train", "val")
    )
    new = [row for row, name in enumerate(val.video) if name not in set(train.video)]
    return ClipSet(
        torch.cat([train.clips, val.clips[new]]).to(machine.device),
        (*train.video, *(val.video[row] for row in new)),
    )


def _fit(
    clips: ClipSet,
    data: LegData,
    split: VideoSplit,
    settings: OriginalSettings,
    machine: Machine,
    epochs: int,
) -> Training:
    scores = data.scores
    return train_r3d(
        clips,
        [scores[name] for name in clips.video],
        clips.rows_of(data.names(split.train)),
        clips.rows_of(data.names(split.val)),
        settings,
        machine.device,
        epochs,
        machine.weights,
    )


def _tested(
    title: str,
    training: Training,
    clips: ClipSet,
    videos: Sequence[str],
    data: LegData,
    settings: OriginalSettings,
    machine: Machine,
    is_leaky: bool = True,
) -> Step:
    """Videos, each by the mean over its uniform clips."""
    rows = clips.rows_of(videos)
    found = probabilities(training.network, clips, rows, settings, machine.device)
    score, predicted, _ = videos_of(found, [clips.video[row] for row in rows], data.scores)
    return Step(title, score, predicted, is_leaky)


def _r3d(data: LegData, settings: OriginalSettings, machine: Machine) -> dict[str, Any]:
    """R3D-18 with the protocol of 2023, and the same network looked at more and more honestly."""
    clips = _read_all(data, settings, machine)
    training = _fit(clips, data, data.split, settings, machine, settings.epochs)
    last = {name: value.clone() for name, value in training.network.state_dict().items()}
    training.network.load_state_dict(training.best)
    single = read_clips(class_folder(data.out, data.leg) / "val", settings, RANDOM, machine.workers)
    found = probabilities(
        training.network, single, range(len(single.video)), settings, machine.device
    )
    score = np.array([data.scores[name] for name in single.video])
    doubled = set(data.names(data.split.doubled))
    val = data.names(data.split.val)
    apart = [name for name in val if name not in doubled]
    more = (clips, data, settings, machine)
    as_printed = f"as printed in 2023: one random {settings.test_clip_s:g} s clip of each video"
    steps = [
        Step(as_printed, score, found.argmax(axis=1)),
        _step("all clips of a video together", training, val, *more),
        _step("without the videos that are trained on too", training, apart, *more),
    ]
    training.network.load_state_dict(last)
    steps.append(_step("last epoch, not the one chosen on these videos", training, apart, *more))
    with replacing(data.out / f"{data.leg}_r3d_best.pt") as path:
        torch.save(training.best, path)
    return {
        "weights_source": training.weights_source,
        "train_loss": training.train_loss,
        "val_loss": training.val_loss,
        "best_epoch": training.best_epoch,
        "videos": {"train": len(data.split.train), "val": len(val), "both": len(doubled)},
        "val_videos_of_known_patients": shared_patients(data.samples, data.split),
        "clips": {
            "train": 2 * len(clips.rows_of(data.names(data.split.train))),
            "val": len(clips.rows_of(val)),
            "test": len(single.video),
        },
        "steps": [_step_json(step) for step in steps],
    }


def _step(
    title: str,
    training: Training,
    videos: Sequence[str],
    clips: ClipSet,
    data: LegData,
    settings: OriginalSettings,
    machine: Machine,
) -> Step:
    return _tested(title, training, clips, videos, data, settings, machine)


def _honest(data: LegData, settings: OriginalSettings, machine: Machine) -> dict[str, Any]:
    """The same recipe without doubled videos, then without known patients, and the majority."""
    clips = _read_all(data, settings, machine)
    by_video = split_by_video(data.samples, settings.n_val, settings.seed)
    by_patient = split_by_patient(data.samples, settings.seed)
    steps = []
    for title, split, is_leaky in (
        ("trained without doubled videos", by_video, True),
        ("other patients tested than trained on", by_patient, False),
    ):
        training = _fit(clips, data, split, settings, machine, settings.epochs)
        steps.append(
            _tested(title, training, clips, data.names(split.val), data, settings, machine,
                    is_leaky)
        )  # fmt: skip
    known = [data.samples[index].score or 0 for index in by_patient.train]
    score = np.array([data.samples[index].score for index in by_patient.val])
    common = int(np.bincount(known).argmax())
    steps.append(
        Step("majority score of those patients", score, np.full_like(score, common), False)
    )
    return {
        "val_videos_of_known_patients": shared_patients(data.samples, by_video),
        "steps": [_step_json(step) for step in steps],
    }


def _splits(data: LegData, settings: OriginalSettings, machine: Machine) -> dict[str, Any]:
    """Accuracy by video on random splits of 2023, with fewer epochs each."""
    clips = _read_all(data, settings, machine)
    accuracies, majorities = [], []
    for seed in range(settings.n_splits):
        split = split_2023(data.samples, settings.n_val, settings.seed + 1 + seed)
        training = _fit(clips, data, split, settings, machine, settings.split_epochs)
        training.network.load_state_dict(training.best)
        videos = data.names(split.val)
        accuracies.append(_tested("", training, clips, videos, data, settings, machine).accuracy)
        known = [data.samples[index].score or 0 for index in split.train]
        common = int(np.bincount(known).argmax())
        majorities.append(float(np.mean([data.scores[name] == common for name in videos])))
    return {
        "accuracy": accuracies,
        "majority": float(np.mean(majorities)),
        "n_tested": len(data.split.val),
    }


def _resnet_lstm(data: LegData, settings: OriginalSettings, machine: Machine) -> dict[str, Any]:
    """ResNet-18 + LSTM with runs of frames, a random 80/20 over the runs."""
    frames, counts = read_frames(data.out, data.samples, settings.size)
    frames = frames.to(machine.device)
    trained = [
        train_resnet_lstm(
            cut_runs(frames, counts, data.samples, length), settings, machine.device, epochs,
            machine.weights,
        )
        for length, epochs in zip(settings.lstm_frames, settings.lstm_epochs, strict=True)
    ]  # fmt: skip
    return {"frames": len(frames), "trainings": [asdict(training) for training in trained]}


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "title": step.title,
        "is_leaky": step.is_leaky,
        "score": step.score.tolist(),
        "predicted": step.predicted.tolist(),
    }
