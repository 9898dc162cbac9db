"""One file that computes what the run computes, and the facts to feed it."""

import json

import lightning
import pytest
import torch
import yaml

from pdla.commands.export import ClipScorer, export_run, sample_batch, used_inputs
from pdla.report.study import read_run
from pdla.training.prediction import load_best
from tests.fixtures.configs import compose_config
from tests.fixtures.models import make_model
from tests.fixtures.studies import make_study

SMALL = (
    "sampling.seconds=1", "sampling.stride_s=1", "sampling.fps=12", "drawing.height=16",
    "drawing.width=16",
)  # fmt: skip
INPUTS = {
    "kinematic": ("kinematics",), "tcn": ("keypoints",), "stgcn": ("keypoints",),
    "kinematic_tcn": ("keypoints", "kinematics"), "resnet_lstm": ("clips",), "r3d": ("clips",),
    "posec3d": ("clips",),
}  # fmt: skip
LARGE = ("mc3", "r2plus1d", "x3d_s")
FULL_SIZE = ("mvit_v2_s", "s3d", "swin3d_t")  # they take no small clips
QUICK = ("kinematic", "tcn", "r3d")  # of each kind of input one
EACH = [
    pytest.param(name, marks=[pytest.mark.slow] * (name not in QUICK))
    for name in (*INPUTS, *LARGE, *FULL_SIZE)
]


def make_run(folder, name, *overrides):
    """A finished run with a checkpoint of random weights, which has never seen a score 4."""
    small = () if name in FULL_SIZE else SMALL
    config = compose_config(f"model={name}", "model.weights=none", *small, *overrides)
    make_study(folder, [name], ["R"], n_folds=3, only=[0])
    run = folder / f"{name}-R-fold0-seed0"
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    model = make_model(name, *small, *overrides)
    model.set_training_counts([9, 8, 7, 6, 0])
    trainer = lightning.Trainer(logger=False, enable_model_summary=False, accelerator="cpu")
    trainer.strategy.connect(model)
    trainer.save_checkpoint(run / "checkpoints" / "best.ckpt", weights_only=True)
    return run


def expected_of(run_dir, n_clips):
    """Inputs of more clips than the file was made with, and what the run says of them."""
    run = read_run(run_dir)
    batch = sample_batch(run)
    model = load_best(run).eval()
    inputs = used_inputs(model, batch)
    tensors = [batch[name].repeat(3, *[1] * (batch[name].ndim - 1))[:n_clips] for name in inputs]
    with torch.inference_mode():
        return inputs, tensors, ClipScorer(model, inputs)(*tensors)


@pytest.mark.parametrize("name", EACH)
def test_a_pt2_file_gives_the_probabilities_of_the_run_for_any_number_of_clips(tmp_path, name):
    run = make_run(tmp_path / "study", name)
    facts = export_run(run, tmp_path / "model.pt2")
    inputs, tensors, expected = expected_of(run, n_clips=5)
    found = torch.export.load(tmp_path / "model.pt2").module()(*tensors)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(found.sum(dim=1), torch.ones(5))
    assert (found[:, 4] == 0).all()
    assert inputs == INPUTS.get(name, ("clips",)) == tuple(facts["inputs"])


def test_the_export_of_another_run_is_never_overwritten(tmp_path):
    run = make_run(tmp_path / "study", "kinematic")
    out = tmp_path / "model.pt2"
    facts = export_run(run, out)
    card = out.with_suffix(".md").read_text()
    assert facts["sha256"] in card
    assert "Research only, not a medical device." in card
    assert "Quadratic weighted kappa" in card
    assert not facts["is_simulated"]
    export_run(run, out)  # its own may be made anew
    other = make_run(tmp_path / "others", "kinematic")
    other = other.rename(other.with_name("kinematic-R-fold0-seed0-longer"))
    before = out.with_suffix(".json").read_text()
    for name in ("model.pt2", "model.onnx"):
        with pytest.raises(ValueError, match="give this export another name"):
            export_run(other, tmp_path / name)
    out.with_suffix(".json").unlink()
    with pytest.raises(ValueError, match="nothing that says of which run"):
        export_run(run, out)
    out.with_suffix(".json").write_text('{"mine": 1}')
    with pytest.raises(ValueError, match="describes no export"):
        export_run(run, out)
    assert "mine" not in before


