"""Studies as runs leave them, without any training: to test what is read back."""

from dataclasses import replace

import numpy as np
import pandas as pd

from pdla.data.recordings import LegSample
from pdla.data.splits.files import describe_folds
from pdla.data.splits.rules import ByVideo2023, PatientKFold
from pdla.evaluation.metrics import expected_score, predicted_score
from pdla.evaluation.video_scores import table_metrics, table_reasons
from pdla.evaluation.weighted import PROBABILITY_COLUMNS
from pdla.runs.folder import LEGS_FOLDER, SPLIT, finish_run, open_run, write_json
from tests.conftest import make_recording

RECORDING = make_recording()


def make_legs(n_patients=20, visits=2, seed=0, n_more=0):
    """Rated legs: a table with kinematics, and samples in the same order for the splitters.

    `n_more` quantities that mean nothing bring the table to the width of a real one.
    """
    generator = np.random.default_rng(seed)
    rows = []
    for leg in ("L", "R"):
        for patient in range(n_patients):
            severity = (patient * 7 % 20) / 7
            for visit in range(visits):
                score = int(np.clip(round(severity + generator.normal(0, 0.3)), 0, 3))
                rows.append(
                    {
                        "video_id": f"V-{patient:02d}{visit}", "patient": f"P-{patient:02d}",
                        "group": "CG" if severity < 0.8 else "TG", "leg": leg,
                        "visit": visit + 1, "score": score,
                        "amplitude": 1 - 0.2 * severity + generator.normal(0, 0.05),
                        "taps_per_s": np.nan if patient == 3 else 2 - severity / 4,
                        **{f"more_{i}": generator.normal() for i in range(n_more)},
                    }
                )  # fmt: skip
    table = pd.DataFrame(rows)
    samples = [
        LegSample(
            replace(RECORDING, video=row.video_id), row.leg, row.score, row.patient, row.group
        )
        for row in table.itertuples()
    ]
    return table, samples


def make_study(
    folder, models=("r3d", "resnet_lstm"), legs=("L", "R"), n_folds=3, seeds=(0,), only=None,
    leaky=False, inner=None, noise=0.5, n_patients=20, n_more=0, **changes,
):  # fmt: skip
    """Write the runs of a study; `changes` replace entries of every result.json."""
    table, samples = make_legs(n_patients, n_more=n_more)
    (folder / LEGS_FOLDER).mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / LEGS_FOLDER / "legs.csv", index=False)
    splitter = ByVideo2023(draws=n_folds) if leaky else PatientKFold(n_folds=n_folds, inner=inner)
    record = describe_folds(splitter.all_folds(samples), samples, type(splitter).__name__)
    for model in models:
        for leg in legs:
            for seed in seeds:
                for fold in range(n_folds) if only is None else only:
                    run = folder / f"{model}-{leg}-fold{fold}-seed{seed}"
                    config = make_config(model, leg, fold, seed)
                    write_run(run, config, record, table, noise, splitter, changes)
    return folder


def make_config(model, leg, fold, seed):
    return {
        "model": {"_target_": "pdla.models.video_networks.R3D18", "name": model, "dropout": 0.2},
        "leg": leg, "seed": seed, "split": {"fold": fold}, "study": "s", "tag": "",
        "recordings": {"name": "clinic", "videos": "none", "labels": "none.xls", "store": "none"},
        "data": {"_target_": "pdla.data.clips.datamodules.DrawnClips"},
        "loss": {"_target_": "pdla.models.heads.CrossEntropyHead"},
    }  # fmt: skip


def write_run(run, config, record, table, noise, splitter, changes):
    fold = record["folds"][config["split"]["fold"]]
    legs = ["L", "R"] if config["leg"] == "both" else [config["leg"]]
    name, fold_number, seed = config["model"]["name"], config["split"]["fold"], config["seed"]
    generator = np.random.default_rng([len(name), fold_number, *([seed] if seed else [])])
    parts = {}
    for stage in ("train", "val", "test"):
        rows = table.loc[fold[stage]]
        parts[stage] = rows[rows["leg"].isin(legs)]
    predictions = pd.concat(
        [predict(parts[stage], stage, config["split"]["fold"], noise, generator)
         for stage in ("val", "test")]
    )  # fmt: skip
    counts = {
        stage: np.bincount(rows["score"], minlength=5).tolist() for stage, rows in parts.items()
    }
    tested = predictions[predictions["stage"] == "test"]
    result = {
        "model": config["model"]["name"], "leg": config["leg"], "fold": config["split"]["fold"],
        "seed": config["seed"], "is_leaky": splitter.is_leaky,
        "primary": ["qwk", "macro_mae"], "clips": "mean",
        "metrics": {"test": table_metrics(tested)}, "undefined": {"test": table_reasons(tested)},
        "score_counts": counts,
        "patient_counts": {stage: rows["patient"].nunique() for stage, rows in parts.items()},
        "unsupported_scores": [4], "excluded": {"the leg is out of the picture": 3},
        "weights_source": "none", "config_hash": "c" * 16, "data_hash": "d" * 64,
        "versions": {"pdla": "0", "torch": "0"}, "device": "cpu", "epochs": 2,
        "times": {"train_s": 60.0}, "legs_file": "legs.csv", "agreement": {},
        "split": {"rule": record["rule"], "hash": record["hash"], "is_tuning": splitter.is_tuning,
                  "fold": config["split"]["fold"]},
        "flow": {"rows": 44, "videos_found": 42, "videos_usable": 41, "legs_usable": 82,
                 "legs_rated": 80, "legs_used": 80, "patients_used": 20},
        "data": {"name": "clinic", "simulated": None},
    }  # fmt: skip
    open_run(run, config)
    write_json(run / SPLIT, record)
    finish_run(run, result | changes, predictions)


def predict(rows, stage, fold, noise, generator):
    """Predictions that follow the score, but for noise."""
    seen = rows["score"].to_numpy() + generator.normal(0, noise, len(rows))
    closeness = np.exp(-2 * np.abs(np.arange(5) - seen[:, None]))
    probabilities = np.round(closeness / closeness.sum(axis=1, keepdims=True), 6)
    table = rows[["video_id", "patient", "group", "leg"]].copy()
    table["stage"], table["fold"], table["score"] = stage, fold, rows["score"]
    table["predicted"] = predicted_score(probabilities)
    table["expected_score"] = expected_score(probabilities)
    table[PROBABILITY_COLUMNS] = probabilities
    table["n_clips"] = 3
    return table
