"""The answer of a study in sentences: models, primary contrast, what could have been shown."""

import numpy as np

from pdla.evaluation.metrics import METRIC_OF, Metric
from pdla.report.analysis import Analysis, Row, Section
from pdla.report.references import attainable_kappa
from pdla.report.spread import measure_spread, passes_text
from pdla.report.tables import interval_text


def headline(analysis: Analysis) -> list[str]:
    """The answer, a sentence or two for each model, on the first primary metric."""
    metric = METRIC_OF[analysis.primary[0]]
    section = analysis.headline
    told = []
    for row in section.rows:
        if row.scorer.is_baseline:
            continue
        stamp = "LEAKY, no result: " if row.scorer.is_leaky else ""
        title = analysis.patients.scope.title if analysis.patients else ""
        where = f", {title[0].lower()}{title[1:]}" if title else ""
        told.append(
            f"{stamp}{row.scorer.name}: {metric.title} "
            f"{interval_text(row.estimates[metric.key])} "
            f"on {row.n_legs} legs of {row.n_patients} patients{where}"
            + _mean_over(analysis, row)
            + _elsewhere(analysis, row, metric)
            + _share_of_reference(analysis, row, metric)
            + _monotony(row)
            + f". {_verdicts(section, row, metric)}."
        )
    return told


def _mean_over(analysis: Analysis, row: Row) -> str:
    if len(row.spread) < 2:
        return ""
    return f", mean of {passes_text(row.spread, analysis.study.is_external)}"


def _elsewhere(analysis: Analysis, row: Row, metric: Metric) -> str:
    """The same metric of everybody, where the headline is of patients, and of each leg."""
    first, *legs = analysis.sections
    named = [("with controls", first)] if analysis.patients else []
    named += [(section.scope.title.lower(), section) for section in legs if not analysis.patients]
    told = [
        f"{name} {interval_text(own.estimates[metric.key])}"
        for name, section in named
        for own in section.rows
        if own.scorer is row.scorer
    ]
    return f" ({'; '.join(told)})" if told else ""


def _share_of_reference(analysis: Analysis, row: Row, metric: Metric) -> str:
    """Which share of what true kinematics give a model reaches, on simulated data; else empty."""
    run = analysis.study.first
    attainable = attainable_kappa(run, patients_only=analysis.patients is not None)
    if metric.key != "qwk" or attainable is None:
        return ""
    value, low, high = attainable
    return (
        f", {row.estimates['qwk'].value / value:.0%} of the {value:.2f} ({low:.2f} to {high:.2f}) "
        f"that true kinematics give with raters {run.result.data.raters}"
    )


def contrast_note(analysis: Analysis) -> str:
    """The primary contrast with its interval, and in single passes; empty if there is none."""
    metric = METRIC_OF[analysis.primary[0]]
    for one in analysis.headline.differences:
        if one.is_primary:
            estimate = one.estimates[metric.key]
            spread = measure_spread({key: values[metric.key] for key, values in one.spread.items()})
            passes = (
                f"; in single passes from {spread.low:+.2f} to {spread.high:+.2f}"
                if len(one.spread) > 1 and np.isfinite(spread.low)
                else ""
            )
            return (
                f"Primary contrast, named in the config: {one.scorer.name} minus "
                f"{one.other.name}, {metric.title} {interval_text(estimate)}{passes}."
            )
    return ""


def power_note(analysis: Analysis) -> str:
    """The smallest difference that these patients could have shown; empty if it is not known."""
    metric = METRIC_OF[analysis.primary[0]]
    differences = analysis.headline.differences
    named = [one for one in differences if one.is_primary]
    to_baselines = [one for one in differences if one.other.is_baseline]
    found = [(one.estimates[metric.key].detectable, one) for one in named or to_baselines]
    found = [(value, one) for value, one in found if value > 0]  # NaN and constants are not
    if not found:
        return ""
    smallest, one = min(found, key=lambda pair: pair[0])
    largest = max(found, key=lambda pair: pair[0])[0]
    values = f"{smallest:.2f}" if smallest == largest else f"{smallest:.2f} to {largest:.2f}"
    n_patients = one.estimates[metric.key].n_patients
    which = "of the primary contrast" if named else "to each baseline, before any correction,"
    return (
        f"With these {n_patients} patients, a true difference in {metric.title} {which} would have "
        f"to be at least {values} to be shown in 80% of such studies. "
        "\u201cNo difference shown\u201d does not mean that there is none."
    )


def _monotony(row: Row) -> str:
    """That a scorer gives everybody one score, which its metrics show to experts only."""
    said = {int(score) for table in row.passes for score in table["predicted"].unique()}
    return f"; it says {said.pop()} to every leg" if len(said) == 1 else ""


def _verdicts(section: Section, row: Row, metric: Metric) -> str:
    """Which baselines a model is better than, cannot be told apart from, is worse than."""
    groups: dict[bool | None, list[str]] = {}
    own = [one for one in section.differences if one.scorer is row.scorer and one.other.is_baseline]
    if not any(np.isfinite(one.estimates[metric.key].low) for one in own):
        return (
            "Too few patients for an interval, so nothing is known of the difference to baselines"
        )
    for one in own:
        star = " (primary contrast)" if one.is_primary else ""
        groups.setdefault(one.is_better(metric), []).append(f"\u201c{one.other.name}\u201d{star}")
    words = ((True, "better than"), (None, "no difference shown to"), (False, "worse than"))
    text = "; ".join(f"{word} {_enumerate(groups[key])}" for key, word in words if key in groups)
    return text[:1].upper() + text[1:]


def _enumerate(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
