"""Everything that a report says in numbers, computed once: estimates, differences, subgroups."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pandas as pd
from threadpoolctl import threadpool_limits

from pdla.data.reasons import ABSTENTIONS
from pdla.data.skeletons import LEG_NAMES
from pdla.evaluation.intervals import Estimate
from pdla.evaluation.metrics import METRIC_OF, undefined_reasons
from pdla.evaluation.predictions import LEG_KEY
from pdla.evaluation.weighted import number_patients
from pdla.report.averages import pool_averages
from pdla.report.baseline_scorers import pool_baselines
from pdla.report.contrasts import Contrast, Difference, correct, find_contrast
from pdla.report.pooling import Scorer, pool_models
from pdla.report.scopes import (
    CONTROL_GROUPS,
    Judged,
    Scope,
    compare,
    judge,
    leg_scopes,
    patients_scope,
    subgroup_scopes,
    subtract_passes,
)
from pdla.report.study import Study, check_poolable
from pdla.report.study_file import StudyFile
from pdla.report.study_run import PassKey, repeat_of_fold

Estimates = dict[str, Estimate]


@dataclass(frozen=True)
class Row:
    """A scorer in a scope.

    Attributes:
        judged: Model or baseline in its scope.
        n_legs: Legs of a pass.
        n_patients: Their patients.
        estimates: Metric key to estimate.
        reasons: Why metrics are undefined.
        spread: Primary metrics of each single pass.
    """

    judged: Judged = field(repr=False)
    n_legs: int
    n_patients: int
    estimates: Estimates
    reasons: dict[str, str]
    spread: dict[PassKey, dict[str, float]]

    @property
    def scorer(self) -> Scorer:
        """Model or baseline."""
        return self.judged.scorer

    @property
    def passes(self) -> list[pd.DataFrame]:
        """Its predictions in the scope, a table a pass."""
        return list(self.judged.passes.values())


@dataclass(frozen=True)
class Section:
    """Results in one scope: a leg, or both.

    Attributes:
        scope: Which legs.
        rows: Models, averages, then baselines.
        differences: Of each model to each later model and to each baseline, of each average to each
            model and baseline; primary metrics only.
        subgroups: Title of a subgroup to its rows; metrics of `subgroup_keys` only. Empty for a
            leg of two.
        table: Legs of the scope, one row each.
    """

    scope: Scope
    rows: list[Row]
    differences: list[Difference]
    subgroups: dict[str, list[Row]]
    table: pd.DataFrame


@dataclass(frozen=True)
class Analysis:
    """A study in numbers.

    Attributes:
        study: Its runs.
        primary: Metrics that were chosen before the first run.
        notes: What a reader must know before the numbers, one line each.
        scorers: Models, then averages of models, then baselines.
        sections: One for each leg; both legs together first. All groups together.
        patients: The first section within the patients, where a cohort has controls as well.
        contrast: The primary contrast, if one was named and is there.
        file: study.yaml.
    """

    study: Study
    primary: tuple[str, ...]
    notes: list[str]
    scorers: list[Scorer]
    sections: list[Section]
    patients: Section | None = None
    contrast: Contrast | None = None
    file: StudyFile = field(default_factory=StudyFile)

    @property
    def headline(self) -> Section:
        """What the study is judged by: patients only where there are controls, else everybody.

        Controls are nearly all 0: with them, agreement is largely that of patient or control.
        """
        return self.patients or self.sections[0]

    @property
    def all_sections(self) -> list[Section]:
        """The patients where they are apart, then everybody."""
        return [self.patients, *self.sections] if self.patients else self.sections

    @property
    def models(self) -> list[Scorer]:
        """Without averages and baselines."""
        return [scorer for scorer in self.scorers if scorer.kind == "model"]

    @property
    def baselines(self) -> list[Scorer]:
        """What is to be beaten."""
        return [scorer for scorer in self.scorers if scorer.is_baseline]


def analyse(
    study: Study,
    pool_differing: bool = False,
    averages: Sequence[str] = (),
    file: StudyFile | None = None,
) -> Analysis:
    """Pool the runs of a study and compute everything that its report says.

    Args:
        study: What `read_study` read.
        pool_differing: Pool runs although data, split or weights differ.
        averages: Models whose probabilities are averaged, see `pool_averages`.
        file: What the lab says of the study.

    Raises:
        ValueError: If the runs cannot be pooled, see `check_poolable`, or not averaged.
    """
    notes = [f"Pooled all the same: {line}." for line in check_poolable(study, pool_differing)]
    file = file or StudyFile()
    primary = study.primaries[0]
    if len(study.primaries) > 1:
        notes.append("The runs name different primary metrics; those of the first are shown first.")
    if len(study.contrasts) > 1:
        notes.append("The runs name different primary contrasts; that of the first is taken.")
    with threadpool_limits(1):  # steps this small would spend their time in waiting for other cores
        averaged = pool_averages(study, averages)
        scorers = pool_models(study) + averaged + pool_baselines(study)
        contrast, doubt = find_contrast(scorers, study.contrasts[0])
        scopes = leg_scopes(scorers)
        sections = [
            _section(scope, scorers, primary, contrast, has_subgroups=number == 0)
            for number, scope in enumerate(scopes)
        ]
        controls = file.control_groups if file.control_groups is not None else CONTROL_GROUPS
        inside = patients_scope(scopes[0], sections[0].table, controls)
        patients = _section(inside, scorers, primary, contrast) if inside else None
    # One test is primary, that of the headline; in the other parts it is one of many.
    if patients is None:
        sections[0] = _correct(sections[0], contrast, primary)
    else:
        patients = _correct(patients, contrast, primary)
        sections[0] = _correct(sections[0], None, primary)
    sections[1:] = [_correct(section, None, primary) for section in sections[1:]]
    notes += [
        f"\u201c{scorer.name}\u201d was chosen on the command line: decide what to average before "
        "you see the results, not by them."
        for scorer in averaged
    ]
    notes += [doubt] if doubt else []
    notes += [
        f"Several raters, {LEG_NAMES[leg]} leg: {agreement.told}."
        for run in study.data_runs
        for leg, agreement in run.result.agreement.items()
        if agreement.n_differ
    ]
    notes += (
        abstained(study) + missing_folds(study) + lonely_scores((patients or sections[0]).table)
    )
    return Analysis(study, primary, notes, scorers, sections, patients, contrast, file)


def lonely_scores(table: pd.DataFrame) -> list[str]:
    """Scores that one patient alone has: what is found for them is of that patient."""
    patients = table.groupby("score")["patient"].nunique()
    return [
        f"Score {score} comes from one patient only: no claim about the score can be made from it."
        for score, number in patients.items()
        if number == 1
    ]


def abstained(study: Study) -> list[str]:
    """Which rated legs of another data set got no score: its figures are of the others only."""
    found = {
        reason.text: count
        for reason in ABSTENTIONS
        if study.is_external and (count := study.excluded.get(reason.text))
    }
    if not found:
        return []
    told = "; ".join(f"{count} x {text}" for text, count in found.items())
    return [
        f"No score was given to {sum(found.values())} legs ({told}): all figures are of others."
    ]


def missing_folds(study: Study) -> list[str]:
    """Folds that a model was not tested on, for each leg and seed; one line each.

    Where the folds were drawn several times, a draw of which no fold was run counts as one.
    """
    lines = []
    for name, variant in study.variants.items():
        groups: dict[tuple[str, int], set[int]] = {}
        for run in variant.runs:
            key = (run.result.leg, run.result.seed)
            groups.setdefault(key, set()).add(run.result.split.fold)
        folds_of_split = max((run.folds for run in variant.runs), key=len)
        # On another data set every fold scores all legs, so that each would be a draw.
        repeats = [0] * len(folds_of_split) if study.is_external else repeat_of_fold(folds_of_split)
        for (leg, seed), folds in sorted(groups.items()):
            begun = {repeats[fold] for fold in folds}
            absent = [n for n, repeat in enumerate(repeats) if repeat in begun and n not in folds]
            parts = []
            if absent:
                shown = ", ".join(map(str, absent[:10])) + (" ..." if len(absent) > 10 else "")
                parts.append(f"fold {shown} of {len(repeats)}")
            if n_draws := len(set(repeats) - begun):
                parts.append(f"{n_draws} of {len(set(repeats))} draws of the folds")
            if parts:
                lines.append(f"Not run: {name}, leg {leg}, seed {seed}: {' and '.join(parts)}.")
    return lines


def _section(
    scope: Scope,
    scorers: Sequence[Scorer],
    primary: tuple[str, ...],
    contrast: Contrast | None,
    has_subgroups: bool = True,
) -> Section:
    rows = [
        row
        for scorer in scorers
        if (row := measure_row(scorer, scope, tuple(METRIC_OF), primary)) is not None
    ]
    table = pd.concat([row.judged.table for row in rows])
    table = table.drop_duplicates(LEG_KEY)
    subgroups = {}
    for part in subgroup_scopes(scope, table) if has_subgroups else []:
        found = [measure_row(row.scorer, part, subgroup_keys(primary), primary) for row in rows]
        subgroups[part.title] = [row for row in found if row is not None]
    return Section(scope, rows, _differences(rows, primary, contrast), subgroups, table)


def _correct(section: Section, contrast: Contrast | None, primary: tuple[str, ...]) -> Section:
    return replace(section, differences=correct(section.differences, contrast, primary))


def subgroup_keys(primary: tuple[str, ...]) -> tuple[str, ...]:
    """Metrics of subgroups: the primary ones, and how far the scale is shifted there."""
    return tuple(dict.fromkeys((*primary, "bias")))


def measure_row(
    scorer: Scorer, scope: Scope, keys: tuple[str, ...], primary: tuple[str, ...]
) -> Row | None:
    """A scorer in a scope, with intervals of some metrics; None if it scored nothing there."""
    judged = judge(scorer, scope, keys)
    if judged is None:
        return None
    legs = number_patients([judged.table])[0]
    return Row(
        judged=judged,
        n_legs=len(legs.score),
        n_patients=legs.n_patients,
        estimates=judged.draws.estimates(keys),
        reasons=undefined_reasons(legs.score, legs.predicted, legs.probabilities),
        spread=judged.spread(primary),
    )


def _differences(
    rows: Sequence[Row], primary: tuple[str, ...], contrast: Contrast | None
) -> list[Difference]:
    found = []
    for number, row in enumerate(rows):
        if row.scorer.is_baseline:
            continue
        for other in rows[number + 1 :]:
            # An average is held against the models that it is made of, not they against it.
            is_turned = other.scorer.kind == "average" or _is_named(contrast, other, row)
            pair = (other, row) if is_turned else (row, other)
            estimates = compare(pair[0].judged, pair[1].judged, primary)
            if estimates is not None:
                p_values = {key: estimates[key].p_value for key in primary}
                spread = subtract_passes(pair[0].judged, pair[1].judged, primary)
                found.append(
                    Difference(pair[0].scorer, pair[1].scorer, estimates, p_values, spread=spread)
                )
    order = [row.scorer.name for row in rows]
    return sorted(found, key=lambda difference: order.index(difference.scorer.name))


def _is_named(contrast: Contrast | None, one: Row, other: Row) -> bool:
    return contrast is not None and contrast[0] is one.scorer and contrast[1] is other.scorer
