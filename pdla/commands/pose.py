"""`pdla pose`: videos become pose files that the other commands read."""

from pathlib import Path
from typing import Final

import typer

from pdla.data.progress import show_progress
from pdla.pose.estimation import VideoPoses, estimate_video, is_done, write_poses
from pdla.pose.estimators import PoseEstimator, open_estimator
from pdla.pose.native_log import without_native_log
from pdla.pose.videos import count_frames, find_videos

WARN_FOUND: Final = 0.9  # of the frames
LOST: Final = {
    "mediapipe_33": "MediaPipe needs head and shoulders in the picture; for videos of the legs "
    "take --estimator rtmlib or OpenPose",
    "halpe_26": "look at the video: is anybody in the picture?",
}


@without_native_log()
def estimate_poses(
    paths: list[Path],
    out: Path,
    name: str,
    model: Path | None,
    detector: Path | None,
    *,
    force: bool,
) -> int:
    """Write a pose file for each video; videos that are done are skipped.

    Names of files hold patient numbers, so that videos are told by their position.

    Args:
        paths: Video files, or folders of them.
        out: Folder of the pose files, each named as its video.
        name: Of the estimator.
        model: Its file, or None for the published one.
        detector: Of the person detector, likewise.
        force: Whether to make pose files anew that are there.

    Returns:
        Number of videos that could not be read.

    Raises:
        FileNotFoundError: If a video or a model is missing.
        ValueError: If an argument cannot be used.
    """
    videos = find_videos(paths)
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out}: expected a folder")
    estimator = open_estimator(name, model, detector)
    out.mkdir(parents=True, exist_ok=True)
    failed = skipped = 0
    try:
        for position, video in enumerate(videos, start=1):
            place = f"video {position} of {len(videos)}"
            target = out / f"{video.stem}.json"
            if not force and is_done(target, video, estimator):
                skipped += 1
                continue
            try:
                poses = _estimate(video, estimator, place)
            except ValueError as error:
                failed += 1
                typer.echo(f"{place}: {str(error).rpartition(': ')[2]}", err=True)
                continue
            write_poses(poses, target, video, estimator)
            typer.echo(f"{place}: {describe(poses, estimator.layout)}")
    finally:
        estimator.close()
    done = len(videos) - failed - skipped
    typer.echo(f"{out}: {done} written, {skipped} already there, {failed} failed")
    return failed


def describe(poses: VideoPoses, layout: str) -> str:
    """What was found in a video, in a line."""
    seconds = float(poses.times_s[-1])
    line = (
        f"{len(poses.times_s)} frames, {seconds:.1f} s, at most {poses.n_people} people, "
        f"somebody in {poses.found:.0%} of the frames"
    )
    return line if poses.found >= WARN_FOUND else f"{line}: {LOST[layout]}"


def _estimate(video: Path, estimator: PoseEstimator, place: str) -> VideoPoses:
    with show_progress("frames", transient=True) as progress:
        bar = progress.add_task(place, total=count_frames(video) or None)
        return estimate_video(video, estimator, lambda: progress.advance(bar))
