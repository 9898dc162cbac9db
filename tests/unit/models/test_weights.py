"""Weights to start from, with and without a network; no test downloads anything."""

import hashlib
import time

import pytest
import torch
from torch import nn

from pdla.models import downloads
from pdla.models.downloads import Pretrained, fetch
from pdla.models.weights import load_file, load_pretrained
from tests.fixtures.models import batch_of, make_model, save_checkpoint

PRETRAINED = Pretrained("Weights.V1", "https://example.org/net-0123abcd.pth")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch, tmp_path):
    monkeypatch.setattr(downloads, "_answers", lambda url: False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    fetch.cache_clear()


def cache(content):
    """Put a published file into the cache."""
    raw = PRETRAINED.cached
    raw.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content, raw)
    digest = hashlib.sha256(raw.read_bytes()).hexdigest()[:8]
    named = Pretrained(PRETRAINED.name, f"https://example.org/net-{digest}.pth")
    raw.rename(named.cached)
    return named


def test_auto_without_network_or_cache_goes_on_from_scratch_and_says_so_loudly(caplog):
    assert load_pretrained(nn.Linear(2, 2), "auto", PRETRAINED) == "none"
    assert "TRAINING FROM SCRATCH" in caplog.text


def test_required_without_network_or_cache_says_where_to_put_the_file(tmp_path):
    with pytest.raises(ValueError, match=f"put net-0123abcd.pth into {tmp_path}"):
        load_pretrained(nn.Linear(2, 2), "required", PRETRAINED)


def test_the_network_is_asked_for_once_a_process_and_once_a_sweep(monkeypatch):
    asked = []
    monkeypatch.setattr(downloads, "_answers", lambda url: asked.append(url) and False)
    for _ in range(3):
        load_pretrained(nn.Linear(2, 2), "auto", PRETRAINED)
    fetch.cache_clear()  # as in the next process of the sweep
    load_pretrained(nn.Linear(2, 2), "auto", PRETRAINED)
    assert len(asked) == 1


def test_a_name_server_that_never_answers_is_given_up_in_time(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(downloads, "ANSWER_TIMEOUT_S", 0.05)
    monkeypatch.setattr(downloads, "_asks", lambda url: time.sleep(1) or True)
    started = time.perf_counter()
    assert not downloads._answers("https://example.org")
    assert time.perf_counter() - started < 0.5


def test_the_cache_is_used_without_network():
    source, target = nn.Linear(3, 2), nn.Linear(3, 2)
    assert load_pretrained(target, "required", cache(source.state_dict())) == "Weights.V1"
    torch.testing.assert_close(target.weight, source.weight)


def test_a_damaged_file_in_the_cache_is_refused_by_its_checksum():
    pretrained = cache(nn.Linear(3, 2).state_dict())
    with pretrained.cached.open("ab") as file:
        file.write(b"x")
    with pytest.raises(ValueError, match=r"SHA-256 begins .* delete it"):
        load_pretrained(nn.Linear(3, 2), "auto", pretrained)


def test_a_file_that_would_run_code_is_not_opened(tmp_path):
    torch.save({"state_dict": nn.Linear(2, 2)}, tmp_path / "code.pt")
    with pytest.raises(ValueError, match=r"code\.pt: not weights that can be opened safely"):
        load_file(nn.Linear(2, 2), tmp_path / "code.pt")


def test_a_checkpoint_of_a_run_fills_network_and_head_but_not_the_counts(tmp_path):
    first = make_model("tcn", "loss=coral")
    first.set_training_counts([5, 5, 5, 5, 5])
    with torch.no_grad():
        first.head.thresholds += 0.3
    path = tmp_path / "tcn-both-fold0-seed0" / "checkpoints" / "best.ckpt"
    path.parent.mkdir(parents=True)
    save_checkpoint(first, path)
    second = make_model("tcn", "loss=coral", f"model.weights={path}")
    n_layers = len(second.state_dict()) - 1
    assert (
        second.weights_source == f"tcn-both-fold0-seed0/best.ckpt ({n_layers} of {n_layers} layers)"
    )
    second.set_training_counts([5, 0, 5, 5, 5])
    batch = batch_of(2)
    torch.testing.assert_close(second.eval()(batch), first.eval()(batch))
    torch.testing.assert_close(second.head.thresholds, first.head.thresholds)
    assert (second.head.probabilities(second(batch))[:, 1] == 0).all()


def test_layers_that_do_not_fit_are_named_and_the_rest_is_filled(tmp_path, caplog):
    first = make_model("tcn")
    save_checkpoint(first, tmp_path / "best.ckpt")
    with caplog.at_level("INFO"):
        second = make_model("tcn", "loss=corn", f"model.weights={tmp_path / 'best.ckpt'}")
    assert "new: network.1.1.weight, network.1.1.bias" in second.weights_source
    assert "left: head.counts, network.1.1.weight, network.1.1.bias" in caplog.text
    torch.testing.assert_close(second.network[0].first[1].weight, first.network[0].first[1].weight)


def test_a_checkpoint_opens_without_the_file_it_started_from(tmp_path):
    start = tmp_path / "start.ckpt"
    save_checkpoint(make_model("tcn"), start)
    second = make_model("tcn", f"model.weights={start}")
    save_checkpoint(second, tmp_path / "second.ckpt")
    start.unlink()
    again = type(second).load_from_checkpoint(tmp_path / "second.ckpt", map_location="cpu")
    torch.testing.assert_close(again.network[1][1].weight, second.network[1][1].weight)


def test_a_bare_file_of_torchvision_fills_the_network_inside(tmp_path):
    from torchvision.models.video import mc3_18

    torch.save(mc3_18(weights=None).state_dict(), tmp_path / "mc3.pth")
    source = make_model("mc3", f"model.weights={tmp_path / 'mc3.pth'}").weights_source
    assert source.endswith("new: network.fc.1.weight, network.fc.1.bias")


def test_weights_of_another_network_are_one_clear_line(tmp_path):
    save_checkpoint(make_model("tcn"), tmp_path / "tcn.ckpt")
    with pytest.raises(ValueError, match="STGCN; weights of another network") as error:
        make_model("stgcn", f"model.weights={tmp_path / 'tcn.ckpt'}")
    assert "\n" not in str(error.value)


def test_a_path_that_is_not_there_is_an_error_with_the_path(tmp_path):
    with pytest.raises(ValueError, match=r"gone\.pt: no such file"):
        make_model("tcn", f"model.weights={tmp_path / 'gone.pt'}")


def test_weights_that_nobody_publishes_cannot_be_required():
    with pytest.raises(ValueError, match="nobody publishes weights for tcn"):
        make_model("tcn", "model.weights=required")
