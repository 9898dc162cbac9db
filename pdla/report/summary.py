"""The numbers of a report as files for other programs: summary.csv and summary.json."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from pdla import RESEARCH_ONLY
from pdla.evaluation.metrics import METRICS
from pdla.report.analysis import Analysis, Section


def stamps(analysis: Analysis) -> list[str]:
    """What must not be overlooked."""
    found = []
    if analysis.study.is_leaky:
        found.append(
            "LEAKY: the same patients stand in training and test. These numbers are no result; "
            "they show what such a protocol hides."
        )
    if analysis.study.is_tuning:
        found.append(
            "TUNING: only patients of the training set are tested here, to choose between options. "
            "Report the study that the chosen option then runs in, not this page."
        )
    return [*found, *analysis.study.searches]


def summary_table(analysis: Analysis) -> pd.DataFrame:
    """One row a leg, part of the cohort and scorer: n, then each metric with its interval.

    Patients only come first, where a cohort has controls as well (`groups`).
    """
    rows = []
    for section in analysis.all_sections:
        for row in section.rows:
            facts: dict[str, Any] = {
                "leg": section.scope.leg,
                "groups": " ".join(map(str, section.scope.values)) or "all",
                "scorer": row.scorer.name,
                "kind": row.scorer.kind,
                "leaky": row.scorer.is_leaky,
                "passes": len(row.spread),
                "legs": row.n_legs,
                "patients": row.n_patients,
            }
            for metric in METRICS:
                estimate = row.estimates[metric.key]
                facts[metric.key] = estimate.value
                facts[f"{metric.key}_low"], facts[f"{metric.key}_high"] = (
                    estimate.low,
                    estimate.high,
                )
            rows.append(facts)
    return without_formulas(pd.DataFrame(rows))


FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet calculates such cells (OWASP)


def without_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """A quote before each text that a spreadsheet would take for a formula; numbers stay."""

    def quoted(cell: Any) -> Any:
        return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell

    return table.map(quoted)


def summary_values(analysis: Analysis) -> dict[str, Any]:
    """summary.json: the table with reasons, differences and subgroups, as plain values."""

    def plain(estimates: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key: [None if not np.isfinite(x) else round(x, 4) for x in (e.value, e.low, e.high)]
            for key, e in estimates.items()
        }

    def row(one: Any) -> dict[str, Any]:
        scorer = one.scorer
        facts = {"scorer": scorer.name, "kind": scorer.kind, "note": scorer.note}
        facts["leaky"] = scorer.is_leaky
        counts = {"legs": one.n_legs, "patients": one.n_patients, "passes": len(one.spread)}
        return facts | counts | {"metrics": plain(one.estimates), "undefined": one.reasons}

    def section_values(section: Section) -> dict[str, Any]:
        return {
            "scorers": [row(one) for one in section.rows],
            "differences": [
                {
                    "of": one.scorer.name,
                    "to": one.other.name,
                    "primary_contrast": one.is_primary,
                    "metrics": plain(one.estimates),
                    "p_values": {
                        key: None if not np.isfinite(value) else round(value, 4)
                        for key, value in one.p_values.items()
                    },
                }
                for one in section.differences
            ],
            "subgroups": {
                title: [row(one) for one in rows] for title, rows in section.subgroups.items()
            },
        }

    patients = analysis.patients
    return {
        "study": analysis.study.name,
        "intended_use": RESEARCH_ONLY,
        "stamps": stamps(analysis),
        "primary": list(analysis.primary),
        "notes": analysis.notes,
        "failures": analysis.study.failures,
        "data_hash": analysis.study.first.result.data_hash,
        "split_hash": analysis.study.first.result.split.hash,
        "patients_only": None
        if patients is None
        else {"groups": list(patients.scope.values), **section_values(patients)},
        "legs": {section.scope.leg: section_values(section) for section in analysis.sections},
    }
