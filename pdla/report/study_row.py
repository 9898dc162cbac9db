"""One named row of a study's report: the runs behind it, how well it scores, its score sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from pdla.evaluation.conformal import ScoreSets
from pdla.evaluation.intervals import Estimate
from pdla.evaluation.metrics import METRIC_OF
from pdla.report.analysis import Row, measure_row
from pdla.report.averages import find_names, pool_averages
from pdla.report.checklist import ITEM_NUMBERS
from pdla.report.pooling import Scorer, pool_models
from pdla.report.scopes import CONTROL_GROUPS, complete_passes, leg_scopes, patients_scope
from pdla.report.study import Study, check_poolable
from pdla.report.study_file import read_study_file
from pdla.report.study_run import StudyRun

KEYS: Final = ("qwk", "mae")
OPTION: Final = "--row"
NO_INTERVAL: Final = "too few patients for an interval"


@dataclass(frozen=True)
class StudyRow:
    """A model, or an average of models, that new legs are scored with.

    Attributes:
        name: As in the report.
        members: Its runs, by model; each model counts the same.
        title: Legs that its figures are about.
        n_legs: Their number.
        n_patients: Their patients.
        estimates: Kappa and MAE with 95% intervals, of patients who were new to the runs.
        sets: Rule of the score sets, from the same predictions.
        is_leaky: Whether patients of the test were in training; then no figure counts.
    """

    name: str
    members: Mapping[str, Sequence[StudyRun]] = field(repr=False)
    title: str
    n_legs: int
    n_patients: int
    estimates: Mapping[str, Estimate]
    sets: ScoreSets
    is_leaky: bool

    @property
    def runs(self) -> list[StudyRun]:
        """All its runs."""
        return [run for runs in self.members.values() for run in runs]

    def figures(self) -> str:
        """Kappa and MAE in a line."""
        parts = []
        for key in KEYS:
            found, title = self.estimates[key], METRIC_OF[key].title
            has_interval = np.isfinite(found.low)
            interval = f"95% {found.low:.2f} to {found.high:.2f}" if has_interval else NO_INTERVAL
            value = f"{found.value:.2f}" if np.isfinite(found.value) else "undefined"
            parts.append(f"{title} {value} ({interval})")
        return f"{self.title}, {self.n_legs} legs of {self.n_patients} patients: {', '.join(parts)}"


def choose_row(study: Study, wanted: str = "") -> StudyRow:
    """The row that is named, else the primary one.

    Args:
        study: Finished runs of one data set and split.
        wanted: Name of a row, of a model, or of an average as in `pdla report --average`. Empty:
            the only model of the study, or the first of two that `evaluation.contrast` names.

    Raises:
        ValueError: If runs of different data lie in the folder, or the row is unknown or not told.
    """
    _check_one_kind(study)
    names = find_names(wanted or _primary(study), study.variants, OPTION)
    pooled = {scorer.name: scorer for scorer in pool_models(study)}
    if len(names) == 1:
        scorer = pooled[names[0]]
    else:
        try:
            scorer = pool_averages(study, [wanted])[0]
        except ValueError as error:
            raise ValueError(str(error).replace("--average", OPTION, 1)) from None
    members = {name: study.variants[name].runs for name in names}
    with threadpool_limits(1):
        row = _measure(scorer, study.folder)
    title, n_legs, n_patients = row.judged.scope.title, row.n_legs, row.n_patients
    everybody = leg_scopes([scorer])[0]
    tested = pd.concat(complete_passes(scorer, everybody).values(), ignore_index=True)
    return StudyRow(
        scorer.name, members, title, n_legs, n_patients, row.estimates, ScoreSets.learn(tested),
        scorer.is_leaky,
    )  # fmt: skip


def _measure(scorer: Scorer, folder: Path) -> Row:
    """In the scope that the report's headline has: patients only, where there are controls."""
    scope = leg_scopes([scorer])[0]
    whole = measure_row(scorer, scope, KEYS, KEYS)
    if whole is None:
        raise ValueError(f"{folder}: {scorer.name} has tested no leg")
    file = read_study_file(folder, ITEM_NUMBERS)
    controls = file.control_groups if file.control_groups is not None else CONTROL_GROUPS
    inside = patients_scope(scope, whole.judged.table, controls)
    return (measure_row(scorer, inside, KEYS, KEYS) if inside else None) or whole


def _check_one_kind(study: Study) -> None:
    try:
        check_poolable(study, pool_differing=False)
    except ValueError as error:
        cause = str(error).split(": keep them", maxsplit=1)[0]
        raise ValueError(
            f"{study.folder}: {cause}: new videos are scored by runs of one kind; give one run, or "
            "keep each kind in a study of its own"
        ) from None


def _primary(study: Study) -> str:
    names = list(study.variants)
    if len(names) == 1:
        return names[0]
    for contrast in study.contrasts:
        if len(contrast) == 2:
            return contrast[0]
    raise ValueError(
        f"{study.folder}: {len(names)} models, and none is the primary one; choose by {OPTION}: "
        f"{'; '.join(names)}; all is their average"
    )
