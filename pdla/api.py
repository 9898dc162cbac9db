"""pdla in a notebook: read a recording or a cohort, measure it, draw it, score it."""

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, overload

from pdla.data.quantities import LegKinematics
from pdla.data.recordings import Cohort, LegSample, Recording
from pdla.data.skeletons import LEGS, as_leg

if TYPE_CHECKING:
    import pandas as pd

PathLike = str | os.PathLike[str]
DEFAULT_STORE: Final = Path("data/store/clinic")  # that of the commands, so pseudonyms agree


def read_recording(
    path: PathLike, fps: float = 30.0, *, video_id: str = "video", **options: Any
) -> Recording:
    """Read the keypoints of the patient in one video.

    Args:
        path: Folder of OpenPose JSON files, or a file of landmarks.
        fps: Frames a second, for formats that do not say it.
        video_id: Name of the recording; the file's own name may hold a patient number.
        options: More fields of `pdla.data.openpose.OpenPoseOptions`, such as
            `frame_size=(1080, 1920)` (H, W) or `layout="mediapipe_33"`.

    Returns:
        (T, 25, 3) keypoints in BODY_25 order with frame rate and frame size.

    Raises:
        FileNotFoundError: If there is nothing at `path`.
        ValueError: If an option or the file cannot be used; says why.
    """
    from pdla.data.openpose import OpenPoseOptions
    from pdla.data.openpose import read_recording as read

    source = Path(path)
    if not source.exists():
        raise FileNotFoundError(f"{source}: not found")
    video = read(source, OpenPoseOptions(fps=fps, **options))
    return Recording(video_id, video.keypoints, video.fps, video.frame_size)


@overload
def leg_kinematics(of: Recording, leg: str) -> LegKinematics: ...


@overload
def leg_kinematics(of: Cohort, leg: None = None) -> "pd.DataFrame": ...


def leg_kinematics(
    of: Recording | Cohort, leg: str | None = None
) -> "LegKinematics | pd.DataFrame":
    """Measure taps, tempo, amplitude, decrement and halts.

    Args:
        of: A recording, or a cohort.
        leg: L or R, for a recording.

    Returns:
        `LegKinematics` of one leg of a recording; for a cohort a table with a row a usable leg, see
        `pdla.data.kinematics.tables`.

    Raises:
        ValueError: If `leg` is neither L nor R, or is missing for a recording.
    """
    if isinstance(of, Cohort):
        from pdla.data.kinematics.tables import leg_table

        return leg_table(of.samples)
    from pdla.data.kinematics.quantities import leg_kinematics as measure

    return measure(of, as_leg(leg or ""))


def draw(
    recording: Recording,
    leg: str,
    out: PathLike,
    *,
    size: tuple[int, int] = (480, 270),
    **options: Any,
) -> Path:
    """Draw a recording as a model sees it: scored leg red, other leg green; not mirrored.

    Args:
        recording: What to draw.
        leg: L or R, the leg drawn as the scored one.
        out: File to write: .mp4, or .png for a contact sheet above the heights of both feet.
        size: (H, W) of the picture in px; even numbers for mp4.
        options: More fields of `pdla.data.drawing.options.Drawing`, such as `crop="legs"`.

    Returns:
        `out`.

    Raises:
        ValueError: If an argument cannot be used.
    """
    from pdla.commands.draw import draw_recording_to, make_drawing

    height, width = size
    path = Path(out)
    draw_recording_to(path, recording, as_leg(leg), make_drawing(f"{height}x{width}", **options))
    return path


def read_cohort(
    videos: PathLike,
    labels: PathLike | None = None,
    *,
    store: PathLike = DEFAULT_STORE,
    options: Sequence[str] = (),
) -> Cohort:
    """Read all videos of a folder and the scores of a label sheet, as `pdla check` does.

    Args:
        videos: Folder with the keypoints of each video.
        labels: Sheet with the scores, .xls .xlsx .ods .csv; None for unrated videos.
        store: Where parsed keypoints are kept; the secret of the pseudonyms is next to it.
        options: As on the command line, for example `["recordings.openpose.fps=25"]`.

    Returns:
        The usable legs under pseudonyms, and what was left out with the reason.

    Raises:
        FileNotFoundError: If the folder or the sheet is missing.
        ValueError: If an option is unknown, or nothing can be used.
    """
    from pdla.commands.options import read_options
    from pdla.data.intake import read_cohort as read

    sheet = None if labels is None else Path(labels)
    return read(Path(videos), sheet, Path(store), read_options(None, list(options)))


def score(runs: PathLike, cohort: Cohort, *, row: str = "") -> "pd.DataFrame":
    """Score the legs of a cohort with finished runs; nothing is written.

    Args:
        runs: Folder of a study or a run, a file of `pdla export`, or the word simulated.
        cohort: From `read_cohort`; its scores, if it has any, are not used.
        row: Row of the study's report, such as `tcn`, or `all`; empty for the primary one.

    Returns:
        A row a leg as in scores.csv of `pdla score`, without `place`; `attrs["notes"]` says what a
        reader must know first. Research only, not a medical device.

    Raises:
        ValueError: If no run is finished, the row is unknown, or no leg can be scored.
    """
    return Scorer(runs, row=row).score(cohort)


class Scorer:
    """Opens a study, a run, an exported file or pdla's own weights once, and scores legs with it.

    Research only, not a medical device.

    Args:
        source: Folder of a study or a run, a file of `pdla export`, or the word simulated: weights
            that never saw a real patient.
        row: Row of the study's report; empty for the primary one.

    Attributes:
        name: Which row of which study.
        figures: Kappa and MAE with 95% intervals on patients who were new to it, in a line.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If no run is finished, or the row is unknown.
    """

    def __init__(self, source: PathLike, *, row: str = "") -> None:
        from pdla.commands.scorers import open_scorer

        self._scorer = open_scorer(Path(source), row)
        self.name = self._scorer.name
        self.figures = self._scorer.figures

    def __repr__(self) -> str:
        """What scores, and how well."""
        return f"Scorer({self.name}; {self.figures})"

    def score(
        self,
        videos: Cohort | Recording | PathLike,
        labels: PathLike | None = None,
        *,
        store: PathLike = DEFAULT_STORE,
        options: Sequence[str] = (),
    ) -> "pd.DataFrame":
        """Score legs; nothing is written but, for a folder, parsed keypoints in the store.

        Args:
            videos: From `read_cohort` or `read_recording`, or a folder of videos or of one video.
            labels: For a folder: sheet that lists the videos; its scores are not used.
            store: For a folder: where parsed keypoints are kept.
            options: For a folder: as for `read_cohort`.

        Returns:
            A row a leg with score, probabilities, score set, quantities, quality and, where there
            is no score, the reason; `attrs["notes"]` says what a reader must know first.

        Raises:
            FileNotFoundError: If the folder or the sheet is missing.
            ValueError: If no leg can be scored.
        """
        from pdla.commands.score import score_legs_by

        if isinstance(videos, Recording):
            cohort = _as_cohort(videos)
        elif isinstance(videos, Cohort):
            cohort = videos
        else:
            cohort = read_cohort(videos, labels, store=store, options=options)
        with TemporaryDirectory() as folder:
            return score_legs_by(self._scorer, cohort, Path(folder) / "store")


def _as_cohort(recording: Recording) -> Cohort:
    """Both legs of one video of somebody."""
    samples = (LegSample(recording, leg, None, "unknown", "") for leg in LEGS)
    return Cohort(tuple(samples), n_videos=1)
