"""`pdla sites`: what a model loses at a site that it never saw, and what local patients regain.

Ordinal regression on kinematics is tested on each site three ways: fitted on other patients of all
sites (5 folds), on the other sites alone, and so again after recalibration on some local patients.
A probe asks how well the site can be told from the same kinematics.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from pdla import RESEARCH_ONLY
from pdla.data.intake import IntakeOptions, check_rater_rule, read_cohort
from pdla.data.progress import track
from pdla.data.recordings import Cohort
from pdla.data.splits.files import Split
from pdla.data.splits.rules import LeaveOneSiteOut, PatientKFold
from pdla.evaluation.baselines import FoldLegs, kinematic_features, predict_ordinal
from pdla.evaluation.intervals import N_DRAWS, Estimate, estimate_metrics, percentile_interval
from pdla.evaluation.leg_table import SITE
from pdla.evaluation.metrics import curve_metrics
from pdla.evaluation.predictions import add_scores, predicted_of, probabilities_of, scores_of
from pdla.evaluation.recalibration import MIN_PATIENTS, learn_change
from pdla.report.tables import interval_text
from pdla.training.records import legs_table

SITES: Final = ("site_a", "site_b", "site_c")
SHOWN: Final = ("qwk", "mae", "bias")
N_TREES: Final = 100
N_LOCAL_DRAWS: Final = 20  # of local patients


@dataclass(frozen=True)
class SiteResult:
    """One site, tested.

    Attributes:
        site: Its name.
        n_patients: Its patients.
        inside: SHOWN with other patients of all sites in training.
        outside: SHOWN with the other sites alone in training.
        outside_rest: Kappa and MAE of `outside` on the patients that are not local ones, mean over
            draws of them; NaN if there are too few.
        recalibrated: The same after recalibration on the local ones.
    """

    site: str
    n_patients: int
    inside: dict[str, Estimate]
    outside: dict[str, Estimate]
    outside_rest: tuple[float, float]
    recalibrated: tuple[float, float]


def simulate_sites(folder: Path, videos: int = 62, seed: int = 0) -> Cohort:
    """Three simulated clinics that differ in camera, frame rate, keypoint errors and rater.

    Args:
        folder: Where they are written, and kept for the next time.
        videos: Of each.
        seed: Of the first; the others have other people.
    """
    from pdla.data.simulation import SimulationOptions, simulate_once

    cohorts = []
    for number, site in enumerate(SITES):
        options = SimulationOptions(
            videos, seed + number, traps="none", variety=site, raters="icc65"
        )
        out = folder / site
        simulate_once(out, options)
        cohort = read_cohort(out / "LA", out / "labels.xls", folder / "store" / site,
                             IntakeOptions())  # fmt: skip
        cohorts.append(_at_site(cohort, site))
    return Cohort(tuple(sample for cohort in cohorts for sample in cohort.samples))


def _at_site(cohort: Cohort, site: str) -> Cohort:
    """Its legs with the name of the site; codes of two clinics may be alike, people are not."""
    samples = [
        replace(sample, patient=f"{site} {sample.patient}",
                condition=replace(sample.condition, site=site))
        for sample in cohort.samples
    ]  # fmt: skip
    return replace(cohort, samples=tuple(samples))


def show_sites(cohort: Cohort, n_local: int = 10, seed: int = 0) -> list[SiteResult]:
    """Print the table and the probe.

    Args:
        cohort: With the site of each leg.
        n_local: Patients of a site that recalibrate.
        seed: Of the draws of local patients.

    Raises:
        ValueError: If there are fewer than two sites, or raters differ without a rule.
    """
    check_rater_rule(cohort)
    rated = cohort.rated_legs
    left_out = LeaveOneSiteOut().all_folds(rated)
    legs = legs_table(rated)
    inside = _predict(legs, PatientKFold().all_folds(rated))
    results = []
    for fold in track(left_out, "Sites", total=len(left_out)):
        outside = _predict(legs, [fold])
        site = str(outside[SITE].iloc[0])
        before, after = regain(outside, n_local, np.random.default_rng(seed))
        results.append(
            SiteResult(
                site,
                int(outside["patient"].nunique()),
                estimate_metrics([inside[inside[SITE] == site]], SHOWN),
                estimate_metrics([outside], SHOWN),
                before,
                after,
            )
        )
    _print(results, probe_site(legs), n_local)
    return results


def _predict(legs: pd.DataFrame, folds: Sequence[Split]) -> pd.DataFrame:
    """Ordinal regression fitted on training and tested on test legs of each fold."""
    parts = []
    for fold in folds:
        known, tested = (legs.iloc[list(part)] for part in (fold.train, fold.test))
        shares = predict_ordinal(FoldLegs(known, tested, legs))
        facts = tested[["video_id", "patient", "leg", SITE, "score"]].assign(place=tested.index)
        parts.append(add_scores(facts, shares))
    return pd.concat(parts, ignore_index=True)


def regain(
    table: pd.DataFrame, n_local: int, generator: np.random.Generator
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Kappa and MAE of the other patients before and after recalibration on local ones.

    Args:
        table: Predictions for the legs of a site.
        n_local: Patients who recalibrate; they are never tested.
        generator: Draws them, N_LOCAL_DRAWS times; the mean is given.

    Returns:
        Before, after; NaN if fewer than two patients would be left.
    """
    patients = table["patient"].unique()
    if len(patients) < n_local + 2 or n_local < MIN_PATIENTS:
        return (np.nan, np.nan), (np.nan, np.nan)
    found = []
    for _ in range(N_LOCAL_DRAWS):
        local = table["patient"].isin(generator.choice(patients, n_local, replace=False))
        rest = table[~local]
        change, _ = learn_change(table[local], "thresholds")
        moved = add_scores(rest, change(probabilities_of(rest)))
        found.append([_kappa_and_mae(one) for one in (rest, moved)])
    before, after = np.nanmean(np.array(found), axis=0)
    return (float(before[0]), float(before[1])), (float(after[0]), float(after[1]))


