"""Makes the weights that pdla ships of a finished run: `python -m pdla.training.shipping RUN`.

The run is copied as a study of its own, its checkpoint as safetensors, with a card that says what
it is. Nothing but numbers and plain values is in it.
"""

import hashlib
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from pdla import RESEARCH_ONLY
from pdla.data.files import write_text
from pdla.data.quantities import PUBLISHED
from pdla.evaluation.leg_table import KEYPOINTS
from pdla.models.shipped import CARD, HOME, NEVER_REAL, SIMULATED, STUDY, WEIGHTS
from pdla.report.study_run import StudyRun, read_run
from pdla.runs.folder import CONFIG, LEGS_FOLDER, PREDICTIONS, RESULT, SPLIT
from pdla.training.prediction import load_best


def ship_run(run_dir: Path, target: Path | None = None) -> Path:
    """Copy a finished run into the package.

    Args:
        run_dir: A run of experiment=weights_simulated.
        target: Study folder to copy it into; by default one of the package: `simulated` for
            kinematic_mlp, `simulated_MODEL` for others.

    Returns:
        Folder of the shipped run.

    Raises:
        ValueError: If the run is not finished, or was not trained on simulated data.
    """
    run = read_run(run_dir)
    simulate = run.config["recordings"].get("simulate")
    if not simulate:
        raise ValueError(f"{run_dir}: was not trained on simulated data; it holds real patients")
    if target is None:
        model = run.result.model
        target = STUDY if model == "kinematic_mlp" else HOME / f"{SIMULATED}_{model}"
    state = {name: value.contiguous() for name, value in load_best(run).state_dict().items()}
    shipped = target / run_dir.name
    (shipped / "checkpoints").mkdir(parents=True, exist_ok=True)
    (target / LEGS_FOLDER).mkdir(exist_ok=True)
    for name in (CONFIG, RESULT, SPLIT, PREDICTIONS):
        shutil.copyfile(run_dir / name, shipped / name)
    # No row of a report is made of these, and nobody has copies of simulated keypoints.
    large = [KEYPOINTS, *(name for names in PUBLISHED.values() for name in names)]
    legs = run.legs.drop(columns=large, errors="ignore")
    path = target / LEGS_FOLDER / run.result.legs_file
    write_text(path, legs.to_csv(index=False, float_format="%.4g"))
    weights = shipped / "checkpoints" / WEIGHTS
    save_file({name: value.to(torch.float32) for name, value in state.items()}, weights)
    write_text(shipped / CARD, _card(run, weights))
    return shipped


def _card(run: StudyRun, weights: Path) -> str:
    simulate = run.config["recordings"]["simulate"]
    asked = " ".join(run.result.command) or " ".join(
        ["experiment=weights_simulated", f"model={run.result.model}"]
        + [f"recordings.simulate.{key}={value}" for key, value in simulate.items()]
    )
    figures = "\n".join(
        f"- {name}: {value:.3f}" for name, value in run.result.metrics["test"].items()
        if value is not None
    )  # fmt: skip
    counts = run.result.score_counts["train"]
    return f"""# {run.result.model}: weights from simulation

{NEVER_REAL} {RESEARCH_ONLY}

- Data: simulated legs, each video of another kind of clinic
- Training legs by score 0 to 4: {", ".join(map(str, counts))}
- Command: `python train.py {asked}`
- Size: {weights.stat().st_size:,} bytes
- SHA-256: `{hashlib.sha256(weights.read_bytes()).hexdigest()}`
- Versions: {", ".join(f"{name} {value}" for name, value in run.result.versions.items())}

## Figures on test patients of the same simulation

{figures}

## Limits

How well these weights score real legs is not known. They know what the simulation shows: seated
people, filmed from the front or somewhat aside, one bout a leg. No real rater took part.
"""


if __name__ == "__main__":
    print(ship_run(Path(sys.argv[1])))
