"""Features of a leg's flow, against signals whose tempo, size and decrement are known."""

import numpy as np
import pytest

from pdla.data.signals import FEATURES, LegSignal, signal_features

FPS = 30.0


def make_signal(rate_hz=2.0, size=0.01, seconds=8.0, end_size=None, jitter=0.0, sideways=0.2):
    time_s = np.arange(round(seconds * FPS)) / FPS
    envelope = np.linspace(size, size if end_size is None else end_size, len(time_s))
    noise = np.random.default_rng(0).normal(0, jitter, len(time_s)).cumsum()
    vertical = envelope * np.sin(2 * np.pi * rate_hz * time_s + noise)
    horizontal = sideways * vertical
    flow = np.stack([np.hypot(horizontal, vertical), horizontal, vertical])
    return LegSignal("trial 1", "L", flow, FPS, "1", 1.0)


def features(**options):
    return dict(zip(FEATURES, signal_features(make_signal(**options)), strict=True))


@pytest.mark.parametrize("rate_hz", [0.8, 2.0, 4.5])
def test_tempo_is_that_of_the_taps(rate_hz):
    found = features(rate_hz=rate_hz)
    assert found["frequency_hz"] == pytest.approx(rate_hz, abs=0.1)
    assert found["taps_per_s"] == pytest.approx(rate_hz, rel=0.05)


def test_size_and_power_grow_with_the_movement():
    small, large = features(size=0.01), features(size=0.02)
    assert large["amplitude"] == pytest.approx(2 * small["amplitude"], rel=0.01)
    assert large["power"] == pytest.approx(4 * small["power"], rel=0.01)
    assert large["speed"] == pytest.approx(2 * small["speed"], rel=0.01)


def test_a_movement_that_falls_off_has_a_negative_decrement():
    assert features(end_size=0.004)["decrement"] < -0.4
    assert features(end_size=0.004)["speed_slope"] < -0.4
    assert abs(features()["decrement"]) < 0.15


def test_an_irregular_movement_has_less_regularity_and_more_entropy():
    even, odd = features(), features(jitter=0.35)
    assert odd["regularity"] < even["regularity"] - 0.2
    assert odd["spectral_entropy"] > even["spectral_entropy"]
    assert odd["cycle_cv"] > even["cycle_cv"]


def test_a_foot_that_never_moves_has_finite_features():
    still = LegSignal("trial 1", "R", np.zeros((3, 90)), FPS, "1", None)
    assert np.isfinite(signal_features(still)).all()


@pytest.mark.parametrize(
    "flow", [np.zeros((2, 9)), np.zeros((3, 0)), np.full((3, 9), np.nan), np.zeros(9)]
)
def test_what_is_no_flow_is_refused(flow):
    with pytest.raises(ValueError, match="trial 1: flow"):
        LegSignal("trial 1", "L", flow, FPS, "1", 1.0)
