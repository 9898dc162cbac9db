"""Sites of a study: who comes from where, whether a model knew the site, how it scores there."""

from collections import defaultdict

import pandas as pd

from pdla.evaluation.leg_table import SITE
from pdla.evaluation.metrics import METRIC_OF
from pdla.report.analysis import Analysis, Row
from pdla.report.scopes import SITE_TITLE, site_names
from pdla.report.tables import interval_text


def count_sites(analysis: Analysis) -> str:
    """Patients and legs of each site that was tested; empty if fewer than two are named."""
    table = analysis.sections[0].table
    names = site_names(table)
    if len(names) < 2:
        return ""
    told = [f"{name} ({_size(table[table[SITE] == name])})" for name in names]
    n_unknown = int((table[SITE] == "").sum())
    unknown = f"; {n_unknown} legs without a site" if n_unknown else ""
    return f"{len(names)} sites are named in the label sheet: {', '.join(told)}{unknown}."


def _size(legs: pd.DataFrame) -> str:
    return f"{len(legs)} legs of {legs['patient'].nunique()} patients"


def known_sites(analysis: Analysis) -> str:
    """Whether runs had patients of the site that they tested in training; empty likewise."""
    names, new = site_names(analysis.sections[0].table), _new_sites(analysis)
    if len(names) < 2:
        return ""
    if len(new) == len(names):
        return (
            "Each site was tested by runs that had nobody of it in training or validation: these "
            "are figures of a new site."
        )
    start = f"Figures of a new site: {', '.join(new)}. At the others, runs" if new else "Runs"
    return (
        f"{start} had patients of the tested site in training: figures of a known site. "
        "split=leave_one_site_out tests new ones."
    )


def is_new_site(analysis: Analysis) -> bool:
    """Whether every site was tested by runs that did not know it."""
    names = site_names(analysis.sections[0].table)
    return len(names) > 1 and len(_new_sites(analysis)) == len(names)


def _new_sites(analysis: Analysis) -> list[str]:
    """Sites of which no run that tested them had anybody in training or validation."""
    known: set[str] = set()
    for run in analysis.study.runs:
        trained = site_names(run.own_legs(run.fold.train, run.fold.val))
        known |= set(trained) & set(site_names(run.tested))
    return [name for name in site_names(analysis.sections[0].table) if name not in known]


def site_rows(analysis: Analysis) -> dict[str, list[Row]]:
    """The rows of each site, in the headline's part of the cohort."""
    subgroups = analysis.headline.subgroups
    return {
        name: subgroups[title]
        for name in site_names(analysis.headline.table)
        if (title := SITE_TITLE.format(name)) in subgroups
    }


def performance_by_site(analysis: Analysis) -> str:
    """The first primary metric and the mean error of each model at each site; empty likewise."""
    metric, bias = METRIC_OF[analysis.primary[0]], METRIC_OF["bias"]
    told: dict[str, list[str]] = defaultdict(list)
    for name, rows in site_rows(analysis).items():
        for row in rows:
            if row.scorer.kind == "model":
                told[row.scorer.name].append(
                    f"{name} {interval_text(row.estimates[metric.key])}, mean error "
                    f"{interval_text(row.estimates[bias.key])}"
                )
    if not told:
        return ""
    models = ". ".join(f"{name}: {'; '.join(sites)}" for name, sites in told.items())
    return f"{metric.title} by site, {analysis.headline.scope.title}. {models}."