def _kappa_and_mae(table: pd.DataFrame) -> tuple[float, float]:
    values = curve_metrics(scores_of(table), predicted_of(table))
    return values["qwk"], values["mae"]


def probe_site(legs: pd.DataFrame) -> Estimate:
    """Balanced accuracy of telling the site from the kinematics of patients never seen.

    Chance is one over the number of sites: above it, a model may learn the site in place of the
    severity. The interval is bootstrapped over patients, given the forests.
    """
    features, _ = kinematic_features(legs, legs)
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    patients, _ = pd.factorize(legs["patient"])  # pseudonyms must not shape folds
    told = cross_val_predict(
        RandomForestClassifier(N_TREES, min_samples_leaf=2, random_state=0),
        features, legs[SITE], groups=patients, cv=folds,
    )  # fmt: skip
    n_patients = int(patients.max()) + 1
    drawn = np.random.default_rng(0).multinomial(
        n_patients, np.full(n_patients, 1 / n_patients), size=N_DRAWS
    )
    weights = np.vstack([np.ones((1, n_patients)), drawn])[:, patients]  # (1 + D, n)
    is_right = told == legs[SITE].to_numpy()
    with np.errstate(invalid="ignore"):  # a draw without anybody of a site has no accuracy
        recalls = [
            weights[:, of_site] @ is_right[of_site] / weights[:, of_site].sum(axis=1)
            for of_site in (legs[SITE].to_numpy() == name for name in legs[SITE].unique())
        ]
    values = np.mean(recalls, axis=0)
    return percentile_interval(float(values[0]), values[1:], n_patients)


def _print(results: Sequence[SiteResult], probe: Estimate, n_local: int) -> None:
    console = Console(soft_wrap=True, width=max(100, Console().width))
    table = Table(box=box.SIMPLE_HEAD, title="Ordinal regression at each site",
                  title_justify="left")  # fmt: skip
    table.add_column("site", no_wrap=True)
    for name in ("site known", "site new", "error", "others", f"+{n_local}"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in results:
        pairs = [f"{kappa:.2f}, {mae:.2f}" for kappa, mae in (one.outside_rest, one.recalibrated)]
        table.add_row(
            one.site, interval_text(one.inside["qwk"]), interval_text(one.outside["qwk"]),
            f"{one.outside['bias'].value:+.2f}", *pairs,
        )  # fmt: skip
    console.print(table)
    console.print(
        "site known, new: kappa with and without this site in training, 95% intervals over its "
        f"{', '.join(str(one.n_patients) for one in results)} patients. error: expected minus "
        "rater's score at a new site, in points.\n"
        f"others: kappa and MAE of the patients who are not among {n_local} local ones; "
        f"+{n_local}: the same after recalibration on these, mean of {N_LOCAL_DRAWS} draws.",
        highlight=False,
    )
    console.print(
        f"Which site is it? Told from kinematics with a balanced accuracy of "
        f"{interval_text(probe)}; chance is {1 / len(results):.2f}.", highlight=False,
    )  # fmt: skip
    console.print(RESEARCH_ONLY, style="italic")
