"""What the shipped weights reach on another simulator, and what a few local rated legs add.

Run it by `nice python -m tests.benchmarks.bench_transfer`, a minute. Three cohorts of 100
patients of the second simulator, whole bodies and legs alone. Recalibration is the product's own
(`pdla.evaluation.recalibration`): patients are drawn, their legs count as rated, and the legs of
all other patients are scored with what was learnt. Nothing else is fitted.
"""

import argparse
import logging
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from pdla.data.progress import track
from pdla.evaluation.recalibration import WAYS, Way
from tests.fixtures.transfer import (
    Agreement,
    agreement,
    recalibrated_agreements,
    score_other_simulator,
)

WORDS = ("simulated", "simulated_tcn")
RATED_LEGS = (10, 20, 40)
FIRST_SEED = 11  # the slow test of the weights looks at cohort 1
BODIES = {"whole bodies": False, "legs alone": True}

AsTheyAre = dict[tuple[str, str], list[Agreement]]
Recalibrated = dict[tuple[str, str, Way, int], list[Agreement]]


def measure(
    words: Sequence[str], seeds: Sequence[int], n_draws: int
) -> tuple[AsTheyAre, Recalibrated]:
    """Agreement by weights and bodies as they are, one a cohort, and recalibrated, one a draw."""
    as_they_are: AsTheyAre = {}
    recalibrated: Recalibrated = {}
    cases = [(word, bodies, seed) for word in words for bodies in BODIES for seed in seeds]
    for word, bodies, seed in track(cases, "Cohorts", total=len(cases)):
        with tempfile.TemporaryDirectory() as store:
            table = score_other_simulator(word, seed, Path(store), legs_only=BODIES[bodies])
        as_they_are.setdefault((word, bodies), []).append(agreement(table))
        for way in WAYS:
            for n_rated in RATED_LEGS:
                rng = np.random.default_rng((seed, n_rated))  # the same patients for every case
                recalibrated.setdefault((word, bodies, way, n_rated), []).extend(
                    recalibrated_agreements(table, way, n_rated, n_draws, rng)
                )
    return as_they_are, recalibrated


def table_lines(as_they_are: AsTheyAre, recalibrated: Recalibrated) -> Iterator[str]:
    """The table of docs/sharing_weights.md."""
    counts = [f"{n_rated} rated legs" for n_rated in RATED_LEGS]
    yield f"| weights, bodies | as they are | recalibrated by | {' | '.join(counts)} |"
    yield "|---|---|---|" + "---|" * len(counts)
    for (word, bodies), cohorts in as_they_are.items():
        for way in WAYS:
            cells = [_cell(recalibrated[word, bodies, way, n_rated]) for n_rated in RATED_LEGS]
            row = [f"`{word}`, {bodies}", _cell(cohorts), f"`{way}`", *cells]
            yield f"| {' | '.join(row)} |"


def _cell(found: Sequence[Agreement]) -> str:
    """Share of the attainable kappa: mean, SD and lowest; then the mean error."""
    shares = [one.share for one in found]
    spread = f"SD {100 * np.std(shares, ddof=1):.0f}, lowest {100 * min(shares):.0f}"
    return f"{np.mean(shares):.0%} ({spread}); {np.mean([one.bias for one in found]):+.2f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cohorts", type=int, default=3)
    parser.add_argument("--first", type=int, default=FIRST_SEED, help="seed of the first cohort")
    parser.add_argument("--draws", type=int, default=20, help="draws of patients in each cohort")
    parser.add_argument("--weights", nargs="+", default=WORDS, help="words, or folders of studies")
    options = parser.parse_args()
    for name in ("lightning.pytorch", "pdla"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")
    seeds = range(options.first, options.first + options.cohorts)
    with threadpool_limits(1):
        as_they_are, recalibrated = measure(options.weights, seeds, options.draws)
    print("share of the attainable weighted kappa; mean error in points\n")
    print("\n".join(table_lines(as_they_are, recalibrated)))


if __name__ == "__main__":
    main()
