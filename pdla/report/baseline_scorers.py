"""Baselines as scorers of a study, on the same folds as its models."""

from collections import defaultdict
from collections.abc import Sequence

import pandas as pd

from pdla.data.skeletons import BOTH_LEGS, legs_of
from pdla.evaluation.baselines import BASELINES, FoldLegs
from pdla.evaluation.metrics import expected_score, predicted_score
from pdla.evaluation.weighted import PROBABILITY_COLUMNS
from pdla.report.pooling import PassKey, Scorer, pass_of, plan_passes
from pdla.report.study import StudyRun


def pool_baselines(runs: Sequence[StudyRun]) -> list[Scorer]:
    """Every baseline on the folds and legs that the models were tested on.

    Where networks of one leg and networks of both legs stand in one study, so do their baselines,
    but for those that say the same either way.
    """
    single = [run for run in runs if run.result["leg"] != BOTH_LEGS]
    both = [run for run in runs if run.result["leg"] == BOTH_LEGS]
    scorers: list[Scorer] = []
    for members, suffix in ((single, ""), (both, ", both legs" if single else "")):
        for key, baseline in BASELINES.items():
            passes = _baseline_passes(members, key)
            scorer = Scorer(
                name=baseline.title + suffix,
                kind="baseline",
                note=baseline.meaning,
                is_leaky=any(run.result["is_leaky"] for run in runs),
                passes=passes,
                planned=plan_passes(members, passes),
            )
            if members and not any(_say_the_same(scorer, other) for other in scorers):
                scorers.append(scorer)
    return scorers


def _say_the_same(one: Scorer, other: Scorer) -> bool:
    """Whether two baselines of one kind gave every leg of every pass the same probabilities."""
    if one.note != other.note or one.passes.keys() != other.passes.keys():
        return False
    keys = ["video_id", "leg"]
    columns = [*keys, *PROBABILITY_COLUMNS]
    tables = (
        [table[columns].sort_values(keys, ignore_index=True) for table in scorer.passes.values()]
        for scorer in (one, other)
    )
    return all(own.equals(its) for own, its in zip(*tables, strict=True))


def _baseline_passes(runs: Sequence[StudyRun], name: str) -> dict[PassKey, pd.DataFrame]:
    passes: dict[PassKey, list[pd.DataFrame]] = defaultdict(list)
    done = set()
    for run in runs:
        split = run.result["split"]
        this = (split["hash"], split["fold"], run.result["leg"])
        if this in done:
            continue  # another seed or model on the same fold
        done.add(this)
        passes[(*pass_of(run)[:2], 0)].append(_predict_fold(run, name))
    return {key: pd.concat(parts, ignore_index=True) for key, parts in passes.items()}


def _predict_fold(run: StudyRun, name: str) -> pd.DataFrame:
    fold, legs = run.folds[run.result["split"]["fold"]], run.legs
    wanted = legs[legs["leg"].isin(legs_of(run.result["leg"]))]
    known = wanted[wanted.index.isin([*fold["train"], *fold["val"]])]
    tested = wanted[wanted.index.isin(fold["test"])]
    probabilities = BASELINES[name].predict(FoldLegs(known, tested, legs))
    table = tested[["video_id", "patient", "group", "leg", "visit", "score"]].copy()
    table["fold"] = run.result["split"]["fold"]
    table["predicted"] = predicted_score(probabilities)
    table["expected_score"] = expected_score(probabilities)
    table[PROBABILITY_COLUMNS] = probabilities
    return table
