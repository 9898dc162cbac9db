"""What training leaves in runs/ and in the store names no patient."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pdla.data.simulation import SimulationOptions, simulate_cohort
from tests.fixtures.places import ROOT
from tests.fixtures.runs import read_events


@pytest.mark.slow
def test_no_run_checkpoint_event_file_log_or_report_holds_a_patient_number(tmp_path: Path) -> None:
    simulate_cohort(tmp_path / "clinic", SimulationOptions(videos=16, traps="clinic"))
    folders = [path.name for path in (tmp_path / "clinic" / "LA").iterdir()]
    codes = {part for name in folders for part in re.findall(r"[CT]G\d+_", name)}
    numbers = {part for name in folders for part in re.findall(r"\d{7,8}", name)}
    whole_ids = {part for name in folders for part in re.findall(r"[CT]G\d+_\d+", name)}
    assert codes
    assert len(numbers) > 16
    assert len(whole_ids) >= len(codes)
    command = [
        sys.executable, str(ROOT / "train.py"), "recordings=clinic",
        f"recordings.videos={tmp_path}/clinic/LA",
        f"recordings.labels={tmp_path}/clinic/labels.xls",
        "trainer.max_epochs=1", "sampling.seconds=1", "sampling.stride_s=1", "drawing.height=16",
        "drawing.width=16", "split.n_folds=3", "split.n_val_folds=2", "model=resnet_lstm",
        "model.weights=none", "leg=R",
    ]  # fmt: skip
    work = tmp_path / "work"
    work.mkdir()
    done = subprocess.run(
        command, cwd=work, env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    texts = {"screen": done.stdout + done.stderr}
    for path in work.rglob("*"):
        texts[f"name of {path.name}"] = str(path.relative_to(work))
        if path.is_file():
            texts[path.name] = path.read_bytes().decode("latin-1")
    assert any(name.startswith("events.out") for name in texts)
    assert "worst-01.png" in texts
    (events,) = (read_events(path.parent) for path in work.rglob("result.json"))
    tags = events.Tags()
    texts["tags of TensorBoard"] = str(tags)
    for tag in (tag for tag in tags["tensors"] if tag.endswith("text_summary")):
        texts[tag] = events.Tensors(tag)[0].tensor_proto.string_val[0].decode()
    assert "left_out/text_summary" in texts
    assert {"result.json", "predictions.csv", "best.ckpt"} <= set(texts)
    for name, text in texts.items():
        # Four letters like TG2_ stand in megabytes of weights and packed pictures by chance; there
        # the code is looked for together with the number that follows it.
        is_packed = name.endswith((".ckpt", ".png")) or "tfevents" in name
        sought = whole_ids | numbers if is_packed else codes | numbers
        found = sorted(secret for secret in sought if secret in text)
        assert not found, f"{name}: {found}"
