"""Every trap by name, how often it stands, and in which videos of a cohort."""

from collections.abc import Sequence
from typing import Final

from pdla.data.simulation.randomness import stream

# Share of the videos, never less than one video. Every trap was seen in real data.
TRAP_RATES: Final = {
    "other_people": 0.40,  # 2-4 people, the order changes from frame to frame
    "empty_frames": 0.30,  # frames without anyone
    "empty_person": 0.10,  # a person with an empty keypoint list beside the patient
    "leg_swaps": 0.40,  # left and right leg change places for a few frames
    "missing_ankles": 0.15,  # ankles and feet at 0, 0, 0 in up to 99% of the frames
    "upper_body_only": 0.03,  # hips and legs never in the picture; cannot be scored
    "normalised_coordinates": 0.04,  # 0-1 or -1-1 instead of px
    "body25b_layout": 0.03,  # 25 points of other meanings
    "coco_layout": 0.03,  # 18 points, without mid-hip and feet
    "stale_tail": 0.02,  # the last frames are those of another, longer video
    "frame_gaps": 0.10,  # frame numbers left out
    "truncated_json": 0.05,  # files cut off in the middle
    "empty_file": 0.05,  # files of 0 bytes
    "stray_files": 0.50,  # desktop.ini, a directory named like a frame
    "other_naming": 0.10,  # cam01.0000.json, a dot before the number, no prefix or suffix
    "unlabelled_video": 0.03,  # a folder without a row in the sheet
    "label_without_video": 0.03,  # a row without a folder
    "extra_points": 0.05,  # a few frames whose patient has 26 points
    "rare_paths": 0.05,  # spaces and Chinese characters in the names of the files
}

# Share of the videos in the `clinic` preset: nothing that keeps a video from being scored.
CLINIC_TRAPS: Final = {
    "other_people": 0.30,
    "empty_frames": 0.25,
    "empty_person": 0.05,
    "leg_swaps": 0.40,
    "missing_ankles": 0.12,
    "stale_tail": 0.016,
    "frame_gaps": 0.05,
    "stray_files": 0.50,
}

# A video has at most one trap of each of these sets. With `all` and fewer videos than a set has
# traps, the last ones find no room; `traps` in truth.csv says what is there.
ONE_OF_EACH: Final = (
    (
        "upper_body_only", "normalised_coordinates", "body25b_layout", "coco_layout", "stale_tail",
        "unlabelled_video", "label_without_video",
    ),
    ("other_naming", "rare_paths"),
)  # fmt: skip
UNSCORABLE: Final = ("upper_body_only", "label_without_video")


def place_traps(n_videos: int, rates: dict[str, float], seed: int) -> list[tuple[str, ...]]:
    """Choose the videos of each trap.

    Args:
        n_videos: Number of videos.
        rates: Share of the videos of each trap that is switched on.
        seed: Seed of the cohort.

    Returns:
        Names of the traps of each video, in the order of TRAP_RATES.
    """
    chosen: list[list[str]] = [[] for _ in range(n_videos)]
    for number, name in enumerate(TRAP_RATES):
        if name not in rates:
            continue
        rivals = {rival for group in ONE_OF_EACH if name in group for rival in group}
        order = stream(seed, "trap_places", number).permutation(n_videos)
        free = [int(video) for video in order if not rivals.intersection(chosen[video])]
        for video in free[: max(1, round(rates[name] * n_videos))]:
            chosen[video].append(name)
    return [_without_video(names) for names in chosen]


def _without_video(names: Sequence[str]) -> tuple[str, ...]:
    """A row without a folder can hold no other trap."""
    return ("label_without_video",) if "label_without_video" in names else tuple(names)
