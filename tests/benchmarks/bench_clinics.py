"""What a study of one small clinic can show: the same cheap scorers on many simulated clinics.

Run it by `nice python -m tests.benchmarks.bench_clinics [--simulator second] [--clinics 20]`, or
both simulators by `make clinics`. One clinic is one draw: the table gives the mean over clinics,
the SD between clinics, and how often a clinic shows a difference to ordinal regression.

Each clinic has 62 videos. Models and baselines are fitted on the training patients of the same five
folds, both legs together. Pre-trained and zero-shot are the weights that pdla ships: they learnt
from clinics of the `wide` variety, of which neither simulator here is one.
"""

import argparse
import logging
import platform
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import pandas as pd
from scipy.special import ndtr
from threadpoolctl import threadpool_limits

from pdla.data.clips.datamodules import split_cohort
from pdla.data.files import write_json
from pdla.data.intake import IntakeOptions, read_cohort
from pdla.data.progress import track
from pdla.data.recordings import Cohort
from pdla.data.simulation import SimulationOptions, simulate_cohort
from pdla.data.skeletons import LEGS
from pdla.data.splits.rules import PatientKFold
from pdla.evaluation.baselines import BASELINES, FoldLegs
from pdla.evaluation.intervals import estimate_differences, estimate_metrics
from pdla.evaluation.predictions import add_scores
from pdla.evaluation.video_scores import VideoScores
from pdla.models.shipped import STUDY
from pdla.report.study_run import read_run
from pdla.training.config import build_data, build_model
from pdla.training.prediction import load_best
from pdla.training.records import legs_table
from tests.fixtures.configs import compose_config
from tests.fixtures.second_simulator import simulate as simulate_second

SIMULATORS = ("pdla", "second")
VIDEOS = 62
FIRST_SEED = 5000  # far from the clinics of other tables and of the pre-training
REFERENCE = "ordinal regression"
STATED = 0.10  # difference in kappa of which the power is given
KEYS = ("qwk", "mae")
N_DRAWS = 1000
MODELS = {
    "`kinematic`": ("model=kinematic",),
    "`kinematic_mlp`": ("model=kinematic_mlp",),
    "`kinematic_mlp`, pre-trained": ("model=kinematic_mlp", "model.weights=simulated"),
    "`tcn`, pre-trained": (
        "model=tcn",
        "model.weights=simulated",
        "trainer.max_epochs=30",
        "optim.optimizer.lr=1.0e-3",
    ),
}
ZERO_SHOT = "`kinematic_mlp`, zero-shot"
SIMPLE = {REFERENCE: "ordinal_logistic", "random forest": "random_forest", "majority": "majority"}

Tables = dict[str, pd.DataFrame]


def draw_clinic(simulator: str, seed: int, raters: str) -> Cohort:
    """A clinic of 62 videos, read as a user's would be."""
    if simulator == "second":
        return simulate_second(VIDEOS, seed)[0]
    options = SimulationOptions(videos=VIDEOS, seed=seed, **({"raters": raters} if raters else {}))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "clinic"
        simulate_cohort(folder, options, workers=1)
        store = Path(name) / "store"
        return _in_memory(
            read_cohort(folder / "LA", folder / "labels.xls", store, IntakeOptions(workers=1))
        )


def _in_memory(cohort: Cohort) -> Cohort:
    """Without the files, which go."""
    copies = {
        one.recording.video_id: replace(one.recording, keypoints=np.array(one.recording.keypoints))
        for one in cohort.samples
    }
    samples = tuple(
        replace(one, recording=copies[one.recording.video_id]) for one in cohort.samples
    )
    return replace(cohort, samples=samples)


def score_clinic(cohort: Cohort) -> Tables:
    """Predictions of every scorer for all rated legs, each leg by the run of its fold."""
    legs = legs_table(cohort.rated_legs)
    folds = PatientKFold().all_folds(cohort.rated_legs)
    tables: Tables = {}
    for title, key in SIMPLE.items():
        parts = []
        for fold in folds:
            known, tested = legs.iloc[list(fold.train)], legs.iloc[list(fold.test)]
            shares = BASELINES[key].predict(FoldLegs(known, tested, legs))
            parts.append(add_scores(tested[["patient", "group", "leg", "video_id", "score"]],
                                    shares))  # fmt: skip
        tables[title] = pd.concat(parts, ignore_index=True)
    for title, options in MODELS.items():
        tables[title] = fit_folds(cohort, compose_config("leg=both", *options), len(folds))
    tables[ZERO_SHOT] = as_shipped(cohort)
    return tables


def fit_folds(cohort: Cohort, config: dict[str, Any], n_folds: int) -> pd.DataFrame:
    """A model fitted on the training patients of each fold and tested on its test patients."""
    lightning.seed_everything(config["seed"], verbose=False)
    data = build_data(config, cohort)
    parts = []
    for fold in range(n_folds):
        data.split = split_cohort(cohort, PatientKFold(fold=fold), LEGS)[1]
        model = build_model(config)
        model.set_training_counts(data.score_counts("train"))
        scores = VideoScores(data.samples, fold, "mean", KEYS)
        trainer = _trainer(config["trainer"]["max_epochs"], scores)
        trainer.fit(model, data)
        trainer.test(model, data, verbose=False)
        parts.append(scores.predictions["test"])
    return pd.concat(parts, ignore_index=True)


