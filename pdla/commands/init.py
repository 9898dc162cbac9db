"""`pdla init`: reads a folder and a label sheet once, and writes down how, for all commands after.

Two files are written: conf/local/recordings.yaml says how your videos are read, and
conf/local/default.yaml chooses them for `train.py`. Both are the user's own, and git ignores them.
Ids are shown on the user's own screen alone: in a pipe or a log, rows and folders are numbers.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml
from omegaconf import OmegaConf
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pdla.commands.local import LOCAL_CHOICE, LOCAL_RECORDINGS
from pdla.commands.overrides import read_overrides
from pdla.data.files import write_text
from pdla.data.intake.entries import VideoEntry
from pdla.data.intake.proposal import Proposal, find_sheets, propose
from pdla.data.openpose import OpenPoseOptions
from pdla.data.openpose.frame_files import UnreadableRecordingError, find_whole_file
from pdla.data.openpose.frames import DetectedPeople, read_folder
from pdla.data.openpose.pose_file import read_pose_file
from pdla.data.skeletons import LEG_NAMES, LEGS

N_SAMPLES: Final = 6  # recordings whose format is looked at
SURE: Final = 0.3  # confidence of joints that tell the size of the picture
REACH_PERCENTILE: Final = 99.5
# (H, W) in px of usual videos, phones first.
SIZES: Final = (
    (960, 540), (1280, 720), (1920, 1080), (640, 480), (480, 640), (540, 960), (720, 1280),
    (1080, 1920), (3840, 2160), (2160, 3840),
)  # fmt: skip
CHOICE: Final = """\
# @package _global_
# Written by `pdla init`: train.py reads your own videos. Your habits may stand below.
defaults:
  - override /recordings: own
