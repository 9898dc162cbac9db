"""`import pdla`: quick, complete, and five lines that do something real."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import pdla
from pdla.data.simulation import SimulationOptions, simulate_cohort
from pdla.training import run as training
from tests.fixtures.configs import compose_config


def run_python(*arguments):
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=120
    )


def test_importing_pdla_imports_nothing_heavy():
    code = "import pdla, sys; print(*sys.modules)"
    loaded = set(run_python("-c", code).stdout.split())
    assert loaded.isdisjoint({"numpy", "torch", "pandas", "lightning", "typer"})


FACES = [
    "pdla", "pdla.commands", "pdla.training", "pdla.review", "pdla.data.kinematics",
    "pdla.data.openpose", "pdla.data.simulation", "pdla.data.intake", "pdla.data.splits",
    "pdla.pose",
]  # fmt: skip


@pytest.mark.parametrize("face", FACES)
def test_every_public_name_is_there_and_listed(face):
    package = import_module(face)
    assert set(package.__all__) <= set(dir(package))
    for name in package.__all__:
        assert not isinstance(getattr(package, name), ModuleType)
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        package.no_such_name  # noqa: B018


def test_python_m_pdla_says_its_version():
    done = run_python("-m", "pdla", "--version")
    assert (done.returncode, done.stdout) == (0, f"pdla {pdla.__version__}\n")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A simulated clinic and a study of one run on it."""
    folder = tmp_path_factory.mktemp("notebook")
    simulate_cohort(folder / "clinic", SimulationOptions(videos=14, seed=5, traps="none"))
    recordings = [
        "recordings=clinic",
        f"recordings.videos={folder}/clinic/LA",
        f"recordings.labels={folder}/clinic/labels.xls",
        f"recordings.store={folder}/store",
    ]
    config = compose_config(
        "model=kinematic", "leg=both", "split.n_folds=3", "split.n_val_folds=2",
        "trainer.max_epochs=1", "review.pictures=false", *recordings,
    )  # fmt: skip
    training.run(config, folder / "study" / "kinematic-both-fold0-seed0")
    return folder


def files_of(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_the_five_lines_of_the_readme_work(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    videos = place / "clinic" / "LA"
    recording = pdla.read_recording(sorted(videos.iterdir())[0], fps=30)
    assert recording.keypoints.shape[1:] == (25, 3)
    measured = pdla.leg_kinematics(recording, "R")
    assert isinstance(measured, pdla.LegKinematics)
    assert measured.n_taps > 3
    clip = pdla.draw(recording, "R", "clip.mp4")
    assert clip == Path("clip.mp4")
    assert clip.stat().st_size > 10_000
    cohort = pdla.read_cohort(videos, place / "clinic" / "labels.xls", store=place / "store")
    table = pdla.leg_kinematics(cohort)
    assert len(table) == len(cohort.samples)
    assert {"video_id", "leg", "score", "n_taps", "bout_start_s"} <= set(table.columns)

    before = files_of(place) | files_of(tmp_path)
    scores = pdla.score(place / "study", cohort)
    assert files_of(place) | files_of(tmp_path) == before
    assert (scores["predicted"].notna() ^ (scores["reason"] != "")).all()
    assert scores["predicted"].notna().sum() > 0.9 * len(cohort.samples)
    assert set(scores["intended_use"]) == {pdla.RESEARCH_ONLY}
    assert any("trained on" in note for note in scores.attrs["notes"])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pdla.read_recording("nowhere", fps=30), "nowhere: not found"),
        (lambda: pdla.read_recording(".", fps=0), "fps=0"),
        (lambda: pdla.read_cohort(".", options=["openpose.fpz=25"]), "no such option"),
    ],
)
def test_what_cannot_work_is_said_in_a_line(call, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        call()
