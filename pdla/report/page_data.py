"""Rows of the report page about the data: flow, scores, errors by video, runs."""

from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from pdla.data.recordings import SCORES
from pdla.report.analysis import Analysis
from pdla.report.tables import show_number

MAX_ERRORS: Final = 40  # legs that are listed, the worst first


def flow_steps(analysis: Analysis) -> list[dict[str, Any]]:
    """Found, usable, rated, used; what was lost on the way stands with the reasons."""
    flows = [run.result["flow"] for run in analysis.study.runs]
    flow = flows[0]
    used = len(analysis.sections[0].table)
    patients = analysis.sections[0].table["patient"].nunique()
    return [
        {"title": "found", "count": flow["videos_found"], "unit": "videos",
         "note": f"{flow['rows']} rows in the label sheet"},
        {"title": "usable", "count": flow["videos_usable"], "unit": "videos",
         "note": f"{flow['legs_usable']} legs that can be seen"},
        {"title": "rated", "count": flow["legs_rated"], "unit": "legs", "note": "have a score"},
        {"title": "used", "count": used, "unit": "legs", "note": f"tested; {patients} patients"},
    ]  # fmt: skip


def exclusion_rows(analysis: Analysis) -> list[tuple[str, int]]:
    """Why videos and legs were left out, the commonest first."""
    return list(analysis.study.runs[0].result["excluded"].items())


def score_rows(analysis: Analysis) -> list[dict[str, Any]]:
    """Legs by score, for each leg and group."""
    rows = []
    for section in analysis.sections:
        groups = sorted(name for name in section.table["group"].unique() if name)
        for title, table in _with_groups(section.table, groups):
            counts = table["score"].value_counts()
            rows.append(
                {
                    "title": f"{section.scope.title}{title}",
                    "counts": [int(counts.get(score, 0)) for score in SCORES],
                    "legs": len(table),
                    "patients": table["patient"].nunique(),
                }
            )
    return rows


def _with_groups(table: pd.DataFrame, groups: list[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    yield "", table
    if len(groups) > 1:
        for group in groups:
            yield f", group {group}", table[table["group"] == group]


def error_table(analysis: Analysis) -> pd.DataFrame:
    """Legs of all models, a row each, the worst first: mean absolute error over models and passes.

    Columns: video_id, leg, patient, group, visit, score, the expected scores of each model and
    average, error. An average does not count in the error: its models are there already.
    """
    section = analysis.sections[0]
    keys = ["video_id", "leg"]
    table = section.table[[*keys, "patient", "group", "visit", "score"]].set_index(keys)
    errors = []
    for own in section.rows:
        if own.scorer.is_baseline:
            continue
        rows = pd.concat(own.passes).set_index(keys)
        table[own.scorer.name] = rows["expected_score"].groupby(keys).mean()
        if own.scorer.kind == "model":
            errors.append((rows["predicted"] - rows["score"]).abs().groupby(keys).mean())
    table["error"] = pd.concat(errors, axis=1).mean(axis=1)
    return table.sort_values("error", ascending=False, kind="stable").reset_index()


def error_rows(analysis: Analysis, clips: dict[tuple[str, str], str]) -> list[dict[str, Any]]:
    """The legs with the largest errors; `clips` gives the address of those that were drawn."""
    table = error_table(analysis)
    table = table[table["error"] > 0].head(MAX_ERRORS)
    names = scored_names(analysis)
    return [
        {
            **{key: row[key] for key in ("video_id", "leg", "patient", "group", "visit", "score")},
            "cells": [show_number(row[name]) for name in names],
            "error": f"{row['error']:.1f}",
            "clip": clips.get((row["video_id"], row["leg"]), ""),
        }
        for row in table.to_dict("records")
    ]


def scored_names(analysis: Analysis) -> list[str]:
    """Models and averages, in order of the columns of the table of errors."""
    return [row.scorer.name for row in analysis.sections[0].rows if not row.scorer.is_baseline]


def run_rows(analysis: Analysis) -> list[dict[str, Any]]:
    """What every run was."""
    rows = []
    for run in analysis.study.runs:
        result = run.result
        absent = [
            score
            for score in SCORES
            if result["score_counts"]["test"][score] == 0
            and any(counts[score] for counts in result["score_counts"].values())
        ]
        times = result.get("times", {})
        rows.append(
            {
                "name": run.folder.name,
                **{key: result[key] for key in ("model", "leg", "seed", "weights_source")},
                "fold": result["split"]["fold"],
                "train": " / ".join(map(str, result["score_counts"]["train"])),
                "test": " / ".join(map(str, result["score_counts"]["test"])),
                "absent": ", ".join(map(str, absent)),
                "unsupported": ", ".join(map(str, result["unsupported_scores"])),
                "epochs": result.get("epochs", ""),
                "minutes": f"{sum(times.values()) / 60:.1f}" if times else "",
                "config": result["config_hash"][:8],
            }
        )
    return rows
