"""Write docs/tour.ipynb: python docs/scripts/tour.py. A slow test runs the notebook."""

import json
from pathlib import Path

OUT = Path(__file__).parents[1] / "tour.ipynb"
CELLS = (
    ("markdown", "# pdla in a notebook\n\nA simulated clinic stands in for your videos. "
     "Research only, not a medical device."),
    ("code", "from pathlib import Path\n\nimport pdla\nfrom pdla.data.simulation import "
     "SimulationOptions, simulate_cohort\n\nclinic = Path('data/tour')\nif not clinic.exists():\n"
     "    simulate_cohort(clinic, SimulationOptions(videos=14, seed=5, traps='none'))"),
    ("markdown", "## One recording\n\nKeypoints (T, 25, 3): x px, y px, confidence; NaN, NaN, 0 where "
     "a joint was not seen."),
    ("code", "folder = sorted((clinic / 'LA').iterdir())[0]\n"
     "recording = pdla.read_recording(folder, fps=30)\nrecording.keypoints.shape, recording.duration_s"),
    ("code", "pdla.leg_kinematics(recording, 'R')"),
    ("code", "pdla.draw(recording, 'R', 'tour.png', size=(96, 96), crop='legs')"),
    ("markdown", "## A cohort\n\nThe sheet says who was scored what; names are pseudonyms."),
    ("code", "cohort = pdla.read_cohort(clinic / 'LA', clinic / 'labels.xls', store='data/tour-store')\n"
     "legs = pdla.leg_kinematics(cohort)\nlegs.groupby('score')[['amplitude', 'taps_per_s']].median()"),
    ("code", "len(cohort.samples), cohort.exclusions[:3]"),
    ("markdown", "## Train and score\n\nTraining is a command. `pdla.score` writes nothing."),
    ("code", "!python -m pdla train model=kinematic leg=both study=tour recordings=clinic "
     "recordings.videos=data/tour/LA recordings.labels=data/tour/labels.xls "
     "recordings.store=data/tour-store split.n_folds=3 split.n_val_folds=2 review.pictures=false"),
    ("code", "scores = pdla.score('runs/tour', cohort)\n"
     "scores[['video_id', 'leg', 'predicted', 'expected_score', 'n_runs']].head()"),
    ("code", "scores.attrs['notes']"),
)  # fmt: skip


def notebook() -> dict[str, object]:
    """The notebook without outputs."""
    cells = []
    for number, (kind, source) in enumerate(CELLS):
        cell: dict[str, object] = {
            "cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": source,
        }  # fmt: skip
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        cells.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


if __name__ == "__main__":
    OUT.write_text(json.dumps(notebook(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(OUT)
