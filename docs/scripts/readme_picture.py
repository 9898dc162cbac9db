"""Draw the picture of the README, from a simulated clinic: python docs/scripts/readme_picture.py.

Two simulated right legs, scored 0 and 3: drawn frames, and the heights of both feet over time with
each tap that was found.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import pdla
from pdla.data.drawing.options import Drawing
from pdla.data.kinematics import find_bout
from pdla.data.simulation import SimulationOptions, simulate_cohort
from pdla.data.video.pictures import draw_contact_sheet, write_png
from pdla.data.video.traces import draw_height_trace

OUT = Path(__file__).parents[1] / "pictures" / "leg_agility.png"
SCORES = (0, 3)


def main() -> None:
    """Simulate, choose one leg a score, draw."""
    with TemporaryDirectory() as folder:
        clinic = Path(folder) / "clinic"
        options = SimulationOptions(videos=10, seed=3, scores="balanced", traps="none")
        simulate_cohort(clinic, options)
        store = Path(folder) / "store"
        cohort = pdla.read_cohort(clinic / "LA", clinic / "labels.xls", store=store)
        rows = [draw_leg(cohort, score) for score in SCORES]
        write_png(OUT, np.concatenate(rows))
    print(f"{OUT}: {OUT.stat().st_size / 1000:.0f} kB")


def draw_leg(cohort: pdla.Cohort, score: int) -> np.ndarray:
    """Contact sheet and heights of the first right leg with a score, as (H, W, 3)."""
    recording = next(
        one.recording for one in cohort.samples if (one.leg, one.score) == ("R", score)
    )
    drawing = Drawing(height=120, width=120, line_px=3, crop="legs")
    bout = find_bout(recording, "R")
    start_s = bout.start_s if bout else 0.0
    sheet = draw_contact_sheet(recording, drawing, start_s, start_s + 2.0)
    trace = draw_height_trace(recording, sheet.shape[1], (start_s, start_s + 2.0))
    return np.concatenate([sheet, trace])


if __name__ == "__main__":
    main()
