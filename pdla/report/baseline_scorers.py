"""Baselines as scorers of a study, on the same folds as its models.

Every row of a report is fitted on the training patients of its fold. Validation patients choose
the checkpoint of a network; what chooses nothing leaves them alone. So a model never has more
patients to learn from than another, or than a baseline.
"""

from collections import defaultdict
from collections.abc import Sequence

import pandas as pd

from pdla.evaluation.baselines import BASELINES, FoldLegs, feature_columns
from pdla.evaluation.leg_table import FACTS, OPTIONAL_FACTS
from pdla.evaluation.predictions import LEG_KEY, PROBABILITY_COLUMNS, add_scores
from pdla.report.pooling import Passes, Scorer, plan_passes
from pdla.report.study import Study
from pdla.report.study_run import PassKey, StudyRun


def pool_baselines(study: Study) -> list[Scorer]:
    """Every baseline on the folds and legs that the models were tested on.

    A study that holds networks for one leg and networks for both has baselines of both kinds,
    except those that predict the same either way.
    """
    single, both = (
        [run for run in study.runs if run.result.has_both_legs is it] for it in (False, True)
    )
    scorers: list[Scorer] = []
    for members, suffix in ((single, ""), (both, ", both legs" if single else "")):
        for key, baseline in BASELINES.items():
            if baseline.needs_kinematics and not all(
                feature_columns(_measured_in_training(run), baseline.quantities) for run in members
            ):
                continue
            passes = _baseline_passes(members, key)
            scorer = Scorer(
                name=baseline.title + suffix,
                kind="baseline",
                note=baseline.meaning,
                is_leaky=study.is_leaky,
                passes=passes,
                planned=plan_passes(members, passes),
                alias=key,
            )
            if members and not any(_say_the_same(scorer, other) for other in scorers):
                scorers.append(scorer)
    return scorers


def _measured_in_training(run: StudyRun) -> pd.DataFrame:
    """Training legs with what was measured in them: another data set may bring more columns."""
    return run.own_legs(run.fold.train).dropna(axis="columns", how="all")


def _say_the_same(one: Scorer, other: Scorer) -> bool:
    """Whether two baselines of one kind gave every leg of every pass the same probabilities."""
    if one.note != other.note or one.passes.keys() != other.passes.keys():
        return False
    columns = [*LEG_KEY, *PROBABILITY_COLUMNS]
    tables = (
        [table[columns].sort_values(LEG_KEY, ignore_index=True) for table in scorer.passes.values()]
        for scorer in (one, other)
    )
    return all(own.equals(its) for own, its in zip(*tables, strict=True))


def _baseline_passes(runs: Sequence[StudyRun], name: str) -> Passes:
    parts: dict[PassKey, list[pd.DataFrame]] = defaultdict(list)
    done = set()
    for run in runs:
        split = run.result.split
        this = (split.hash, split.fold, run.result.leg)
        if this in done:
            continue  # another seed or model on the same fold
        done.add(this)
        parts[run.pass_key._replace(seed=0)].append(_predict_fold(run, name))
    return {key: pd.concat(tables, ignore_index=True) for key, tables in parts.items()}


def _predict_fold(run: StudyRun, name: str) -> pd.DataFrame:
    fold = run.fold
    known, tested = run.own_legs(fold.train), run.own_legs(fold.test)
    probabilities = BASELINES[name].predict(FoldLegs(known, tested, run.legs))
    facts = [name for name in (*FACTS, *OPTIONAL_FACTS) if name in tested]
    table = tested[facts].assign(fold=run.result.split.fold, place=tested.index)
    return add_scores(table, probabilities)
