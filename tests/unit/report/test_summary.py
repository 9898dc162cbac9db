"""summary.csv opens in a spreadsheet, which must not calculate what names of runs hold."""

import csv

import pandas as pd
import pytest

from pdla.report.analysis import analyse
from pdla.report.study import read_study
from pdla.report.summary import summary_table, without_formulas
from tests.fixtures.studies import make_study


@pytest.mark.parametrize("name", ["=1+1"])
def test_cells_that_begin_like_formulas_are_text(tmp_path, monkeypatch, name):
    monkeypatch.setattr("pdla.report.analysis.N_DRAWS", 10, raising=False)
    study = make_study(tmp_path / "study", ["r3d"], ["L"], n_folds=2, n_patients=8, model=name)
    text = summary_table(analyse(read_study(study))).to_csv(index=False)
    rows = list(csv.DictReader(text.splitlines()))
    assert f"'{name}" in {row["scorer"] for row in rows}
    assert all(not row["scorer"].startswith(("=", "+", "-", "@")) for row in rows)
    assert any(float(row["mae"]) >= 0 for row in rows)


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_whatever_begins_a_formula_is_quoted_and_numbers_stay(cell):
    table = without_formulas(pd.DataFrame({"name": [cell, "tcn"], "value": [-1.5, 2.0]}))
    assert list(table["name"]) == [f"'{cell}", "tcn"]
    assert list(table["value"]) == [-1.5, 2.0]
