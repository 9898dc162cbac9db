"""Averages of several runs: one probability a leg and score, the mean over models and seeds.

What is averaged is named on the command line, and the page says so: an average that is chosen after
the results were seen is chosen by them.
"""

from collections import defaultdict
from collections.abc import Sequence

import pandas as pd

from pdla.data.skeletons import legs_of
from pdla.evaluation.metrics import expected_score, predicted_score
from pdla.evaluation.weighted import PROBABILITY_COLUMNS
from pdla.report.pooling import (
    PassKey,
    Scorer,
    group_variants,
    plan_passes,
    pool_models,
    repeat_of_fold,
    tag_of,
)
from pdla.report.study import StudyRun

ALL = "all"
EXTERNAL = "external"  # rule of the split of `pdla evaluate`

Leg = tuple[str, str]  # video and leg


def pool_averages(runs: Sequence[StudyRun], wanted: Sequence[str]) -> list[Scorer]:
    """One scorer for each average that was asked for.

    Args:
        runs: Those of the study.
        wanted: Names joined by commas, as the report's rows or `model=` name them; a tag for all
            models that ran with it; `all` for all models. One name is the mean over the seeds of
            that model.

    Returns:
        Scorers of kind `average`, with one pass for each repeat of the split. Each model counts the
        same, however many seeds it has. A leg is only ever scored by runs that did not train on its
        patient: those of its own fold.

    Raises:
        ValueError: If a name is unknown or ambiguous, folds are missing, or there is only one run a
            leg: one line each.
    """
    models = {scorer.name: scorer for scorer in pool_models(runs)}
    variants = group_variants(runs)
    averages: dict[str, Scorer] = {}
    for request in wanted:
        names = _find_names(request, variants)
        members = {name: variants[name] for name in names}
        scorer = _average(request, [models[name] for name in names], members)
        averages[scorer.name] = scorer
    return list(averages.values())


def _find_names(request: str, variants: dict[str, list[StudyRun]]) -> list[str]:
    """Names of rows; a row's own name may hold commas, so the longest that fits is taken."""
    if request.strip() == ALL:
        return list(variants)
    if tagged := [name for name, runs in variants.items() if tag_of(runs) == request.strip()]:
        return tagged
    parts = [part.strip() for part in request.split(",")]
    names: list[str] = []
    start = 0
    while start < len(parts):
        for end in range(len(parts), start, -1):
            if (name := ", ".join(parts[start:end])) in variants:
                break
        else:
            name, end = _row_of_model(parts[start], request, variants), start + 1
        names.append(name)
        start = end
    return list(dict.fromkeys(names))


def _row_of_model(model: str, request: str, variants: dict[str, list[StudyRun]]) -> str:
    rows = [name for name, runs in variants.items() if runs[0].result["model"] == model]
    if len(rows) == 1:
        return rows[0]
    known = "; ".join(rows or variants)
    problem = f"{model!r} stands for several rows" if rows else f"no model {model!r} in this study"
    raise ValueError(f"--average {request}: {problem}; choose of: {known}")


def _average(request: str, scorers: Sequence[Scorer], members: dict[str, list[StudyRun]]) -> Scorer:
    runs = [run for own in members.values() for run in own]
    tables: dict[PassKey, dict[str, list[pd.DataFrame]]] = defaultdict(lambda: defaultdict(list))
    for scorer in scorers:
        for (split, repeat, seed), table in scorer.passes.items():
            _check_complete(request, scorer.name, members[scorer.name], runs, (split, repeat, seed))
            tables[_key_of(runs[0], split, repeat)][scorer.name].append(table)
    for (_, repeat, _), by_model in tables.items():
        if absent := sorted(members.keys() - by_model.keys()):
            raise ValueError(
                f"--average {request}: {absent[0]} has no run on repeat {repeat} of the split; run "
                "it, or leave it out of the average"
            )
    passes = {key: _mean_table(by_model) for key, by_model in tables.items()}
    n_averaged = {sum(map(len, by_model.values())) for by_model in tables.values()}
    if n_averaged == {1}:
        raise ValueError(
            f"--average {request}: one model and one seed; there is nothing to average"
        )
    n_runs = " or ".join(map(str, sorted(n_averaged)))
    return Scorer(
        name=_name(list(members), request.strip()),
        kind="average",
        note=f"mean of {n_runs} networks a leg; --average {request}",
        is_leaky=any(scorer.is_leaky for scorer in scorers),
        passes=passes,
        planned=plan_passes(runs, passes),
    )


def _name(models: Sequence[str], request: str) -> str:
    if len(models) > 2 and request == ALL:
        return f"average of all {len(models)} models"
    if len(models) > 2 and "," not in request:  # a tag
        return f"average of all {len(models)} models, {request}"
    if len(models) == 1:
        return f"{models[0]}, mean over seeds"
    return f"average of {', '.join(models[:-1])} and {models[-1]}"


def _key_of(run: StudyRun, split: str, repeat: int) -> PassKey:
    """On another data set nobody was trained on: there all folds are averaged as well."""
    return (split, 0 if run.result["split"]["rule"] == EXTERNAL else repeat, 0)


def _check_complete(
    request: str, name: str, own: Sequence[StudyRun], all_runs: Sequence[StudyRun], key: PassKey
) -> None:
    """Stop if runs of a model lack folds that hold legs; names the first."""
    split, repeat, seed = key
    legs = sorted({side for run in all_runs for side in legs_of(run.result["leg"])})
    folds, table = own[0].folds, own[0].legs
    for fold, repeat_of_it in enumerate(repeat_of_fold(folds)):
        if repeat_of_it != repeat:
            continue
        tested = set(table.loc[table.index.isin(folds[fold]["test"]), "leg"])
        done = {
            side
            for run in own
            if (run.result["split"]["hash"], run.result["split"]["fold"]) == (split, fold)
            and run.result["seed"] == seed
            for side in legs_of(run.result["leg"])
        }
        for side in legs:
            if side in tested and side not in done:
                raise ValueError(
                    f"--average {request}: {name} has no run on leg {side} of fold {fold} with "
                    f"seed {seed}; run it, or leave it out of the average"
                )


def _mean_table(by_model: dict[str, list[pd.DataFrame]]) -> pd.DataFrame:
    """Mean over the tables of each model, then over the models."""
    keys = ["video_id", "leg"]
    means = [
        pd.concat(tables).groupby(keys, sort=False)[PROBABILITY_COLUMNS].mean()
        for tables in by_model.values()
    ]
    mean = pd.concat(means).groupby(keys, sort=False).mean()
    every = pd.concat([table for tables in by_model.values() for table in tables])
    table = every.drop_duplicates(keys)[[*keys, "patient", "group", "visit", "score"]]
    table = table.reset_index(drop=True)
    probabilities = mean.loc[pd.MultiIndex.from_frame(table[keys])].to_numpy()
    table["predicted"] = predicted_score(probabilities)
    table["expected_score"] = expected_score(probabilities)
    table[PROBABILITY_COLUMNS] = probabilities
    return table
