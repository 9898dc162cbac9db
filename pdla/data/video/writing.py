"""A cohort as video files: one folder, class folders for each stage, or a cache for training."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from filelock import FileLock

from pdla.data.clips.dataset import canonical_view
from pdla.data.drawing.options import Drawing
from pdla.data.files import PART, write_text
from pdla.data.progress import track
from pdla.data.recordings import Cohort, LegSample, Recording
from pdla.data.splits.files import Split
from pdla.data.stages import STAGES
from pdla.data.video.pictures import PixelFormat, draw_recording, write_frames, write_mp4

RECIPE: Final = "recipe.json"  # how the files of a folder were made
TABLE: Final = "videos.csv"  # which files there are; written last, so it also says "all of them"


@dataclass(frozen=True)
class VideoFile:
    """A video of one scored leg.

    Attributes:
        path: The file.
        n_frames: Frames in it.
        fps: Frames a second.
    """

    path: Path
    n_frames: int
    fps: Fraction


def canonical_recording(sample: LegSample) -> Recording:
    """The recording with the scored leg at the right-leg joints: mirrored for leg L."""
    recording = sample.recording
    return replace(recording, keypoints=canonical_view(recording.keypoints, sample))


def write_videos(out: Path, cohort: Cohort, drawing: Drawing, *, frames: bool) -> int:
    """Write each video of a cohort once, as it was filmed: <out>/<video>.mp4.

    Args:
        out: New folder, or one in which the same work was begun.
        cohort: What the intake read; files are named by its pseudonyms.
        drawing: Size and style; the right leg is drawn as the scored one.
        frames: Whether to write a folder of PNG frames for each video instead.

    Returns:
        Number of videos.
    """
    recordings = {sample.recording.video_id: sample.recording for sample in cohort.samples}
    todo = {out / video: recording for video, recording in recordings.items()}
    _start(out, {"drawing": asdict(drawing), "data": cohort.data_hash, "frames": frames})
    _write_all(todo, drawing, frames=frames)
    _finish(out, [{"video": video} for video in recordings])
    return len(todo)


def write_class_folders(
    out: Path,
    samples: Sequence[LegSample],
    split: Split,
    drawing: Drawing,
    *,
    frames: bool,
) -> int:
    """Write <out>/<stage>/<leg>/<score>/<video>.mp4 for each leg of a split, in canonical view.

    Leg L is mirrored, so that the scored leg is on the same side in all pictures. `videos.csv` in
    the folder has a row a file, with the patient's pseudonym.

    Args:
        out: New folder, or one in which the same work was begun.
        samples: Rated legs.
        split: Indices into them, by stage.
        drawing: Size and style.
        frames: Whether to write a folder of PNG frames for each video instead.

    Returns:
        Number of videos.

    Raises:
        ValueError: If there is something else in the folder.
    """
    shown = [(stage, samples[index]) for stage in STAGES for index in getattr(split, stage)]
    rows = [_row(stage, sample) for stage, sample in shown]
    todo = {
        out / stage / sample.leg / str(sample.score) / sample.recording.video_id: sample
        for stage, sample in shown
    }
    _start(out, {"drawing": asdict(drawing), "rows": _digest(repr(rows)), "frames": frames})
    drawn = {path: canonical_recording(sample) for path, sample in todo.items()}
    _write_all(drawn, drawing, frames=frames)
    _finish(out, rows)
    return len(todo)


def _row(stage: str, sample: LegSample) -> dict[str, Any]:
    return {
        "stage": stage,
        "leg": sample.leg,
        "score": sample.score,
        "video": sample.recording.video_id,
        "patient": sample.patient,
        "group": sample.group,
    }


def cached_files(cache: Path, samples: Sequence[LegSample], drawing: Drawing) -> list[VideoFile]:
    """Where the video of each leg lies in a cache: <cache>/<leg>/<video>.<digest>.mp4.

    The digest is of all that the pictures depend on, so a file that is there is the right one.
    """
    return [
        VideoFile(
            cache / sample.leg / f"{sample.recording.video_id}.{_content(sample, drawing)}.mp4",
            sample.recording.n_frames,
            Fraction(sample.recording.fps).limit_denominator(1001),
        )
        for sample in samples
    ]


def fill_cache(cache: Path, samples: Sequence[LegSample], drawing: Drawing) -> None:
    """Write the files of `cached_files` that are not there yet; one process writes at a time.

    Colours keep their full resolution here: training shall see what it would have been drawn.
    """
    wanted = {
        file.path: sample
        for file, sample in zip(cached_files(cache, samples, drawing), samples, strict=True)
    }
    if all(path.exists() for path in wanted):
        return
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / ".lock"):
        missing = {path.with_suffix(""): sample for path, sample in wanted.items()}
        todo = {path: canonical_recording(sample) for path, sample in missing.items()}
        _write_all(todo, drawing, frames=False, pixel_format="yuv444p")


def _write_all(
    todo: Mapping[Path, Recording],
    drawing: Drawing,
    *,
    frames: bool,
    pixel_format: PixelFormat = "yuv420p",
) -> None:
    """Write what is not there yet; paths are without the suffix."""
    for path, recording in track(todo.items(), "drawing", len(todo)):
        pictures = draw_recording(recording, drawing)
        if frames:
            if not path.exists():
                write_frames(path, pictures)
            continue
        target = path.with_name(f"{path.name}.mp4")
        if not target.exists():
            n_frames, fps = recording.n_frames, recording.fps
            write_mp4(target, pictures, n_frames, fps, pixel_format, progress=False)


def _start(out: Path, recipe: Mapping[str, Any]) -> None:
    """Begin in an empty folder, or go on where the same work was stopped.

    Raises:
        ValueError: If other files lie there: mixed stages of two splits would leak.
    """
    text = json.dumps(recipe, sort_keys=True, indent=1)
    path = out / RECIPE
    if out.exists() and any(out.iterdir()):
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            raise ValueError(f"{out}: holds something else already; give an empty or new folder")
        for part in out.rglob(f".*{PART}.mp4"):
            part.unlink()
        return
    out.mkdir(parents=True, exist_ok=True)
    write_text(path, text)


def _finish(out: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    write_text(out / TABLE, pd.DataFrame(list(rows)).to_csv(index=False))


def _content(sample: LegSample, drawing: Drawing) -> str:
    recording = sample.recording
    # The leg too: leg L is mirrored.
    facts = f"{recording.fps} {recording.frame_size} {sample.leg} {drawing}"
    return _digest(facts, np.ascontiguousarray(recording.keypoints).tobytes())


def _digest(text: str, content: bytes = b"") -> str:
    return hashlib.sha256(text.encode() + content).hexdigest()[:12]
