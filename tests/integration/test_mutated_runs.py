"""Damaged and hostile run folders: score, evaluate, report and export say one line, or work."""

import os
import random
import shutil
import sys
import traceback

import pytest

from pdla import cli
from pdla.data.simulation import SimulationOptions, simulate_cohort
from tests.fixtures.mutations import copy_into, mutate, one_line
from tests.fixtures.places import STUDY_VERSION_1

N_FOLDERS = int(os.environ.get("PDLA_MUTATIONS", "1000"))
FIRST_SEED = int(os.environ.get("PDLA_MUTATIONS_SEED", "0"))
N_PARTS = 10
RUN = "kinematic-R-fold0-seed0"
FILES = ("config.yaml", "result.json", "predictions.csv", "checkpoints/best.ckpt", "split.json")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Two videos, their store, and a study of two runs."""
    folder = tmp_path_factory.mktemp("mutated")
    simulate_cohort(folder / "clinic", SimulationOptions(videos=3, traps="none"))
    copy_into(STUDY_VERSION_1, folder / "study")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert call(*commands(folder / "study")["score"])[:2] == (0, None)
    return folder


def commands(study):
    return {
        "score": ("score", str(study), "clinic/LA", "--out", "scores.csv", "--store", "store"),
        "evaluate": ("evaluate", str(study), "clinic/LA", "--labels", "clinic/labels.xls",
                     "--out", "external", "--store", "store"),
        "report": ("report", str(study), "--clips", "0"),
        "export": ("export", str(study / RUN), "model.pt2"),
    }  # fmt: skip


def call(*arguments):
    """Exit code, and the traceback if anything but pdla's own line ended the command."""
    before, sys.argv = sys.argv, ["pdla", *arguments]
    try:
        cli.main()
    except SystemExit as error:
        return error.code or 0, None
    except BaseException:
        return 1, traceback.format_exc()
    finally:
        sys.argv = before
    return 0, None


@pytest.mark.slow
@pytest.mark.parametrize("part", range(N_PARTS))
def test_a_mutated_folder_is_one_line_and_never_a_traceback(place, monkeypatch, capfd, part):
    monkeypatch.chdir(place)
    wrong = []
    for seed in range(FIRST_SEED + part, FIRST_SEED + N_FOLDERS, N_PARTS):
        dice = random.Random(seed)
        study = copy_into(STUDY_VERSION_1, place / "study")
        store = copy_into(place / "store", place / "store_kept") if seed % 10 == 0 else None
        files = [study / RUN / name for name in FILES]
        if store:
            files = [place / "store" / "index.json"]
        done = mutate(dice.choice(files), dice)
        for name, command in commands(study).items():
            shutil.rmtree(place / "external", ignore_errors=True)
            code, trace = call(*command)
            printed = capfd.readouterr().err
            if trace or (code and not one_line(printed)):
                wrong.append(f"seed {seed}, {done}, {name}: {trace or printed}"[-1500:])
        if store:
            copy_into(store, place / "store")
    assert not wrong, f"{len(wrong)} in {N_FOLDERS // N_PARTS} folders\n" + "\n".join(wrong)
