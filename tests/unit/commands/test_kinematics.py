"""`pdla kinematics`, against the truth of a simulated clinic."""

import numpy as np
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner

from pdla.cli import app
from pdla.data.simulation import SimulationOptions, simulate_cohort


def measure(folder, n_videos, seed):
    """Kinematics of a simulated clinic beside its truth, joined by the row of the sheet."""
    simulate_cohort(folder / "clinic", SimulationOptions(videos=n_videos, seed=seed))
    out = folder / "kinematics.csv"
    videos, sheet_file = folder / "clinic" / "LA", folder / "clinic" / "labels.xls"
    options = ["--out", str(out), "--store", str(folder / "store"), "--labels", str(sheet_file)]
    done = CliRunner().invoke(app, ["kinematics", str(videos), *options])
    assert done.exit_code == 0, done.output
    table = pd.read_csv(out)
    sheet = CalamineWorkbook.from_path(sheet_file).get_sheet_by_index(0)
    ids = {f"row {number}": row[0] for number, row in enumerate(sheet.to_python(), start=1)}
    truth = pd.read_csv(folder / "clinic" / "truth.csv")
    joined = table.assign(id=table["place"].map(ids)).merge(
        truth, left_on=["id", "leg"], right_on=["video_id", "leg"], suffixes=("", "_true")
    )
    return table, joined, done.output


def overlap(joined):
    """Intersection over union of the found and the true bouts."""
    start, end = joined["bout_start_s"].fillna(0), joined["bout_end_s"].fillna(0)
    true_start, true_end = joined["bout_start_s_true"], joined["bout_end_s_true"]
    shared = (np.minimum(end, true_end) - np.maximum(start, true_start)).clip(lower=0)
    return shared / (np.maximum(end, true_end) - np.minimum(start, true_start))


def test_every_leg_has_a_row_and_no_patient_number_is_written(tmp_path):
    table, joined, output = measure(tmp_path, 6, seed=1)
    assert len(table) == len(joined) == 12
    assert "12 legs measured, 0 left out" in output
    text = (tmp_path / "kinematics.csv").read_text()
    assert not [name for name in joined["id"] if name.split("_")[1] in text]
    assert overlap(joined).median() > 0.9


@pytest.mark.slow
def test_bouts_taps_and_tempo_agree_with_the_truth_of_200_videos(tmp_path):
    _, joined, _ = measure(tmp_path, 200, seed=7)
    agreement = overlap(joined)
    assert agreement.median() >= 0.85
    assert agreement.quantile(0.1) >= 0.70
    assert ((joined["n_taps"] - joined["n_taps_true"]).abs() <= 1).mean() >= 0.90
    assert (joined["taps_per_s"] / joined["taps_per_s_true"] - 1).abs().median() <= 0.05