"""


@dataclass(frozen=True)
class VideoFormat:
    """Frame rate and picture size of the videos, and how they are known.

    Attributes:
        fps: Frames a second.
        fps_source: In words.
        size: (H, W) in px.
        size_source: In words.
        is_in_files: Whether the files say both, so that no option is needed.
    """

    fps: float
    fps_source: str
    size: tuple[int, int]
    size_source: str
    is_in_files: bool


def propose_cohort(
    videos: Path, labels: Path | None, overrides: Sequence[str] = ()
) -> tuple[Proposal, VideoFormat]:
    """Propose how a cohort is read.

    Args:
        videos: Folder with a folder or file of keypoints for each video.
        labels: Label sheet; None looks for one in the folder and beside it.
        overrides: Options that the user knows better, as `recordings.openpose.fps=25`.

    Raises:
        FileNotFoundError: If the folder or the sheet is missing.
        ValueError: If there are several sheets, or columns or matches are not found.
    """
    given: Any = OmegaConf.to_container(read_overrides(overrides))
    if labels is None and videos.is_dir():
        sheets = find_sheets(videos)
        if len(sheets) > 1:
            names = ", ".join(path.name for path in sheets)
            raise ValueError(f"{videos}: {len(sheets)} label sheets ({names}); choose by --labels")
        labels = sheets[0] if sheets else None
    proposal = propose(videos, labels, {str(key): value for key, value in given.items()})
    return proposal, find_format(proposal)


def find_format(proposal: Proposal) -> VideoFormat:
    """Frame rate and size: of the sheet, the keypoint files or video files, else assumed."""
    usual = OpenPoseOptions(**dict(proposal.options.get("openpose", {})))
    height, width = (960, 540) if isinstance(usual.frame_size, str) else usual.frame_size
    found = VideoFormat(
        usual.fps, "assumed: the files do not say it", (int(height), int(width)), "assumed", False
    )
    given = proposal.options.get("openpose", {})
    paths = [entry.folder.path for entry in proposal.matched if entry.folder]
    samples = list(_read_samples(paths[:: max(1, len(paths) // N_SAMPLES)][:N_SAMPLES], usual))
    own_fps = Counter(round(one.clock.fps, 2) for one in samples if one.clock.fps)
    own_size = Counter(one.frame_size for one in samples if one.frame_size)
    if samples and own_fps.total() == own_size.total() == len(samples):
        (fps, _), (size, _) = own_fps.most_common(1)[0], own_size.most_common(1)[0]
        return VideoFormat(fps, "in the files", size or found.size, "in the files", True)
    videos = _formats_of_videos(proposal.videos, paths)
    if videos:
        (fps, size), n = Counter(videos).most_common(1)[0]
        source = f"of {n} video file{'' if n == 1 else 's'} beside the keypoints"
        found = VideoFormat(fps, source, size, source, False)
    elif (reach := _reach(samples)) and (fitting := _sizes_around(found.size, reach)):
        source = f"assumed: joints reach {reach[1]:.0f} px to the right, {reach[0]:.0f} px down"
        found = VideoFormat(found.fps, found.fps_source, fitting[0], source, False)
    if "fps" in given:
        found = VideoFormat(usual.fps, "as you said", found.size, found.size_source, False)
    if "frame_size" in given:
        size = (int(height), int(width))
        found = VideoFormat(found.fps, found.fps_source, size, "as you said", False)
    return found


def _read_samples(paths: Sequence[Path], options: OpenPoseOptions) -> Iterator[DetectedPeople]:
    for path in paths:
        try:
            whole = find_whole_file(path)
            if whole is None:
                yield read_folder(path, options.max_pause_frames)
            else:
                yield read_pose_file(whole, options.layout)
        except (UnreadableRecordingError, OSError):
            continue  # `pdla check` says what is wrong with it


def _formats_of_videos(videos: Path, keypoints: Sequence[Path]) -> list[tuple[float, Any]]:
    """Formats of some video files in the folder, beside it, or in a folder beside it."""
    from pdla.pose.videos import VIDEO_SUFFIXES, read_format

    parent = videos.absolute().parent
    folders = [videos, parent, *(path for path in sorted(parent.iterdir()) if path.is_dir())]
    stems = {path.stem.casefold() for path in keypoints}
    formats: list[tuple[float, Any]] = []
    for folder in folders:
        for path in sorted(folder.iterdir()):
            is_video = path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()
            if not is_video or not any(path.stem.casefold() in stem for stem in stems):
                continue
            try:
                fps, size = read_format(path)
            except ValueError:
                continue
            formats.append((round(fps, 2), size))
            if len(formats) == N_SAMPLES:
                return formats
    return formats


def _reach(samples: Sequence[DetectedPeople]) -> tuple[float, float] | None:
    """How far down and to the right joints are seen, in px; None if they are no pixels."""
    places = [one.points[..., :2][one.points[..., 2] > SURE] for one in samples if not one.is_unit]
    places = [place[np.isfinite(place).all(axis=-1)] for place in places]
    if not places or not sum(map(len, places)):
        return None
    x, y = np.percentile(np.concatenate(places), REACH_PERCENTILE, axis=0)
    return (float(y), float(x)) if max(x, y) > 2 else None


def _sizes_around(size: tuple[int, int], reach: tuple[float, float]) -> list[tuple[int, int]]:
    """This size, then usual ones, of those that hold all joints."""
    return [one for one in (size, *SIZES) if one[0] >= reach[0] and one[1] >= reach[1]]


def print_proposal(proposal: Proposal, form: VideoFormat) -> None:
    """Print what was found, five pairs to look at, and what is assumed."""
    console = Console(highlight=False, soft_wrap=True)
    for name, value in _lines(proposal, form):
        console.print(Text.assemble((f"{name:<10}", "bold"), value))
    console.print(_pairs_table(proposal, console.is_terminal))
    if proposal.labels is not None and len(proposal.matched) < len(proposal.entries):
        without = sum(1 for one in proposal.entries if one.row and not one.folder)
        extra = sum(1 for one in proposal.entries if one.folder and not one.row)
        console.print(f"{without} rows without a folder, {extra} folders without a row")


def _lines(proposal: Proposal, form: VideoFormat) -> Iterator[tuple[str, str]]:
    yield "videos", f"{proposal.videos}"
    labels = proposal.labels
    yield "labels", f"{labels}" if labels else "no sheet: nothing is rated"
    for key, name in proposal.columns.items():
        yield f"  {key}", f"column {name!r}"
    if labels is not None:
        raters = f"{proposal.n_raters} raters" if proposal.n_raters > 1 else "one rater a row"
        yield "scores", f"{proposal.n_rated} rated rows, {raters}"
        if proposal.n_half_points:
            yield (
                "",
                (
                    f"{proposal.n_half_points} legs lie between two points: unrated, unless you "
                    "choose recordings.sheet.round=half_up or half_down"
                ),
            )
    folders = proposal.options["folders"]
    if affixes := [f"{key} {folders[key]!r}" for key in ("prefix", "suffix") if folders.get(key)]:
        yield "names", f"{' and '.join(affixes)} of a folder, around the video id"
    yield "patients", _patients(proposal)
    yield "fps", f"{form.fps:g} frames a second ({form.fps_source})"
    yield "size", f"{form.size[0]} x {form.size[1]} px, height x width ({form.size_source})"


def _patients(proposal: Proposal) -> str:
    if "patient" in proposal.columns:
        how = f"by the column {proposal.columns['patient']!r}"
    elif proposal.pattern is not None:
        how = f"by {proposal.pattern.meaning}"
    elif proposal.options.get("patients"):
        how = "as you said"
    else:
        return (
            "CANNOT BE TOLD from the ids: rated videos are left out until you set "
            "recordings.sheet.patient, recordings.patients.mapping or .pattern"
        )
    unknown = f"; {proposal.n_unknown} videos of nobody known" if proposal.n_unknown else ""
    return f"{proposal.n_patients - proposal.n_unknown} {how}{unknown}"


def _pairs_table(proposal: Proposal, with_names: bool) -> Table:
    found = proposal.matched
    title = f"{len(found)} videos matched; some of them: do the pairs belong together?"
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
    for name in ("row", "folder or file", *(LEG_NAMES[leg] for leg in LEGS)):
        table.add_column(name)
    for entry in proposal.pairs:
        table.add_row(*_pair(entry, with_names))
    return table


def _pair(entry: VideoEntry, with_names: bool) -> tuple[Text, ...]:
    """A row and its folder; ids only where nobody but the user reads them."""
    row, folder = entry.row, entry.folder
    left = f"{row.row}" if row else "-"
    right = f"{folder.position} by name" if folder else "-"
    if with_names:
        left += f"  {row.clinic_id}" if row else ""
        right += f"  {folder.path.name}" if folder else ""
    scores = [entry.scores[leg] for leg in LEGS]
    return (Text(left), Text(right), *(Text("-" if one is None else f"{one}") for one in scores))


def as_recordings(proposal: Proposal, form: VideoFormat) -> dict[str, Any]:
    """The section `recordings` that is written down."""
    options = {key: value for key, value in proposal.options.items() if value}
    if not form.is_in_files:
        own = {"fps": form.fps, "frame_size": list(form.size)}
        options["openpose"] = own | dict(options.get("openpose", {}))
    labels = None if proposal.labels is None else str(proposal.labels)
    return {"videos": str(proposal.videos), "labels": labels, **options}


def write_local(recordings: Mapping[str, Any], force: bool = False) -> None:
    """Write conf/local/recordings.yaml and, if it is not there, conf/local/default.yaml.

    Raises:
        FileExistsError: If there is one of the user's own and `force` is not set.
    """
    check_local(force)
    text = yaml.safe_dump(dict(recordings), sort_keys=False, allow_unicode=True, width=100)
    LOCAL_RECORDINGS.parent.mkdir(parents=True, exist_ok=True)
    head = "# Written by `pdla init`: how your videos are read. Change what is wrong.\n"
    write_text(LOCAL_RECORDINGS, head + text)
    write_text(LOCAL_CHOICE, CHOICE)


def check_local(force: bool) -> None:
    """Stop before any work at files that would be overwritten.

    Raises:
        FileExistsError: If there is one and `force` is not set.
    """
    for path in (LOCAL_CHOICE, LOCAL_RECORDINGS):
        if path.exists() and not force:
            raise FileExistsError(
                f"{path}: is there already; change it, or say --force to write it anew"
            )
