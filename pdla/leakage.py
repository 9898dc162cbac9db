"""`pdla leakage`: the 2023 protocol and ours with the same model, side by side.

Splitting by video puts other visits of a test patient into training, chooses the checkpoint on the
test videos, and repeats the rarest scores on both sides. With `shuffle` the scores are dealt out
anew between patients, so that no movement explains them: what is left above chance is recognition
of people and choice of the checkpoint.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from hydra import compose, initialize_config_dir
from rich import box
from rich.console import Console
from rich.table import Table

from pdla import training
from pdla.config import plain_config
from pdla.data.recordings import Cohort
from pdla.data.skeletons import Leg
from pdla.evaluation.analysis import Analysis, analyse
from pdla.evaluation.metrics import METRIC_OF
from pdla.evaluation.page import interval_text
from pdla.evaluation.study import read_study

log = logging.getLogger(__name__)

PROTOCOLS: Final = {"by_video_2023": "2023: split by video", "patient_kfold": "ours: by patient"}
# Small, trained long enough to learn people by heart, without anything that hinders it.
QUICK: Final = (
    "model=resnet_lstm", "model.weights=none", "model.dropout=0", "augment=none", "leg=R",
    "trainer.max_epochs=12", "sampling.seconds=1", "sampling.stride_s=1", "drawing.height=32",
    "drawing.width=32", "optim.optimizer.lr=1e-3",
)  # fmt: skip


def show_leakage(out: Path, n_folds: int, overrides: Sequence[str]) -> dict[str, Analysis]:
    """Run both protocols, write nothing but their runs, print both results.

    Args:
        out: Folder of the two studies.
        n_folds: Folds, or draws of videos, of each.
        overrides: Options of train.py that replace those of the quick model.

    Returns:
        The analysis of each protocol.
    """
    found = {}
    for protocol in PROTOCOLS:
        for fold in range(n_folds):
            config = quick_config(protocol, fold, n_folds, overrides)
            training.run(config, out / protocol / f"fold{fold}")
        found[protocol] = analyse(read_study(out / protocol))
    Console().print(leakage_table(found))
    return found


def quick_config(
    protocol: str, fold: int, n_folds: int, overrides: Sequence[str]
) -> dict[str, Any]:
    """Config of one run of the exhibit; needs the folder conf/ of the repository.

    Raises:
        ValueError: If there is no conf/ here.
    """
    conf = Path("conf").resolve()
    if not (conf / "train.yaml").exists():
        raise ValueError(f"{conf}: no train.yaml; run it where train.py lies")
    count = "split.draws" if protocol == "by_video_2023" else "split.n_folds"
    own = [f"split={protocol}", f"split.fold={fold}", f"{count}={n_folds}"]
    with initialize_config_dir(str(conf), version_base="1.3"):
        return plain_config(compose("train", [*QUICK, *overrides, *own]))


def leakage_table(found: dict[str, Analysis]) -> Table:
    """Both protocols beside each other: the model, and the score of the patient's next visit."""
    table = Table(box=box.SIMPLE_HEAD, title="The same model, two protocols", title_justify="left")
    table.add_column("right leg, simulated clinic")
    for protocol in found:
        table.add_column(PROTOCOLS[protocol], justify="right")
    sections = [analysis.sections[0] for analysis in found.values()]
    for number, row in enumerate(sections[0].rows):
        for key in ("qwk", "accuracy", "mae"):
            if row.scorer.kind != "model" and row.scorer.name != "Nearest other visit":
                continue
            cells = [interval_text(section.rows[number].estimates[key]) for section in sections]
            table.add_row(f"{row.scorer.name}: {METRIC_OF[key].title}", *cells)
    return table


def shuffle_scores(cohort: Cohort, seed: int) -> Cohort:
    """Deal the patients' scores out anew: patient p gets those of another, visit by visit.

    Legs of a patient keep scores that belong together, so only who has them is left to chance.
    """
    generator = np.random.default_rng(seed)
    patients = list(dict.fromkeys(sample.patient for sample in cohort.samples))
    given = dict(zip(patients, generator.permutation(patients).tolist(), strict=True))
    scores: dict[tuple[str, Leg], list[int]] = {}
    for sample in cohort.samples:
        if sample.score is not None:
            scores.setdefault((sample.patient, sample.leg), []).append(sample.score)
    seen: dict[tuple[str, Leg], int] = {}
    dealt = []
    for sample in cohort.samples:
        hand = scores.get((given[sample.patient], sample.leg))
        if sample.score is None or hand is None:
            continue
        place = seen.get((sample.patient, sample.leg), 0)
        seen[sample.patient, sample.leg] = place + 1
        dealt.append(replace(sample, score=hand[place % len(hand)]))
    return replace(cohort, samples=tuple(dealt), data_hash=f"{cohort.data_hash}-shuffled-{seed}")
