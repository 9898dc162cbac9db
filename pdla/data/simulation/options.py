"""What a user may ask of the simulated clinic, checked before anything is made."""

from dataclasses import dataclass
from typing import Final

from pdla.data.simulation.trap_names import CLINIC_TRAPS, TRAP_RATES

SCORE_MIXES: Final = ("clinic", "balanced")
MAX_VIDEOS: Final = 10_000


@dataclass(frozen=True)
class SimulationOptions:
    """A simulated cohort.

    Attributes:
        videos: Number of videos.
        seed: The same seed gives the same bytes, on any number of processes.
        scores: `clinic` has the score and patient structure of the clinic sheet, `balanced` as many
            0 as 1, 2, 3 and 4 on each leg.
        traps: `none`, `clinic` (what a clinic's set holds; every rated video stays usable), `all`,
            or names out of TRAP_RATES.
        fps: Frames a second.
        size: Height x width of the picture in px, as "960x540" or (960, 540).

    Raises:
        ValueError: If a value is impossible; one line that names it.
    """

    videos: int = 62
    seed: int = 0
    scores: str = "clinic"
    traps: str | tuple[str, ...] = "clinic"
    fps: float = 30.0
    size: str | tuple[int, int] = "960x540"

    def __post_init__(self) -> None:
        """Refuse what cannot be made."""
        if not 1 <= self.videos <= MAX_VIDEOS:
            raise ValueError(f"videos={self.videos}: expected 1 to {MAX_VIDEOS}")
        if self.seed < 0:
            raise ValueError(f"seed={self.seed}: expected 0 or more")
        if self.scores not in SCORE_MIXES:
            raise ValueError(f"scores={self.scores!r}: expected {' or '.join(SCORE_MIXES)}")
        if not 1.0 <= self.fps <= 240.0:
            raise ValueError(f"fps={self.fps}: expected 1 to 240 frames a second")
        if min(self.frame_size) < 64:
            raise ValueError(f"size={self.size}: expected at least 64 px high and wide")
        unknown = [name for name in self.trap_names if name not in TRAP_RATES]
        if unknown:
            known = ", ".join(("none", "clinic", "all", *TRAP_RATES))
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
            "traps": self.traps if self.traps == "clinic" else list(self.trap_names),
            "fps": float(self.fps),
            "size": f"{height}x{width}",
        }

    @property
    def trap_names(self) -> tuple[str, ...]:
        """Names of the traps that are switched on."""
        if not isinstance(self.traps, str):
            return tuple(self.traps)
        presets = {"none": (), "clinic": tuple(CLINIC_TRAPS), "all": tuple(TRAP_RATES)}
        if self.traps in presets:
            return presets[self.traps]
        return tuple(name.strip() for name in self.traps.split(","))

    @property
    def trap_rates(self) -> dict[str, float]:
        """Share of the videos of each trap that is switched on."""
        rates = CLINIC_TRAPS if self.traps == "clinic" else TRAP_RATES
        return {name: rates[name] for name in self.trap_names}
