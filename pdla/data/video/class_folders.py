"""Reading class folders of videos: <folder>/<stage>/<leg>/<score>/<video>.mp4."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
import pandas as pd

from pdla.data.recordings import SCORES, LegSample, Recording
from pdla.data.skeletons import N_JOINTS, Leg
from pdla.data.splits.files import Split
from pdla.data.splits.rules import check_patients_apart
from pdla.data.stages import STAGES
from pdla.data.video.writing import RECIPE, TABLE, VideoFile

SUFFIXES: Final = (".mp4", ".avi", ".mov", ".mkv")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ClassFolders:
    """What class folders hold.

    Attributes:
        samples: A sample a file; its recording has the video's length, speed and size, but all
            joints are unseen, as they are not known.
        files: The file of each sample.
        split: Indices into both, by stage.
        is_leaky: Whether it cannot be told that no patient stands on two sides of the split.
    """

    samples: list[LegSample]
    files: list[VideoFile]
    split: Split
    is_leaky: bool


def read_class_folders(folder: Path, legs: Sequence[Leg]) -> ClassFolders:
    """Read the folders of some legs.

    Patients come from the folder's videos.csv, as `pdla draw --class-folders` writes it. Without
    one, each video counts as a patient of its own and the split counts as leaky.

    The score is the folder's name. (pytorchvideo numbers class folders by their order instead, so
    that 0, 1, 3 would become 0, 1, 2.)

    Raises:
        FileNotFoundError: If a stage has no video.
        ValueError: If the folder is unfinished, a folder's name is no score, a file is no video, or
            a patient stands on two sides of the split.
    """
    if (folder / RECIPE).exists() and not (folder / TABLE).exists():
        raise ValueError(f"{folder}: `pdla draw` did not finish; say the same command again")
    patients = _read_patients(folder)
    samples: list[LegSample] = []
    files: list[VideoFile] = []
    stages: dict[str, list[int]] = {stage: [] for stage in STAGES}
    for stage in STAGES:
        for leg in legs:
            for path, score in _find_videos(folder / stage / leg):
                file, size = _probe(path)
                stages[stage].append(len(samples))
                files.append(file)
                samples.append(_sample(file, size, leg, score, patients))
        if not stages[stage]:
            raise FileNotFoundError(
                f"{folder / stage}: no video in {'/'.join(legs)}/<score>/; "
                "make the folders with `pdla draw --class-folders`"
            )
    split = Split(*(tuple(stages[stage]) for stage in STAGES))
    if patients:
        check_patients_apart(split, samples)
    else:
        log.warning("%s has no videos.csv: patients may stand on both sides of the split", folder)
    return ClassFolders(samples, files, split, is_leaky=not patients)


def _read_patients(folder: Path) -> dict[str, tuple[str, str]]:
    """Patient and group of each video; empty if they are not known."""
    if not (folder / TABLE).exists():
        return {}
    table = pd.read_csv(folder / TABLE, dtype=str, keep_default_na=False)
    if missing := {"video", "patient", "group"} - set(table.columns):
        raise ValueError(f"{folder / TABLE}: no column {sorted(missing)[0]}")
    people = zip(table["patient"], table["group"], strict=True)
    return dict(zip(table["video"], people, strict=True))


def _find_videos(folder: Path) -> list[tuple[Path, int]]:
    """Videos of a leg with their scores, in order of score and name; hidden files do not count."""
    found = []
    for class_folder in sorted(path for path in folder.glob("*") if path.is_dir()):
        if class_folder.name not in map(str, SCORES):
            raise ValueError(f"{class_folder}: the name of a class folder must be a score, 0 to 4")
        found += [
            (path, int(class_folder.name))
            for path in sorted(class_folder.iterdir())
            if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
        ]
    return found


def _probe(path: Path) -> tuple[VideoFile, tuple[int, int]]:
    """Length, speed and size (H, W) of a video, from its header."""
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            fps = stream.average_rate
            size = (stream.height, stream.width)
            n_frames = stream.frames
            if not n_frames and fps and container.duration:
                n_frames = round(container.duration / av.time_base * fps)
    except (av.FFmpegError, IndexError) as error:
        raise ValueError(f"{path}: cannot be read as a video ({error})") from None
    if not fps or not n_frames or not min(size):
        raise ValueError(f"{path}: {n_frames} frames at {fps} a second, {size}: an empty video")
    return VideoFile(path, n_frames, Fraction(fps)), size


def _sample(
    file: VideoFile,
    size: tuple[int, int],
    leg: Leg,
    score: int,
    patients: dict[str, tuple[str, str]],
) -> LegSample:
    name = file.path.stem
    if patients and name not in patients:
        raise ValueError(f"{file.path}: not in {TABLE}, so its patient is not known")
    patient, group = patients.get(name, (name, ""))
    unseen = np.array([np.nan, np.nan, 0], dtype=np.float32)
    keypoints = np.broadcast_to(unseen, (file.n_frames, N_JOINTS, 3))
    return LegSample(Recording(name, keypoints, float(file.fps), size), leg, score, patient, group)
