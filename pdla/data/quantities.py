"""Clinical quantities of a leg's bout: what each is called, means, and how a value is written."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final


def _quantity(title: str, written: str) -> Any:
    """A field with its title in words and the format of a value with its unit."""
    return field(metadata={"title": title, "written": written})


@dataclass(frozen=True)
class LegKinematics:
    """Clinical quantities of one leg's bout; MDS-UPDRS 3.8 is rated by them (Goetz et al. 2008).

    A cycle runs from one lift of the foot to the next. Heights are in trunk lengths (neck to
    mid-hip in the picture). NaN where a quantity needs more taps than there were.

    Attributes:
        n_taps: Lifts of the foot; 0 if it never left the floor.
        bout_s: From the first lift to the last landing, seconds.
        taps_per_s: Tempo without arrests.
        amplitude: Mean height of the lifts.
        amplitude_cv: SD over mean of the heights.
        amplitude_slope: Change of height from the first tap to the last on the fitted line, as a
            share of the mean height; negative if it falls off.
        amplitude_first_over_last: Mean height of the first third of taps over the last third.
        opening_speed: Mean speed on the way up, trunk lengths a second.
        closing_speed: Mean speed on the way down, trunk lengths a second.
        cycle_cv: SD over mean of the cycle durations, without arrests.
        cycle_range_s: Longest minus shortest cycle, without arrests, seconds.
        n_hesitations: Cycles longer than the median by 0.08 to 0.6 s.
        n_arrests: Cycles longer than the median by more.
        longest_arrest_s: Longest excess of a cycle over the median, seconds.
        share_moving: Share of the bout in which the foot was off the floor.
    """

    n_taps: int = _quantity("number of taps", "{:.0f}")
    bout_s: float = _quantity("duration of the bout", "{:.1f} s")
    taps_per_s: float = _quantity("taps a second", "{:.2f}")
    amplitude: float = _quantity("height of the lifts", "{:.2f} trunk lengths")
    amplitude_cv: float = _quantity("unevenness of height (CV)", "{:.0%}")
    amplitude_slope: float = _quantity("change of height, first to last tap", "{:+.0%}")
    amplitude_first_over_last: float = _quantity("height, first third over last", "{:.2f}")
    opening_speed: float = _quantity("speed on the way up", "{:.2f} trunk lengths/s")
    closing_speed: float = _quantity("speed on the way down", "{:.2f} trunk lengths/s")
    cycle_cv: float = _quantity("unevenness of rhythm (CV)", "{:.0%}")
    cycle_range_s: float = _quantity("longest minus shortest cycle", "{:.2f} s")
    n_hesitations: int = _quantity("hesitations", "{:.0f}")
    n_arrests: int = _quantity("arrests", "{:.0f}")
    longest_arrest_s: float = _quantity("longest arrest", "{:.2f} s")
    share_moving: float = _quantity("share of time in movement", "{:.0%}")

    def as_row(self) -> dict[str, float]:
        """Names and values, for a table."""
        return {name: float(value) for name, value in asdict(self).items()}


# Their order is that of `kinematics` in a batch, so it is part of every checkpoint.
KINEMATICS: Final = tuple(quantity.name for quantity in fields(LegKinematics))
TITLES: Final[dict[str, str]] = {
    quantity.name: quantity.metadata["title"] for quantity in fields(LegKinematics)
}
FORMATS: Final[dict[str, str]] = {
    quantity.name: quantity.metadata["written"] for quantity in fields(LegKinematics)
}

# Names of the features of published scorers; `pdla.data.kinematics.published` has their sources.
MORINAN: Final = (
    "mean_freq", "covar_freq", "mean_vel", "covar_vel", "mean_amp", "covar_amp", "period_range",
    "prc_inv", "roughness", "diff_amp", "diff_vel",
)  # fmt: skip
CYCLE_QUANTITIES: Final = (
    "amplitude", "speed", "rms_velocity", "opening_speed", "closing_speed", "cycle_duration",
)  # fmt: skip
VISIONMD: Final = (
    *(f"{kind}_{name}" for name in CYCLE_QUANTITIES for kind in ("mean", "std", "cv")),
    "range_cycle_duration", "rate", "amplitude_decay", "velocity_decay", "rate_decay",
)  # fmt: skip
LI_PARTS: Final = ("Knee", "Ankle")
LI_SERIES: Final = ("speed", "acceleration", "jerk")
LI_STATISTICS: Final = ("max", "median", "mean", "sd", "iqr")
LI: Final = tuple(
    f"{part.lower()}_{name}"
    for part in LI_PARTS
    for name in (
        *(f"{series}_{statistic}" for series in LI_SERIES for statistic in LI_STATISTICS),
        "peak_hz", "peak_power", "total_power", "spectral_entropy", "hull_area",
    )
)  # fmt: skip
PUBLISHED: Final[dict[str, tuple[str, ...]]] = {
    name: tuple(f"{name}_{feature}" for feature in features)
    for name, features in (("morinan_2023", MORINAN), ("visionmd", VISIONMD), ("li_2018", LI))
}
QUANTITY_SETS: Final[dict[str, tuple[str, ...]]] = {"kinematics": KINEMATICS, **PUBLISHED}


def quantity_names(sets: Sequence[str]) -> tuple[str, ...]:
    """Names of all quantities of some sets, in their order.

    Raises:
        ValueError: If there is none, or one is unknown.
    """
    if isinstance(sets, str) or not sets or (unknown := set(sets) - set(QUANTITY_SETS)):
        wrong = sorted(unknown)[0] if not isinstance(sets, str) and sets else sets
        raise ValueError(
            f"model.quantities={wrong!r}: expected a list of {', '.join(QUANTITY_SETS)}"
        )
    return tuple(dict.fromkeys(name for one in sets for name in QUANTITY_SETS[one]))
