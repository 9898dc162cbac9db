"""Averages of several runs: one probability a leg and score, the mean over models and seeds.

What is averaged is named on the command line, and the page says so: an average that is chosen after
the results were seen is chosen by them.
"""

from collections import defaultdict
from collections.abc import Sequence

import pandas as pd

from pdla.evaluation.leg_table import FACTS, OPTIONAL_FACTS
from pdla.evaluation.predictions import LEG_KEY, PROBABILITY_COLUMNS, add_scores
from pdla.report.pooling import Scorer, plan_passes, pool_models
from pdla.report.study import Study
from pdla.report.study_run import PassKey, StudyRun, repeat_of_fold
from pdla.report.variants import Variant

ALL = "all"


def pool_averages(study: Study, wanted: Sequence[str]) -> list[Scorer]:
    """One scorer for each average that was asked for.

    Args:
        study: Its runs.
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
    models = {scorer.name: scorer for scorer in pool_models(study)}
    averages: dict[str, Scorer] = {}
    for request in wanted:
        members = {name: study.variants[name] for name in find_names(request, study.variants)}
        scorer = _average(request, [models[name] for name in members], members)
        averages[scorer.name] = scorer
    return list(averages.values())


def find_names(request: str, variants: dict[str, Variant], option: str = "--average") -> list[str]:
    """Names of the rows that a request names, see `pool_averages`.

    A row's own name may hold commas, so the longest that fits is taken.

    Raises:
        ValueError: If a name is unknown or stands for several rows; names the option.
    """
    if request.strip() == ALL:
        return list(variants)
    if tagged := [name for name, own in variants.items() if own.tag == request.strip()]:
        return tagged
    parts = [part.strip() for part in request.split(",")]
    names: list[str] = []
    start = 0
    while start < len(parts):
        for end in range(len(parts), start, -1):
            if (name := ", ".join(parts[start:end])) in variants:
                break
        else:
            name, end = _row_of_model(parts[start], f"{option} {request}", variants), start + 1
        names.append(name)
        start = end
    return list(dict.fromkeys(names))


def _row_of_model(model: str, request: str, variants: dict[str, Variant]) -> str:
    rows = [name for name, variant in variants.items() if variant.model == model]
    if len(rows) == 1:
        return rows[0]
    known = "; ".join(rows or variants)
    problem = f"{model!r} stands for several rows" if rows else f"no model {model!r} in this study"
    raise ValueError(f"{request}: {problem}; choose of: {known}")


def _average(request: str, scorers: Sequence[Scorer], members: dict[str, Variant]) -> Scorer:
    runs = [run for variant in members.values() for run in variant.runs]
    tables: dict[PassKey, dict[str, list[pd.DataFrame]]] = defaultdict(lambda: defaultdict(list))
    for scorer in scorers:
        for key, table in scorer.passes.items():
            _check_complete(request, members[scorer.name], runs, key)
            tables[_key_of(runs[0], key)][scorer.name].append(table)
    for key, by_model in tables.items():
        if absent := sorted(members.keys() - by_model.keys()):
            raise ValueError(
                f"--average {request}: {absent[0]} has no run on repeat {key.repeat} of the split; "
                "run it, or leave it out of the average"
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


def _key_of(run: StudyRun, key: PassKey) -> PassKey:
    """No run was trained on another data set: there all folds are averaged as well."""
    return PassKey(key.split, 0 if run.result.split.is_external else key.repeat, 0)


def _check_complete(
    request: str, variant: Variant, all_runs: Sequence[StudyRun], key: PassKey
) -> None:
    """Stop if a model lacks a fold that another run of the average has tested; names the first."""
    first = variant.runs[0]
    for fold, repeat in enumerate(repeat_of_fold(first.folds)):
        if repeat != key.repeat:
            continue
        tested = set(first.legs.loc[first.legs.index.isin(first.folds[fold].test), "leg"])
        asked = {
            leg for run in all_runs if run.result.split.fold == fold for leg in run.result.legs
        }
        done = {
            leg
            for run in variant.runs
            if run.pass_key == key and run.result.split.fold == fold
            for leg in run.result.legs
        }
        for side in sorted(asked & tested):
            if side not in done:
                raise ValueError(
                    f"--average {request}: {variant.name} has no run on leg {side} of fold {fold} "
                    f"with seed {key.seed}; run it, or leave it out of the average"
                )


def _mean_table(by_model: dict[str, list[pd.DataFrame]]) -> pd.DataFrame:
    """Mean over the tables of each model, then over the models."""
    means = [
        pd.concat(tables).groupby(LEG_KEY, sort=False)[PROBABILITY_COLUMNS].mean()
        for tables in by_model.values()
    ]
    mean = pd.concat(means).groupby(LEG_KEY, sort=False).mean()
    every = pd.concat([table for tables in by_model.values() for table in tables])
    table = every.drop_duplicates(LEG_KEY)
    table = table[[name for name in (*FACTS, "place", *OPTIONAL_FACTS) if name in table]]
    table = table.reset_index(drop=True)
    probabilities = mean.loc[pd.MultiIndex.from_frame(table[LEG_KEY])].to_numpy()
    return add_scores(table, probabilities)