@pytest.mark.parametrize("name", EACH)
def test_an_onnx_file_gives_the_probabilities_of_the_run_for_any_number_of_clips(tmp_path, name):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    run = make_run(tmp_path / "study", name)
    export_run(run, tmp_path / "model.onnx")
    inputs, tensors, expected = expected_of(run, n_clips=3)
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    values = {key: tensor.numpy() for key, tensor in zip(inputs, tensors, strict=True)}
    (found,) = session.run(["probabilities"], values)
    torch.testing.assert_close(torch.from_numpy(found), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "loss", ["corn", *(pytest.param(loss, marks=pytest.mark.slow) for loss in ("clm", "focal"))]
)
def test_every_head_can_be_exported(tmp_path, loss):
    pytest.importorskip("onnxscript")
    run = make_run(tmp_path / "study", "tcn", f"loss={loss}")
    facts = export_run(run, tmp_path / "model.onnx")
    assert facts["largest_difference_to_the_run"] < 1e-5


def test_unseen_joints_are_handled_inside_of_the_file(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    run = make_run(tmp_path / "study", "tcn")
    export_run(run, tmp_path / "model.onnx")
    _, (keypoints,), _ = expected_of(run, n_clips=2)
    keypoints[0] = torch.tensor([torch.nan, torch.nan, 0.0])  # nobody there at all
    keypoints[1, ::2, :9] = torch.tensor([torch.nan, torch.nan, 0.0])
    with torch.inference_mode():
        expected = ClipScorer(load_best(read_run(run)).eval(), ("keypoints",))(keypoints)
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    (found,) = session.run(None, {"keypoints": keypoints.numpy()})
    torch.testing.assert_close(torch.from_numpy(found), expected, atol=1e-5, rtol=0)


def test_the_facts_say_how_to_feed_the_file_and_what_it_is_for(tmp_path):
    run = make_run(tmp_path / "study", "r3d")
    export_run(run, tmp_path / "out" / "model.pt2")
    facts = json.loads((tmp_path / "out" / "model.json").read_text())
    assert facts["intended_use"] == "Research only, not a medical device."
    assert facts["inputs"]["clips"]["shape"] == ["batch", 3, 12, 16, 16]
    assert (facts["preprocessing"]["seconds"], facts["preprocessing"]["fps"]) == (1, 12)
    assert facts["preprocessing"]["drawing"]["style"] == "scored_leg"
    assert facts["output"]["unsupported_scores"] == [4]
    assert facts["weights_source"] == "none"
    assert len(facts["data_hash"]) == 64
    assert [path.name for path in (tmp_path / "out").iterdir()].count("model.pt2") == 1
    assert not list((tmp_path / "out").glob(".part*"))


def test_a_network_that_the_exporter_does_not_know_is_one_line(tmp_path, monkeypatch):
    run = make_run(tmp_path / "study", "kinematic")

    def fail(*_, **__):
        raise RuntimeError("no such operation\nand hundreds of lines more")

    monkeypatch.setattr(torch.export, "export", fail)
    with pytest.raises(ValueError, match=r"kinematic cannot be written as \.pt2: no such") as error:
        export_run(run, tmp_path / "model.pt2")
    assert "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["study"]


def test_what_cannot_be_exported_is_one_line(tmp_path):
    run = make_run(tmp_path / "study", "kinematic")
    with pytest.raises(ValueError, match=r"choose a name that ends in \.onnx or \.pt2"):
        export_run(run, tmp_path / "model.bin")
    with pytest.raises(ValueError, match="no finished run"):
        export_run(tmp_path, tmp_path / "model.pt2")
    (run / "checkpoints" / "best.ckpt").unlink()
    with pytest.raises(ValueError, match="is gone; delete the run's folder"):
        export_run(run, tmp_path / "model.pt2")
    assert not (tmp_path / "model.pt2").exists()
