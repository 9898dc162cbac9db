"""The launchers of extras give the same predictions as the plain sweep, on one store."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.fixtures.places import ROOT

TINY = (
    "model=tcn", "model.channels=8", "model.layers=2", "model.weights=none", "data.batch_size=4",
    "data.workers=2", "trainer.max_epochs=2", "trainer.accelerator=cpu", "sampling=recording",
    "sampling.seconds=1", "sampling.stride_s=1", "recordings.simulate.videos=16",
    "split.n_folds=3", "split.n_val_folds=2", "review.pictures=false", "leg=L,R",
)  # fmt: skip
LAUNCHERS = {
    "joblib": ("hydra_plugins.hydra_joblib_launcher", ["launcher=joblib"]),
    "submitit": ("hydra_plugins.hydra_submitit_launcher", ["hydra/launcher=submitit_local"]),
    "ray": (
        "hydra_plugins.hydra_ray_launcher",
        ["launcher=ray", "+hydra.launcher.ray.init.num_cpus=2"],
    ),
}


def is_there(plugin):
    try:
        return find_spec(plugin) is not None
    except ModuleNotFoundError:
        return False


def sweep(folder, study, *overrides):
    """Predictions of each run of a sweep, by name; as many threads everywhere: the same numbers."""
    command = [sys.executable, str(ROOT / "train.py"), "-m", *TINY, f"study={study}", *overrides]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 finished" in done.stdout
    found = (folder / "runs" / study).glob("*/predictions.csv")
    return {path.parent.name: path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A folder with a store that the plain sweep has built, and its predictions."""
    folder = tmp_path_factory.mktemp("launchers")
    return folder, sweep(folder, "plain")


@pytest.mark.slow
@pytest.mark.parametrize("name", LAUNCHERS)
def test_a_launcher_gives_the_predictions_of_the_plain_sweep(plain, name):
    plugin, overrides = LAUNCHERS[name]
    if not is_there(plugin):
        pytest.skip(f"{plugin} is not installed")
    folder, expected = plain
    assert len(expected) == 2
    assert sweep(folder, name, *overrides) == expected


@pytest.mark.slow
def test_workers_of_joblib_build_a_store_and_read_with_workers_of_their_own(tmp_path):
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    assert len(sweep(tmp_path, "fresh", "launcher=joblib")) == 2
