"""The system of 2023 in parts that finish on their own: a killed run goes on at the next part."""

import json
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from pdla.data.files import replacing, write_json
from pdla.data.recordings import LegSample
from pdla.data.skeletons import Leg
from pdla.original.clips import RANDOM, ClipSet, read_clips, shrink, uniform_clips
from pdla.original.pictures import class_folder, draw_all, fill_class_folders
from pdla.original.protocol import (
    VideoSplit,
    shared_patients,
    split_2023,
    split_by_patient,
    split_by_video,
)
from pdla.original.r3d import EpochDone, Training, probabilities, train_r3d
from pdla.original.resnet_lstm import LSTMTraining, cut_runs, read_frames, train_resnet_lstm
from pdla.original.settings import Machine, OriginalSettings
from pdla.original.table import Step, pool_steps, videos_of

# Those of `make original`, the longest first. `honest` trains twice more at the full setting.
PARTS: Final = ("r3d", "resnet_lstm", "splits")
ALL_PARTS: Final = (*PARTS, "honest")
CLIPS: Final = "clips"

ALL_CLIPS: Final = "all clips of a video together"
WITHOUT_DOUBLED: Final = "without the videos that are trained on too"
LAST_EPOCH: Final = "last epoch, not the one chosen on these videos"
OTHER_PATIENTS: Final = "other patients tested than trained on"
BY_PATIENT: Final = -2  # the row of other patients among those of a random split
MAJORITY: Final = "majority score of those patients"


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


class Progress:
    """What a part tells while it runs: a line, what it has so far, and whether it may go on.

    Args:
        path: The result; written anew with each report, so that a killed part leaves what it had.
        facts: Settings and machine, written with every report.
    """

    def __init__(self, path: Path, facts: dict[str, Any]) -> None:
        self.path, self.facts = path, facts
        self.started = time.perf_counter()
        self.may_go_on = True

    def stop(self, *_: Any) -> None:
        """Ask the part to end with what it has; a signal handler."""
        self.may_go_on = False

    def report(self, text: str, result: dict[str, Any], *, is_complete: bool = False) -> bool:
        """Say a line, keep a result, and return whether the part may go on."""
        seconds = round(time.perf_counter() - self.started, 1)
        print(f"{self.path.stem}: {text}, {seconds:.0f} s", flush=True)
        write_json(
            self.path, {**self.facts, "is_complete": is_complete, "seconds": seconds, **result}
        )
        return self.may_go_on


def prepare_leg(
    out: Path, leg: Leg, samples: Sequence[LegSample], settings: OriginalSettings, workers: int
) -> LegData:
    """Draw the videos of a leg, fill its class folders, decode them; what is there is kept."""
    split = split_2023(samples, settings.n_val, settings.seed)
    draw_all([sample.recording for sample in samples], out, settings, workers)
    fill_class_folders(out, leg, samples, split)
    data = LegData(leg, list(samples), split, out)
    read_leg(data, settings, workers)
    return data


def read_leg(data: LegData, settings: OriginalSettings, workers: int) -> ClipSet:
    """Uniform clips of both stages; a video that is in both is kept once."""
    root, cache = class_folder(data.out, data.leg), data.out / CLIPS
    train, val = (
        uniform_clips(root / stage, cache, settings, workers) for stage in ("train", "val")
    )
    known = set(train.video)
    new = [row for row, name in enumerate(val.video) if name not in known]
    return ClipSet(
        torch.cat([train.clips, val.clips[new]]),
        (*train.video, *(val.video[row] for row in new)),
    )


def is_finished(part: str, data: LegData, settings: OriginalSettings) -> bool:
    """Whether the result of a part is there, and whole.

    Raises:
        ValueError: If the part is unknown, or the result is of another setting.
    """
    if part not in ALL_PARTS:
        raise ValueError(f"--part {part}: choose pictures, {', '.join(ALL_PARTS)}")
    path = result_path(data.out, data.leg, part)
    if not path.exists():
        return False
    result = json.loads(path.read_text(encoding="utf-8"))
    if result["settings"] != _as_json(settings):
        raise ValueError(f"{path}: of another setting; give another --out, or delete it")
    return bool(result["is_complete"])


def result_path(out: Path, leg: Leg, part: str) -> Path:
    """Where a part writes its result."""
    return out / f"{leg}_{part}.json"


def run_part(part: str, data: LegData, settings: OriginalSettings, machine: Machine) -> bool:
    """Run one part of one leg; Ctrl+C ends it with what it has so far.

    Returns:
        Whether nobody asked it to end.
    """
    torch.backends.cudnn.benchmark = True  # all clips have one size
    facts = {
        "settings": _as_json(settings), "device": _device_name(machine.device),
        "torch": torch.__version__,
    }  # fmt: skip
    progress = Progress(result_path(data.out, data.leg, part), facts)
    before = signal.signal(signal.SIGINT, progress.stop)
    try:
        MAKERS[part](data, settings, machine, progress)
    finally:
        signal.signal(signal.SIGINT, before)
    return progress.may_go_on


