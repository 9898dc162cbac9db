"""TRIPOD+AI for a study: answered from its runs, from study.yaml, or open.

Items and numbers are those of TRIPOD+AI 2024 (Collins et al., BMJ 385:e078378, 27 items with 52
sub-items), in our words. Beside them stand the items of CLAIM 2024 (Tejani et al., Radiol Artif
Intell 6:e240300) and STARD-AI 2025 (Sounderajah et al., Nat Med) that ask the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from pdla.data.intake import IntakeOptions
from pdla.evaluation.metrics import METRIC_OF
from pdla.report.analysis import Analysis
from pdla.report.answer import power_note
from pdla.report.sites import count_sites, is_new_site, known_sites, performance_by_site
from pdla.report.study_run import StudyRun
from pdla.report.tables import flow_steps, interval_text
from pdla.runs.folder import BEST, CONFIG, checkpoint_path

Source = Literal["runs", "you", "open"]
Answer = Callable[[Analysis], str]  # empty if these runs cannot say


@dataclass(frozen=True)
class Item:
    """A sub-item of TRIPOD+AI.

    Attributes:
        number: Of the form.
        asks: What it asks, in short.
        from_runs: What the runs say; None if no run can know.
        needs_author: Whether the lab must answer too, or alone.
        claim: Items of CLAIM that ask the same.
        stard: Items of STARD-AI that ask the same.
    """

    number: str
    asks: str
    from_runs: Answer | None = None
    needs_author: bool = False
    claim: str = ""
    stard: str = ""


@dataclass(frozen=True)
class ChecklistRow:
    """An item with its answer.

    Attributes:
        item: What is asked.
        answer: From the runs and from the lab; empty if neither says.
        source: Who completed it: `runs`, `you`, or nobody yet (`open`).
    """

    item: Item
    answer: str
    source: Source


def make_checklist(analysis: Analysis, answers: Mapping[str, str]) -> list[ChecklistRow]:
    """All items; `answers` are those of study.yaml, by number."""
    rows = []
    for item in ITEMS:
        runs = item.from_runs(analysis) if item.from_runs else ""
        author = answers.get(item.number, "")
        source: Source = "you" if author else "runs" if runs and not item.needs_author else "open"
        rows.append(ChecklistRow(item, " ".join(part for part in (runs, author) if part), source))
    return rows


def count_sources(rows: list[ChecklistRow]) -> str:
    """How many items are answered, and by whom."""
    sources = [row.source for row in rows]
    count = {source: sources.count(source) for source in ("runs", "you", "open")}
    return f"{count['runs']} from the runs, {count['you']} from you, {count['open']} open"


def open_items(rows: list[ChecklistRow]) -> dict[str, str]:
    """Number and question of each item that the lab has to answer."""
    return {row.item.number: row.item.asks for row in rows if row.source != "runs"}


def _values(analysis: Analysis, *keys: str) -> str:
    """The different values of a config key over all runs, without the modules of classes."""
    found = set()
    for run in analysis.study.runs:
        value: object = run.config
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        found.add(value.rpartition(".")[2] if isinstance(value, str) else str(value))
    return ", ".join(sorted(found))


def _numbers(analysis: Analysis) -> str:
    tables = {section.scope.title: section.table for section in analysis.all_sections}
    return "; ".join(
        f"{title}: {len(table)} legs of {table['patient'].nunique()} patients"
        for title, table in tables.items()
    )


def _abstract(analysis: Analysis) -> str:
    metric = METRIC_OF[analysis.primary[0]]
    told = [
        f"{row.scorer.name} {interval_text(row.estimates[metric.key])}"
        for row in analysis.headline.rows
        if not row.scorer.is_baseline
    ]
    return f"{metric.title}, {analysis.headline.scope.title}: {'; '.join(told)}."


def _source_of_data(analysis: Analysis) -> str:
    sources = {
        f"a simulated clinic ({data.simulated} scores)" if data.simulated else data.name
        for data in (run.result.data for run in analysis.study.runs)
    }
    return f"Data: {', '.join(sorted(sources))}."


def _agreement(analysis: Analysis) -> str:
    told = [
        f"leg {leg}: {one.n_raters} raters, {one.n_legs} legs, ICC {one.icc:.2f}"
        + (f", {one.told}" if one.told else "")
        for run in analysis.study.data_runs
        for leg, one in run.result.agreement.items()
        if one.icc is not None
    ]
    return f"Agreement of the raters: {'; '.join(told)}." if told else ""


def _partition(analysis: Analysis) -> str:
    runs = analysis.study.runs
    rules = sorted({run.result.split.rule for run in runs})
    hashes = sorted({run.result.split.hash[:8] for run in runs})
    apart = (
        "LEAKY: patients of the test set are in training of some runs."
        if analysis.study.is_leaky
        else f"Patients of the test set are in no training set ({_overlaps(analysis)})."
    )
    return f"{', '.join(rules)}, {len(runs[0].folds)} folds, split {', '.join(hashes)}. {apart}"


def _overlaps(analysis: Analysis) -> str:
    """Checked anew in every run, whatever the split says of itself."""
    for run in analysis.study.runs:
        trained = set(run.own_legs(run.fold.train, run.fold.val)["patient"])
        if shared := trained & set(run.tested["patient"]):
            return f"BUT {len(shared)} patients of {run.folder.name} are"
    return f"checked in {len(analysis.study.runs)} runs"


def _missing(analysis: Analysis) -> str:
    return (
        f"{_left_out(analysis)} Quantities that were not measured are the median of the training "
        "legs."
    )


def _left_out(analysis: Analysis) -> str:
    reasons = analysis.study.excluded
    shown = "; ".join(f"{count} x {reason}" for reason, count in list(reasons.items())[:3])
    more = f"; {len(reasons) - 3} more reasons" if len(reasons) > 3 else ""
    flows = [run.result.flow for run in analysis.study.data_runs]
    n_unrated = sum(flow.legs_usable - flow.legs_rated for flow in flows)
    return (
        f"{sum(reasons.values())} videos or legs were left out"
        + (f" ({shown}{more})" if reasons else "")
        + f"; {n_unrated} usable legs have no score that counts."
    )


def _flow(analysis: Analysis) -> str:
    told = [f"{step.count} {step.unit} {step.title}" for step in flow_steps(analysis)]
    return f"{', '.join(told)}. {_left_out(analysis)}"


def _preprocessing(analysis: Analysis) -> str:
    """Empty for recordings that hold no pose files."""
    found = dict.fromkeys(
        f"videos under {options.quality.min_seconds:g} s are unusable, and so are legs seen in "
        f"less than {options.quality.min_leg:.0%} of the frames; gaps up to "
        f"{options.openpose.max_gap_s:g} s are filled"
        for run in analysis.study.runs
        if (options := _read_options(run))
    )
    if not found:
        return ""
    return (
        "Keypoints are mapped to BODY_25, the patient is tracked, left-right swaps are undone, the "
        f"seated pose is checked; {', or '.join(found)}."
    )


def _read_options(run: StudyRun) -> IntakeOptions | None:
    """How the recordings of a run were read; None if they hold no pose files."""
    recordings = run.config["recordings"]
    if not (recordings.get("quality") and recordings.get("openpose")):
        return None
    try:
        return IntakeOptions.from_config(recordings)
    except ValueError as error:
        raise ValueError(f"{run.folder / CONFIG}: {error}; restore it, or run again") from None


def _models(analysis: Analysis) -> str:
    variants = analysis.study.variants
    chosen = [
        name
        for name, variant in variants.items()
        if any(run.result.epochs != 1 for run in variant.runs)
    ]
    epoch = (
        f" Of {', '.join(chosen)} the epoch with the best ranked probability score of the "
        "validation patients is taken, whose figures are therefore no result."
        if chosen
        else " No epoch is chosen: one is trained."
    )
    tuning = " Options were tuned inside the training patients." if analysis.study.is_tuning else ""
    tuning = "".join(f" {text}" for text in analysis.study.searches) or tuning
    return (
        f"{', '.join(variants)}; loss {_values(analysis, 'loss', '_target_')}. All rows, baselines "
        f"too, are fitted on the training patients of a fold.{epoch}{tuning}"
    )


def _measures(analysis: Analysis) -> str:
    contrast = analysis.contrast
    named = (
        f"Primary contrast: {contrast[0].name} minus {contrast[1].name}; all other comparisons"
        if contrast
        else "No primary contrast; all comparisons"
    )
    return (
        f"Primary: {', '.join(METRIC_OF[key].title for key in analysis.primary)}. 95% bootstrap "
        f"intervals over patients, given the trained networks. {named} by Holm's method."
    )


def _loss(analysis: Analysis) -> str:
    weighting, balance = (
        _values(analysis, *keys) for keys in (("loss", "weighting"), ("data", "balance"))
    )
    weighted = "without weights" if weighting == "None" else f"weighting {weighting}"
    resampled = "no resampling" if balance in ("none", "None") else f"data.balance={balance}"
    return (
        f"Loss {_values(analysis, 'loss', '_target_')}, {weighted}; {resampled}; no recalibration "
        "after; recall of each score is reported."
    )


def _clips(analysis: Analysis) -> str:
    ways = ", ".join(sorted({run.result.clips for run in analysis.study.runs}))
    return f"The clips of a leg become one by the {ways} of their probabilities."


def _setting(analysis: Analysis) -> str:
    if analysis.study.is_external:
        return "Another data set, scored by finished models without refitting: external validation."
    if analysis.study.is_leaky:
        return "The same data set, and the same patients: LEAKY, no validation."
    if is_new_site(analysis):
        return "Other sites of the same data set: internal-external validation."
    return "The same data set, other patients: internal validation."


def _only_external(text: str) -> Answer:
    return lambda analysis: text if analysis.study.is_external else "Does not apply: development."


def _characteristics(analysis: Analysis) -> str:
    table = analysis.sections[0].table
    counts = table["score"].value_counts().sort_index()
    scores = ", ".join(f"{score}: {n}" for score, n in counts.items())
    groups = ", ".join(
        f"{name}: {n}" for name, n in table.groupby("group")["patient"].nunique().items() if name
    )
    return f"Legs by score {scores}." + (f" Patients by group {groups}." if groups else "")


def _code(analysis: Analysis) -> str:
    versions = sorted({run.result.versions.get("pdla", "unknown") for run in analysis.study.runs})
    return f"pdla {', '.join(versions)}, Apache-2.0; config.yaml of each run."


def _checkpoints(analysis: Analysis) -> str:
    """Empty where no run has kept its weights, as on another data set."""
    runs = analysis.study.runs
    kept = sum(checkpoint_path(run.folder, BEST).exists() for run in runs)
    if not kept:
        return ""
    return f"checkpoints/{BEST} of {kept} of {len(runs)} runs; pdla export writes one file."


def _performance(analysis: Analysis) -> str:
    parts = [title for section in analysis.all_sections for title in section.subgroups]
    known = ", ".join(dict.fromkeys(parts))
    spread = [
        np.ptp([values[analysis.primary[0]] for values in row.spread.values()])
        for row in analysis.headline.rows
        if not row.scorer.is_baseline and len(row.spread) > 1
    ]
    passes = f" Largest range over seeds and repeats: {max(spread):.2f}." if spread else ""
    return f"{_abstract(analysis)} All metrics: Results. Subgroups: {known or 'none'}.{passes}"


def _sites(analysis: Analysis) -> str:
    if not (count := count_sites(analysis)):
        return ""
    return (
        f"{count} {known_sites(analysis)} Each site is measured alone, with intervals over its "
        "patients; no model is told the site."
    )


ITEMS: Final = (
    Item("1", "title: develops or evaluates, whom, which outcome", None, True),
    Item("2", "abstract by its own list", _abstract, True),
    Item("3a", "medical context, earlier models", None, True),
    Item("3b", "intended use and users", lambda _: "Research only, not a medical device.", True),
    Item("3c", "known health inequalities", None, True),
    Item("4", "objectives", None, True),
    Item("5a", "sources of the data, and why these", _source_of_data, True),
    Item("5b", "dates of recruitment", None, True),
    Item("6a", "setting, number of centres", count_sites, True),
    Item("6b", "who could take part", None, True),
    Item("6c", "medication or stimulation during the test", None, True),
    Item(
        "7", "preprocessing and quality checks",
        _preprocessing,
    ),
    Item("8a", "outcome and its assessment", lambda _: "MDS-UPDRS item 3.8, 0 to 4.", True),
    Item("8b", "who the raters are", _agreement, True, "18", "21"),
    Item("8c", "blinding of the raters", None, True),
    Item(
        "9a", "choice of predictors",
        lambda analysis: f"Body keypoints, as {_values(analysis, 'data', '_target_')}.",
    ),
    Item(
        "9b", "definition and measurement of predictors",
        lambda analysis: "Keypoints of each frame; clips of "
        f"{_values(analysis, 'sampling', 'seconds')} s within "
        f"{_values(analysis, 'sampling', 'within')}; kinematics of the whole bout.",
    ),
    Item("9c", "who measured the predictors", None, True),
    Item(
        "10", "sample size, and why it suffices",
        lambda analysis: f"{_numbers(analysis)}. {power_note(analysis)}", True,
    ),
    Item("11", "missing data", _missing, stard="20"),
    Item("12a", "partition of the data", _partition, claim="19-21", stard="15b"),
    Item(
        "12b", "handling of predictors",
        lambda _: "Left legs are mirrored; kinematics are standardised on the training legs.",
    ),
    Item("12c", "model, tuning, internal validation", _models, claim="22-28"),
    Item("12d", "differences between sites", _sites),
    Item("12e", "measures of performance", _measures, claim="29-39"),
    Item("12f", "recalibration", _only_external("None: the models are applied as they are.")),
    Item("12g", "how predictions were computed", _clips),
    Item("13", "class imbalance", _loss),
    Item("14", "fairness", None, True, stard="23"),
    Item(
        "15", "output, thresholds",
        lambda _: "Probabilities of the scores 0 to 4; the expected score, rounded, is predicted. "
        "No threshold is fitted.", stard="15c",
    ),
    Item("16", "differences of development and evaluation data", _setting),
    Item("17", "ethics, consent", None, True),
    Item("18a", "funding", None, True),
    Item("18b", "conflicts of interest", None, True),
    Item("18c", "protocol", None, True),
    Item("18d", "registration", None, True),
    Item("18e", "availability of data", None, True),
    Item("18f", "availability of code", _code, stard="40b"),
    Item("19", "patients and public involved", None, True),
    Item("20a", "flow of participants", _flow, stard="24"),
    Item("20b", "characteristics of participants", _characteristics, stard="26a"),
    Item(
        "20c", "comparison with the development data",
        _only_external("Scores of both are under Runs: training and test legs by score."),
    ),
    Item("21", "numbers in each analysis", _numbers),
    Item("22", "the whole model", _checkpoints),
    Item("23a", "performance with intervals, subgroups", _performance, claim="29-39", stard="30"),
    Item("23b", "performance by site", performance_by_site),
    Item("24", "results of updating", _only_external("No model was updated.")),
    Item("25", "interpretation", None, True),
    Item("26", "limitations", None, True),
    Item(
        "27a", "poor or missing input in use",
        lambda analysis: "pdla check and pdla score leave out what cannot be scored, with the "
        f"reason. Here: {_left_out(analysis)}",
        stard="19",
    ),
    Item("27b", "expertise that users need", None, True),
    Item("27c", "next steps", None, True),
)  # fmt: skip
ITEM_NUMBERS: Final = tuple(item.number for item in ITEMS)
