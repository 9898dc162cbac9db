"""What runs get in processes of a parallel launcher, and what the runs of one process share."""

import os

import pytest
import torch
from hydra import compose, initialize_config_dir

from pdla.training import cohorts
from pdla.training import run as training
from pdla.training.launched import gpu_of_worker
from tests.fixtures.configs import compose_config
from tests.fixtures.people import make_cohort
from tests.fixtures.places import CONF
from tests.fixtures.runs import TINY


def test_workers_of_joblib_take_gpus_in_turn():
    names = [f"LokyProcess-{number}" for number in (1, 2, 3, 4, 5)]
    assert [gpu_of_worker(name, ["0", "1"]) for name in names] == ["0", "1", "0", "1", "0"]
    assert gpu_of_worker("LokyProcess-1:3", ["4", "7"]) == "4"


def test_other_processes_and_machines_with_one_gpu_stay_as_they_are():
    assert gpu_of_worker("MainProcess", ["0", "1"]) is None
    assert gpu_of_worker("SpawnProcess-2", ["0", "1"]) is None
    assert gpu_of_worker("LokyProcess-2", ["0"]) is None
    assert gpu_of_worker("LokyProcess-2", []) is None


def threads_and_ways():
    """In a worker: threads of torch, and whether an ordinary process can be started."""
    from multiprocessing import get_context

    from pdla.training.launched import settle_in_worker

    settle_in_worker()
    process = get_context("spawn").Process(target=print)
    process.start()
    process.join()
    return torch.get_num_threads(), process.exitcode


@pytest.mark.slow
def test_workers_of_joblib_share_threads_and_can_start_processes(monkeypatch):
    joblib = pytest.importorskip("joblib")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    found = joblib.Parallel(n_jobs=2, backend="loky")(
        joblib.delayed(threads_and_ways)() for _ in range(2)
    )
    share = max(joblib.cpu_count() // 2, 1)
    assert found == [(share, 0)] * 2


def test_the_runs_of_a_sweep_read_a_data_set_once(tmp_path, monkeypatch):
    reads = []

    def read(recordings):
        reads.append(recordings["name"])
        return make_cohort(9, visits=1)

    def stop(config, cohort):
        raise ValueError("was read")

    monkeypatch.setattr(training, "load_cohort", read)
    monkeypatch.setattr(cohorts, "load_cohort", read)
    monkeypatch.setattr(cohorts, "SHARED", {})
    monkeypatch.setattr(training, "build_data", stop)

    def begin(seed, shares_data):
        with pytest.raises(ValueError, match="was read"):
            training.run({**config, "seed": seed}, tmp_path / str(seed), shares_data=shares_data)

    config = compose_config(*TINY, "model=kinematic", "leg=both", "trainer.max_epochs=1")
    for seed in (0, 1):
        begin(seed, shares_data=True)
    assert reads == ["simulated"]
    cohorts.share_cohort({**config["recordings"], "store": "elsewhere"})
    assert len(reads) == 2
    begin(2, shares_data=False)
    assert len(reads) == 3


@pytest.mark.parametrize("launcher", ["joblib", "slurm"])
def test_a_launcher_composes_to_the_plugin_that_it_names(launcher):
    plugin = {"joblib": "joblib", "slurm": "submitit"}[launcher]
    pytest.importorskip(f"hydra_plugins.hydra_{plugin}_launcher")
    with initialize_config_dir(str(CONF), version_base="1.3"):
        hydra = compose("train", overrides=[f"launcher={launcher}"], return_hydra_config=True).hydra
    assert f"hydra_{plugin}_launcher" in hydra.launcher._target_


def test_the_slurm_file_asks_for_a_signal_before_the_limit_and_for_requeue(tmp_path, monkeypatch):
    """As the launcher itself makes the file that it would submit."""
    submitit = pytest.importorskip("submitit")
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    (tmp_path / "srun").touch(mode=0o755)  # by which submitit knows a cluster
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        composed = compose(
            "train",
            overrides=["launcher=slurm", "hydra.launcher.partition=gpu"],
            return_hydra_config=True,
        )
    launcher = {key: value for key, value in composed.hydra.launcher.items() if key[0] != "_"}
    retries = launcher.pop("max_num_timeout")
    launcher.pop("submitit_folder")
    shared = ("timeout_min", "cpus_per_task", "gpus_per_node", "tasks_per_node", "mem_gb", "nodes",
              "name", "stderr_to_stdout")  # fmt: skip
    launcher["name"] = "train"
    executor = submitit.AutoExecutor(
        tmp_path, cluster="slurm", slurm_max_num_timeout=retries, slurm_python="python"
    )
    executor.update_parameters(
        **{key if key in shared else f"slurm_{key}": value
           for key, value in launcher.items() if value is not None and value != {}}
    )  # fmt: skip
    text = executor._executor._make_submission_file_text("python train.py", "uid")
    for line in ("--partition=gpu", "--time=240", "--signal=USR2@120", "--requeue",
                 "--gpus-per-node=1", "--cpus-per-task=4"):  # fmt: skip
        assert f"#SBATCH {line}" in text, text
    assert retries == 20
