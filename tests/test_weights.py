"""Pre-trained weights, with and without a network; no test downloads anything."""

import pytest
import torch
from torch import nn
from torchvision.models import ResNet18_Weights

from pdla.models import weights
from pdla.models.weights import load_weights

PRETRAINED = ResNet18_Weights.IMAGENET1K_V1


@pytest.fixture(autouse=True)
def _no_network(monkeypatch, tmp_path):
    monkeypatch.setattr(weights, "_reachable", lambda url: False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    weights._pretrained_state.cache_clear()


def test_auto_without_network_or_cache_goes_on_from_scratch_and_says_so_loudly(caplog):
    assert load_weights(nn.Linear(2, 2), "auto", PRETRAINED) == "none"
    assert "TRAINING FROM SCRATCH" in caplog.text


def test_required_without_network_or_cache_says_where_to_put_the_file(tmp_path):
    with pytest.raises(ValueError, match=f"put resnet18-f37072fd.pth into {tmp_path}"):
        load_weights(nn.Linear(2, 2), "required", PRETRAINED)


def test_the_network_is_asked_for_once_a_process(monkeypatch):
    asked = []
    monkeypatch.setattr(weights, "_reachable", lambda url: asked.append(url) and False)
    for _ in range(3):
        load_weights(nn.Linear(2, 2), "auto", PRETRAINED)
    assert len(asked) == 1


def test_a_file_fills_the_layers_that_fit(tmp_path):
    source, target = nn.Linear(3, 2), nn.Linear(3, 2)
    torch.save(source.state_dict(), tmp_path / "own.pt")
    assert load_weights(target, str(tmp_path / "own.pt"), PRETRAINED) == "own.pt"
    torch.testing.assert_close(target.weight, source.weight)


def test_weights_of_another_network_are_refused(tmp_path):
    torch.save(nn.Linear(7, 7).state_dict(), tmp_path / "other.pt")
    with pytest.raises(ValueError, match="weights of another network"):
        load_weights(nn.Linear(3, 2), str(tmp_path / "other.pt"), PRETRAINED)


def test_a_path_that_is_not_there_is_an_error_with_the_path(tmp_path):
    with pytest.raises(ValueError, match=r"gone\.pt: no such file"):
        load_weights(nn.Linear(3, 2), str(tmp_path / "gone.pt"), PRETRAINED)
