"""What a user may ask of the simulated clinic, checked before anything is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pdla.data.simulation.randomness import stream
from pdla.data.simulation.severity import MAX_RATERS, RATERS

SCORE_MIXES: Final = ("clinic", "balanced")
VARIETIES: Final = ("clinic", "wide", "site_a", "site_b", "site_c")
MAX_VIDEOS: Final = 10_000


@dataclass(frozen=True)
class SimulationOptions:
    """A simulated cohort.

    Attributes:
        videos: Number of videos.
        seed: The same seed gives the same bytes, on any number of processes.
        scores: `clinic` has the score and patient structure of the clinic sheet, `balanced` as many
            0 as 1, 2, 3 and 4 on each leg.
        traps: `none`, `clinic` (what a clinic's set holds; every rated video stays usable), `wide`
            (the same, and every framing often), `all`, or names out of TRAP_RATES.
        fps: Frames a second.
        size: Height x width of the picture in px, as "960x540" or (960, 540).
        variety: `clinic`, one kind of camera, movement and rater; `wide`, another in every video,
            for pre-training; `site_a`, `site_b` and `site_c`, three clinics that differ in camera,
            frame rate, errors of the keypoints and rater (see variety.py).
        raters: Who scores. `clinic`: scores as often as in the clinic sheet, controls always 0.
            `icc55`, `icc65`, `icc88`: the same videos, scored by raters whose ICC among patients is
            0.55, 0.65 or 0.88; they may rate controls above 0.
        n_raters: 1 to 5, each with a column for each leg in the sheet.

    Raises:
        ValueError: If a value is impossible; one line that names it.
    """

    videos: int = 62
    seed: int = 0
    scores: str = "clinic"
    traps: str | tuple[str, ...] = "clinic"
    fps: float = 30.0
    size: str | tuple[int, int] = "960x540"
    variety: str = "clinic"
    raters: str = "clinic"
    n_raters: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be made."""
        if not 1 <= self.videos <= MAX_VIDEOS:
            raise ValueError(f"videos={self.videos}: expected 1 to {MAX_VIDEOS}")
        if self.seed < 0:
            raise ValueError(f"seed={self.seed}: expected 0 or more")
        if self.scores not in SCORE_MIXES:
            raise ValueError(f"scores={self.scores!r}: expected {' or '.join(SCORE_MIXES)}")
        if self.variety not in VARIETIES:
            raise ValueError(f"variety={self.variety!r}: expected {', '.join(VARIETIES)}")
        if self.raters not in RATERS:
            raise ValueError(f"raters={self.raters!r}: expected {', '.join(RATERS)}")
        if not 1 <= self.n_raters <= MAX_RATERS:
            raise ValueError(f"n_raters={self.n_raters}: expected 1 to {MAX_RATERS}")
        if self.variety == "wide" and (self.raters, self.n_raters) != ("clinic", 1):
            raise ValueError(
                "variety=wide has a rater of its own for each person: leave out raters and n_raters"
            )
        if not 1.0 <= self.fps <= 240.0:
            raise ValueError(f"fps={self.fps}: expected 1 to 240 frames a second")
        if min(self.frame_size) < 64:
            raise ValueError(f"size={self.size}: expected at least 64 px high and wide")
        unknown = [name for name in self.trap_names if name not in TRAP_RATES]
        if unknown:
            known = ", ".join(("none", "clinic", "wide", "all", *TRAP_RATES))
            raise ValueError(f"traps={unknown[0]!r}: expected one of {known}")

    @property
    def frame_size(self) -> tuple[int, int]:
        """(H, W) in px."""
        parts = self.size.lower().split("x") if isinstance(self.size, str) else self.size
        try:
            height, width = (int(part) for part in parts)
        except (TypeError, ValueError):
            raise ValueError(f"size={self.size!r}: expected HEIGHTxWIDTH, as 960x540") from None
        return height, width

    def as_record(self) -> dict[str, str | int | float | list[str]]:
        """Plain values that say what was simulated, however it was asked for."""
        height, width = self.frame_size
        return {
            "videos": self.videos,
            "seed": self.seed,
            "scores": self.scores,
            "traps": self.traps if self.traps in ("clinic", "wide") else list(self.trap_names),
            "fps": float(self.fps),
            "size": f"{height}x{width}",
            "variety": self.variety,
            "raters": self.raters,
            "n_raters": self.n_raters,
        }

    @property
    def trap_names(self) -> tuple[str, ...]:
        """Names of the traps that are switched on."""
        if not isinstance(self.traps, str):
            return tuple(self.traps)
        presets = {
            "none": (),
            "clinic": tuple(CLINIC_TRAPS),
            "wide": tuple(WIDE_TRAPS),
            "all": tuple(TRAP_RATES),
        }
        if self.traps in presets:
            return presets[self.traps]
        return tuple(name.strip() for name in self.traps.split(","))

    @property
    def trap_rates(self) -> dict[str, float]:
        """Share of the videos of each trap that is switched on."""
        rates = {"clinic": CLINIC_TRAPS, "wide": WIDE_TRAPS}.get(str(self.traps), TRAP_RATES)
        return {name: rates[name] for name in self.trap_names}


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
    "legs_only": 0.10,  # the picture begins at the waist
    "one_hip_out": 0.03,  # likewise, and one hip and the mid-hip are hidden
    "cropped_at_knee": 0.03,  # the picture begins at the knees
    "camera_drift": 0.10,  # the hand that films wanders by a tenth of the picture's height
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

# For pre-training: half of the videos show less than a whole body, or drift.
WIDE_TRAPS: Final = {
    **CLINIC_TRAPS,
    "legs_only": 0.25,
    "one_hip_out": 0.05,
    "cropped_at_knee": 0.08,
    "camera_drift": 0.12,
}

# A video has at most one trap of each of these sets. With `all` and fewer videos than a set has
# traps, the last ones find no room; `traps` in truth.csv says what is there.
ONE_OF_EACH: Final = (
    (
        "upper_body_only", "normalised_coordinates", "body25b_layout", "coco_layout", "stale_tail",
        "unlabelled_video", "label_without_video",
    ),
    ("other_naming", "rare_paths"),
    ("upper_body_only", "legs_only", "one_hip_out", "cropped_at_knee", "camera_drift"),
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
