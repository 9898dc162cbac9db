"""What another draw of the folds, or another seed, changes: the passes of a row compared.

An interval over patients is given the trained networks. Repeats of the split and seeds train them
anew, on other parts of the same patients: their spread is what the interval does not hold, and no
substitute for it, as all passes share the patients.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pdla.report.study_run import PassKey


@dataclass(frozen=True)
class Spread:
    """How much a figure varies from pass to pass.

    Attributes:
        n_repeats: Draws of the folds.
        n_seeds: Seeds of each draw, the most that one has.
        sd_repeats: Between draws of the folds, each the mean of its seeds; NaN for one draw.
        sd_seeds: Between seeds within a draw, pooled over the draws; NaN where none has two.
        low: Lowest pass; NaN if the figure is undefined in all.
        high: Highest pass; NaN likewise.
    """

    n_repeats: int
    n_seeds: int
    sd_repeats: float
    sd_seeds: float
    low: float
    high: float


def measure_spread(values: Mapping[PassKey, float]) -> Spread:
    """Compare the passes of a scorer, or of a difference between two.

    Args:
        values: Of each pass; NaN where undefined, which is left out.
    """
    by_repeat: dict[tuple[str, int], list[float]] = defaultdict(list)
    for (split, repeat, _), value in values.items():
        if np.isfinite(value):
            by_repeat[split, repeat].append(value)
    draws = list(by_repeat.values())
    known = [value for seeds in draws for value in seeds]
    several = [np.var(seeds, ddof=1) for seeds in draws if len(seeds) > 1]
    means = [np.mean(seeds) for seeds in draws]
    return Spread(
        n_repeats=len({key[:2] for key in values}),
        n_seeds=max(_seeds_of_repeats(values)),
        sd_repeats=float(np.std(means, ddof=1)) if len(means) > 1 else np.nan,
        sd_seeds=float(np.sqrt(np.mean(several))) if several else np.nan,
        low=min(known, default=np.nan),
        high=max(known, default=np.nan),
    )


def _seeds_of_repeats(keys: Sequence[PassKey] | Mapping[PassKey, object]) -> list[int]:
    counts: dict[tuple[str, int], int] = defaultdict(int)
    for key in keys:
        counts[key.split, key.repeat] += 1
    return list(counts.values())


def passes_text(
    keys: Sequence[PassKey] | Mapping[PassKey, object], is_external: bool = False
) -> str:
    """How often every leg was scored, as in `5 draws of the folds x 2 seeds`.

    Args:
        keys: The passes.
        is_external: Whether another data set was scored, which every fold scores whole.
    """
    seeds = _seeds_of_repeats(keys)
    most, fewest = max(seeds), min(seeds)
    plural = "" if len(seeds) == 1 else "s"
    draws = f"trained fold{plural}" if is_external else f"draw{plural} of the folds"
    draws = f"{len(seeds)} {draws}"
    each = str(most) if most == fewest else f"{fewest} to {most}"
    return f"{draws} x {each} seed{'' if each == '1' else 's'}"