def _as_json(settings: OriginalSettings) -> dict[str, Any]:
    settings_json: dict[str, Any] = json.loads(json.dumps(asdict(settings)))
    return settings_json


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _read_all(data: LegData, settings: OriginalSettings, machine: Machine) -> ClipSet:
    clips = read_leg(data, settings, machine.workers)
    return ClipSet(clips.clips.to(machine.device), clips.video)


def _fit(
    clips: ClipSet,
    data: LegData,
    split: VideoSplit,
    settings: OriginalSettings,
    machine: Machine,
    after_epoch: EpochDone | None = None,
) -> Training:
    scores = data.scores
    return train_r3d(
        clips,
        [scores[name] for name in clips.video],
        clips.rows_of(data.names(split.train)),
        clips.rows_of(data.names(split.val)),
        settings,
        machine.device,
        machine.weights,
        after_epoch,
    )


def _tested(
    title: str,
    network: nn.Module,
    clips: ClipSet,
    videos: Sequence[str],
    data: LegData,
    settings: OriginalSettings,
    is_leaky: bool = True,
) -> Step:
    """Videos, each by the mean over its uniform clips."""
    rows = clips.rows_of(videos)
    found = probabilities(network, clips, rows, settings)
    score, predicted, _ = videos_of(found, [clips.video[row] for row in rows], data.scores)
    return Step(title, score, predicted, is_leaky)


def _losses(training: Training) -> dict[str, Any]:
    return {
        "weights_source": training.weights_source,
        "train_loss": training.train_loss,
        "val_loss": training.val_loss,
        "best_epoch": training.best_epoch,
    }


def _r3d(data: LegData, settings: OriginalSettings, machine: Machine, progress: Progress) -> None:
    """R3D-18 with the protocol of 2023, and the same network looked at more and more honestly."""
    clips = _read_all(data, settings, machine)
    val_folder = class_folder(data.out, data.leg) / "val"
    with ThreadPoolExecutor(1) as beside:  # decoding, while the network learns
        reading = beside.submit(read_clips, val_folder, settings, RANDOM)
        training = _fit(
            clips, data, data.split, settings, machine,
            lambda training: progress.report(
                f"epoch {len(training.val_loss)} of {settings.epochs}, training loss "
                f"{training.train_loss[-1]:.2f}, validation loss {training.val_loss[-1]:.2f}",
                {**_losses(training), "steps": []},
            ),
        )  # fmt: skip
        single = reading.result()
    steps = _r3d_steps(training, clips, single, data, settings)
    with replacing(data.out / f"{data.leg}_r3d_best.pt") as path:
        torch.save(training.best, path)
    val, doubled = data.split.val, data.split.doubled
    result = {
        **_losses(training),
        "videos": {"train": len(data.split.train), "val": len(val), "both": len(doubled)},
        "val_videos_of_known_patients": shared_patients(data.samples, data.split),
        "clips": {
            "train": 2 * len(clips.rows_of(data.names(data.split.train))),
            "val": len(clips.rows_of(data.names(val))),
            "test": len(single.video),
        },
        "steps": [_step_json(step) for step in steps],
    }
    is_complete = len(training.val_loss) == settings.epochs
    progress.report("tested", result, is_complete=is_complete)


def _r3d_steps(
    training: Training, clips: ClipSet, single: ClipSet, data: LegData, settings: OriginalSettings
) -> list[Step]:
    network, val = training.network, data.names(data.split.val)
    doubled = set(data.names(data.split.doubled))
    apart = [name for name in val if name not in doubled]
    last = {name: value.clone() for name, value in network.state_dict().items()}
    network.load_state_dict(training.best)
    found = probabilities(network, single, range(len(single.video)), settings)
    score = np.array([data.scores[name] for name in single.video])
    as_printed = f"as printed in 2023: one random {settings.test_clip_s:g} s clip of each video"
    steps = [
        Step(as_printed, score, found.argmax(axis=1)),
        _tested(ALL_CLIPS, network, clips, val, data, settings),
        _tested(WITHOUT_DOUBLED, network, clips, apart, data, settings),
    ]
    network.load_state_dict(last)
    return [*steps, _tested(LAST_EPOCH, network, clips, apart, data, settings)]


def _honest(
    data: LegData, settings: OriginalSettings, machine: Machine, progress: Progress
) -> None:
    """The whole recipe without doubled videos, then without known patients, and the majority."""
    clips = _read_all(data, settings, machine)
    by_video = split_by_video(data.samples, settings.n_val, settings.seed)
    by_patient = split_by_patient(data.samples, settings.seed)
    steps: list[Step] = []
    for title, split, is_leaky in (
        ("trained without doubled videos", by_video, True), (OTHER_PATIENTS, by_patient, False),
    ):  # fmt: skip
        training = _fit(
            clips, data, split, settings, machine,
            lambda training: progress.report(
                f"epoch {len(training.val_loss)} of {settings.epochs}", _honest_json(steps)
            ),
        )  # fmt: skip
        if len(training.val_loss) < settings.epochs:
            return
        videos = data.names(split.val)
        steps.append(_tested(title, training.network, clips, videos, data, settings, is_leaky))
    steps.append(_majority(data, by_patient))
    progress.report("tested", _honest_json(steps), is_complete=True)


