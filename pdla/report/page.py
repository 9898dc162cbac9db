"""A study's runs made one honest answer: report.html, summary.csv, summary.json, TensorBoard."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
import yaml
from matplotlib.figure import Figure

from pdla import RESEARCH_ONLY
from pdla.data.files import write_json, write_text
from pdla.data.recordings import SCORES
from pdla.evaluation.intervals import MIN_PATIENTS, N_DRAWS
from pdla.evaluation.metrics import METRIC_OF
from pdla.models.shipped import CARD
from pdla.report import figures as draw
from pdla.report import tables
from pdla.report.analysis import Analysis, Row, Section, subgroup_keys
from pdla.report.answer import contrast_note, headline, power_note
from pdla.report.card import study_card
from pdla.report.checklist import count_sources, make_checklist, open_items
from pdla.report.curves import read_curves
from pdla.report.error_clips import ErrorClips
from pdla.report.leg_pictures import collect_pictures
from pdla.report.references import find_references
from pdla.report.sites import count_sites, known_sites
from pdla.report.study_file import write_template
from pdla.report.summary import stamps, summary_table, summary_values
from pdla.report.tensorboard import log_study


def write_report(analysis: Analysis, finish_clips: Callable[[], ErrorClips] = ErrorClips) -> Path:
    """Write report.html, summary.csv, summary.json and `_summary` into the study's folder.

    Args:
        analysis: What `analyse` computed.
        finish_clips: Gives the clips of the largest errors; called once all else is drawn.

    Returns:
        Path of the page; it needs no other file but the clips.
    """
    folder = analysis.study.folder
    summary = summary_table(analysis)
    write_text(folder / "summary.csv", summary.to_csv(index=False, float_format="%.4f"))
    write_json(folder / "summary.json", summary_values(analysis))
    if not analysis.study.is_external:
        write_text(folder / CARD, study_card(analysis.study, analysis))
    drawn = draw_figures(analysis)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pdla.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    context = page_context(analysis, drawn)
    log_study(folder / "_summary", summary, drawn)
    clips = finish_clips()
    context |= {
        "errors": tables.error_rows(analysis, clips.addresses),
        "clips_note": clips.note,
    }
    text = environment.get_template("report.html").render(context)
    write_text(folder / "report.html", text)
    write_template(folder, open_items(context["checklist"]))
    return folder / "report.html"


def page_context(analysis: Analysis, drawn: dict[str, dict[str, Figure]]) -> dict[str, Any]:
    """All that the template asks for, but the table of errors."""
    study = analysis.study
    metrics = tables.ordered_metrics(analysis)
    primary = [METRIC_OF[key] for key in analysis.primary]
    of_subgroups = [METRIC_OF[key] for key in subgroup_keys(analysis.primary)]
    checklist = make_checklist(analysis, analysis.file.answers)
    return {
        "study": study.name,
        "research_only": RESEARCH_ONLY,
        "stamps": stamps(analysis),
        "paragraph": paragraph(analysis),
        "headline": headline(analysis),
        "notes": analysis.notes,
        "failures": study.failures,
        "flow": tables.flow_steps(analysis),
        "exclusions": list(study.excluded.items()),
        "scores": SCORES,
        "score_rows": tables.score_rows(analysis),
        "is_external": study.is_external,
        "leaky_clause": " (but for LEAKY runs)" if study.is_leaky else "",
        "n_draws": f"{N_DRAWS:,}",
        "min_patients": MIN_PATIENTS,
        "metrics": metrics,
        "primary": analysis.primary,
        "primary_metrics": primary,
        "subgroup_metrics": of_subgroups,
        "site_notes": [text for text in (count_sites(analysis), known_sites(analysis)) if text],
        "sections": [
            {
                "title": section.scope.title,
                "rows": tables.main_rows(section, metrics),
                "others": tables.other_rows(section, metrics),
                "subgroups": tables.subgroup_rows(section, of_subgroups),
                "spread": tables.spread_rows(section, primary, study.is_external),
            }
            for section in analysis.all_sections
        ],
        "answer_notes": [note for note in (contrast_note(analysis), power_note(analysis)) if note],
        "looked_at": collect_pictures(study),
        "references": find_references(study.first),
        "scored": tables.scored_names(analysis),
        "baselines": analysis.baselines,
        "runs": tables.run_rows(analysis),
        "provenance": provenance(analysis),
        "configs": {
            name: yaml.safe_dump(variant.runs[0].config, sort_keys=False, allow_unicode=True)
            for name, variant in study.variants.items()
        },
        "checklist": checklist,
        "checklist_count": count_sources(checklist),
        **{
            kind: [{"alt": alt, "src": draw.as_data_url(figure)} for alt, figure in group.items()]
            for kind, group in drawn.items()
        },
    }


def paragraph(analysis: Analysis) -> str:
    """The study in one paragraph."""
    runs, section = analysis.study.runs, analysis.sections[0]
    result = runs[0].result
    models = ", ".join(dict.fromkeys(run.result.model for run in runs))
    data = result.data
    source = "a simulated clinic" if data.simulated else f"the recordings {data.name}"
    seeds = sorted({run.result.seed for run in runs})
    return (
        f"{_count(len(runs), 'finished run')} on how well leg agility (0 to 4) is scored by "
        f"{models} on {source}: {len(section.table)} rated legs of "
        f"{section.table['patient'].nunique()} patients. "
        f"Split: {result.split.rule}, {_count(len(runs[0].folds), 'fold')}; seeds "
        f"{', '.join(map(str, seeds))}. The clips of a video become one score by their "
        f"{result.clips}. Primary metrics, fixed in the config: "
        f"{' and '.join(METRIC_OF[key].title for key in analysis.primary)}."
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def provenance(analysis: Analysis) -> str:
    """Hashes, versions, devices and time, in one line."""
    runs = analysis.study.runs
    data, splits = (
        ", ".join(dict.fromkeys(value[:12] for value in hashes))
        for hashes in (
            [run.result.data_hash for run in runs],
            [run.result.split.hash for run in runs],
        )
    )
    devices = sorted({run.result.device for run in runs})
    seconds = sum(sum(run.result.times.values()) for run in runs)
    versions = ", ".join(
        dict.fromkeys(
            f"{name} {value}" for run in runs for name, value in run.result.versions.items()
        )
    )
    return (
        f"Data {data}, split {splits}. {versions}. "
        f"Device: {', '.join(devices)}. Run time of all runs: {seconds / 60:.1f} minutes."
    )


def draw_figures(analysis: Analysis) -> dict[str, dict[str, Figure]]:
    """Figures by kind, then by what they show in words."""
    legs = analysis.sections[1:] or analysis.sections
    return {
        "overview": {f"All rows, {analysis.headline.scope.title}": _overview(analysis)},
        "folds": {"Scores of the tested legs by fold": _folds(analysis)},
        "forests": {
            f"Differences in {METRIC_OF[key].title}, {section.scope.title}": _forest(
                section, key, place == 0
            )
            for section in analysis.all_sections
            for place, key in enumerate(analysis.primary)
            if section.differences
        },
        "confusions": _per_model(legs, "Confusion matrix", draw.confusion_figure),
        "reliabilities": _per_model(legs, "Reliability", draw.reliability_figure),
        "risks": {
            f"Risk and coverage, {section.scope.title}": draw.risk_coverage_figure(
                {row.scorer.name: row.passes for row in _models(section)},
                section.scope.title,
            )
            for section in legs
        },
        "curves": _curves(analysis),
    }


def _models(section: Section) -> list[Row]:
    return [row for row in section.rows if not row.scorer.is_baseline]


def _folds(analysis: Analysis) -> Figure:
    run = analysis.study.runs[0]
    sides = set(analysis.sections[0].table["leg"])
    legs = run.legs[run.legs["leg"].isin(sides)]
    scores = {
        number: legs.loc[legs.index.isin(fold.test), "score"]
        for number, fold in enumerate(run.folds)
    }
    counts = {
        number: [int((tested == score).sum()) for score in SCORES]
        for number, tested in scores.items()
    }
    return draw.fold_scores_figure(counts, "Scores of the tested legs by fold")


def _forest(section: Section, key: str, is_first_metric: bool) -> Figure:
    metric = METRIC_OF[key]
    rows = [
        draw.ForestRow(
            f"{one.scorer.name}\nminus {one.other.name}"
            + (" *" if one.is_primary and is_first_metric else ""),
            one.estimates[key],
            one.is_better(metric),
        )
        for one in section.differences
        if np.isfinite(one.estimates[key].value)
    ]
    return draw.differences_figure(rows, metric, section.scope.title)


def _overview(analysis: Analysis) -> Figure:
    section, metric = analysis.headline, METRIC_OF[analysis.primary[0]]
    rows = [
        draw.ForestRow(
            row.scorer.name, row.estimates[metric.key], None if row.scorer.is_baseline else True
        )
        for row in section.rows
        if np.isfinite(row.estimates[metric.key].value)
    ]
    return draw.scorers_figure(rows, metric, section.scope.title)


def _per_model(
    sections: Sequence[Section], title: str, figure: Callable[[Sequence[pd.DataFrame], str], Figure]
) -> dict[str, Figure]:
    return {
        f"{title}, {row.scorer.name}, {section.scope.title}": figure(
            row.passes, f"{row.scorer.name}\n{section.scope.title}"
        )
        for section in sections
        for row in _models(section)
    }


def _curves(analysis: Analysis) -> dict[str, Figure]:
    drawn = {}
    for name, variant in analysis.study.variants.items():
        curves = {run.folder.name: read_curves(run.folder) for run in variant.runs}
        # One point a run is no curve: the model was fitted in one epoch.
        if any(len(line) > 1 for lines in curves.values() for line in lines.values()):
            drawn[f"Training curves, {name}"] = draw.curves_figure(curves, name)
    return drawn