def as_shipped(cohort: Cohort) -> pd.DataFrame:
    """The shipped weights as they are: nothing of this clinic is learnt."""
    run = read_run(next(STUDY.glob("kinematic_mlp*")))
    config = {**run.config, "split": {"_target_": "pdla.data.splits.AllTested"}, "augment": {}}
    data = build_data(config, cohort)
    scores = VideoScores(data.samples, 0, "mean", KEYS)
    _trainer(1, scores).test(load_best(run), data, verbose=False)
    return scores.predictions["test"]


def _trainer(epochs: int, scores: VideoScores) -> lightning.Trainer:
    return lightning.Trainer(
        max_epochs=epochs, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0,
        limit_val_batches=0, callbacks=[scores],
    )  # fmt: skip


def measure_clinic(simulator: str, seed: int, raters: str) -> dict[str, Any]:
    """Metrics of each scorer among the patients, and its differences to the reference."""
    cohort = draw_clinic(simulator, seed, raters)
    tables = score_clinic(cohort)
    patients = {name: table[table["group"] != "CG"] for name, table in tables.items()}
    found: dict[str, Any] = {"seed": seed, "legs": len(patients[REFERENCE])}
    for name, table in patients.items():
        metrics = estimate_metrics([table], KEYS, n_draws=2)
        pooled = estimate_metrics([tables[name]], KEYS, n_draws=2)
        against = estimate_differences([table], [_in_order(patients[REFERENCE], table)], KEYS,
                                       N_DRAWS)["qwk"]  # fmt: skip
        found[name] = {
            **{key: metrics[key].value for key in KEYS},
            "pooled_qwk": pooled["qwk"].value,
            "difference": against.value,
            "low": against.low,
            "high": against.high,
        }
    return found


def _in_order(table: pd.DataFrame, wanted: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table in the order of another one."""
    return wanted[["video_id", "leg"]].merge(table, on=["video_id", "leg"])


def power(difference: float, sd: float) -> float:
    """Share of clinics in which a true difference would be shown, two-sided 5%."""
    return float(ndtr(difference / sd - 1.96) + ndtr(-difference / sd - 1.96))


def table_lines(clinics: list[dict[str, Any]]) -> Iterator[str]:
    """The table of docs/results.md."""
    yield (
        f"| scorer | kappa, mean | SD | MAE | with controls | minus {REFERENCE}: mean | SD "
        f"| shown in | power for {STATED:.2f} |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    names = [name for name in clinics[0] if name not in ("seed", "legs")]
    for name in sorted(names, key=lambda one: -_mean(clinics, one, "qwk")):
        rows = [clinic[name] for clinic in clinics]
        difference = np.array([row["difference"] for row in rows])
        shown = sum(row["low"] > 0 or row["high"] < 0 for row in rows)
        cells = [
            f"{_mean(clinics, name, 'qwk'):.2f}",
            f"{np.std([row['qwk'] for row in rows], ddof=1):.2f}",
            f"{_mean(clinics, name, 'mae'):.2f}",
            f"{_mean(clinics, name, 'pooled_qwk'):.2f}",
        ]
        if name == REFERENCE:
            cells += [""] * 4
        else:
            sd = float(difference.std(ddof=1))
            cells += [f"{difference.mean():+.2f}", f"{sd:.2f}", f"{shown} of {len(rows)}",
                      f"{power(STATED, sd):.0%}"]  # fmt: skip
        yield f"| {name} | " + " | ".join(cells) + " |"


def _mean(clinics: list[dict[str, Any]], name: str, key: str) -> float:
    return float(np.mean([clinic[name][key] for clinic in clinics]))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulator", choices=SIMULATORS, default="pdla")
    parser.add_argument("--clinics", type=int, default=20)
    parser.add_argument("--first", type=int, default=FIRST_SEED, help="seed of the first clinic")
    parser.add_argument("--raters", default="", help="preset of the simulated raters")
    parser.add_argument("--out", type=Path, help="JSON of every clinic")
    options = parser.parse_args()
    for name in ("lightning.pytorch", "pdla"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")
    clinics = []
    with threadpool_limits(1):
        seeds = range(options.first, options.first + options.clinics)
        for seed in track(seeds, "Clinics", total=options.clinics):
            clinics.append(measure_clinic(options.simulator, seed, options.raters))
            if options.out:
                write_json(options.out, clinics)
    raters = options.raters or "default"
    print(f"{options.clinics} clinics of {VIDEOS} videos, simulator {options.simulator}, ", end="")
    print(f"{raters} raters; {platform.machine()}\n")
    print("\n".join(table_lines(clinics)))


if __name__ == "__main__":
    main()