def _honest_json(steps: Sequence[Step]) -> dict[str, Any]:
    return {"steps": [_step_json(step) for step in steps]}


def _majority(data: LegData, split: VideoSplit) -> Step:
    """The commonest score of the training videos, said of every tested one."""
    known = [data.samples[index].score or 0 for index in split.train]
    score = np.array([data.samples[index].score for index in split.val])
    common = int(np.bincount(known).argmax())
    return Step(MAJORITY, score, np.full_like(score, common), False)


def _splits(
    data: LegData, settings: OriginalSettings, machine: Machine, progress: Progress
) -> None:
    """The recipe on small clips, on random splits of 2023 and on as many by patient."""
    small = settings.for_splits
    clips = shrink(_read_all(data, settings, machine), small.clip_frames, small.size)
    draws: list[list[Step]] = []
    majority: list[float] = []
    for seed in range(settings.seed + 1, settings.seed + 1 + settings.n_splits):
        draws.append(_one_split(clips, data, small, machine, seed))
        by_video = split_2023(data.samples, settings.n_val, seed)
        majority.append(_majority(data, by_video).accuracy)
        is_last = len(draws) == settings.n_splits
        result = {
            "accuracy": [steps[0].accuracy for steps in draws],
            "accuracy_by_patient": [steps[BY_PATIENT].accuracy for steps in draws],
            "majority": float(np.mean(majority)),
            "n_tested": len(data.split.val),
            "steps": [_step_json(pool_steps(rows)) for rows in zip(*draws, strict=True)],
        }
        if not progress.report(
            f"split {len(draws)} of {settings.n_splits}, accuracy {draws[-1][0].accuracy:.2f}",
            result, is_complete=is_last,
        ):  # fmt: skip
            return


def _one_split(
    clips: ClipSet, data: LegData, settings: OriginalSettings, machine: Machine, seed: int
) -> list[Step]:
    split = split_2023(data.samples, settings.n_val, seed)
    training = _fit(clips, data, split, settings, machine)
    network, val = training.network, data.names(split.val)
    doubled = set(data.names(split.doubled))
    apart = [name for name in val if name not in doubled]
    last = _tested(LAST_EPOCH, network, clips, apart, data, settings)
    network.load_state_dict(training.best)
    steps = [
        _tested(ALL_CLIPS, network, clips, val, data, settings),
        _tested(WITHOUT_DOUBLED, network, clips, apart, data, settings),
        last,
    ]
    by_patient = split_by_patient(data.samples, seed)
    other = _fit(clips, data, by_patient, settings, machine).network
    videos = data.names(by_patient.val)
    steps.append(_tested(OTHER_PATIENTS, other, clips, videos, data, settings, False))
    return [*steps, _majority(data, by_patient)]


def _resnet_lstm(
    data: LegData, settings: OriginalSettings, machine: Machine, progress: Progress
) -> None:
    """ResNet-18 + LSTM with runs of frames, a random 80/20 over the runs."""
    frames, counts = read_frames(data.out, data.samples, settings)
    frames = frames.to(machine.device)
    trained: list[LSTMTraining] = []

    def so_far(more: Sequence[LSTMTraining]) -> dict[str, Any]:
        return {"frames": len(frames), "trainings": [asdict(one) for one in (*trained, *more)]}

    for length, epochs in zip(settings.lstm_frames, settings.lstm_epochs, strict=True):
        runs = cut_runs(frames, counts, data.samples, length)
        training = train_resnet_lstm(
            runs, settings, machine.device, epochs, machine.weights,
            partial(_lstm_epoch, progress, epochs, so_far),
        )  # fmt: skip
        trained.append(training)
        if len(training.val_loss) < epochs:
            return
    progress.report("finished", so_far([]), is_complete=True)


def _lstm_epoch(
    progress: Progress,
    epochs: int,
    so_far: Callable[[Sequence[LSTMTraining]], dict[str, Any]],
    training: LSTMTraining,
) -> bool:
    return progress.report(
        f"runs of {training.run_frames}, epoch {len(training.val_loss)} of {epochs}, accuracy "
        f"{training.val_accuracy[-1]:.2f}",
        so_far([training]),
    )


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "title": step.title,
        "is_leaky": step.is_leaky,
        "score": step.score.tolist(),
        "predicted": step.predicted.tolist(),
    }


MAKERS: Final[dict[str, Callable[[LegData, OriginalSettings, Machine, Progress], None]]] = {
    "r3d": _r3d, "resnet_lstm": _resnet_lstm, "splits": _splits, "honest": _honest,
}  # fmt: skip
