"""Features of published scorers: their values on movements that are known, NaN where unseen."""

from dataclasses import replace

import numpy as np
import pytest

from pdla.data.kinematics.published import published_features
from pdla.data.quantities import PUBLISHED, quantity_names
from pdla.data.skeletons import JOINT
from tests.fixtures.people import make_recording


def features(amplitude=60.0, **changes):
    recording = make_recording("V", 12.0, amplitude, amplitude)
    keypoints = np.array(recording.keypoints)
    for joint, value in changes.items():
        keypoints[:, JOINT[joint]] = value
    return published_features(replace(recording, keypoints=keypoints), "R")


def test_every_feature_has_the_name_of_its_set_and_a_value():
    found = features()
    assert set(found) == {name for names in PUBLISHED.values() for name in names}
    assert [len(PUBLISHED[name]) for name in PUBLISHED] == [11, 23, 40]
    assert all(np.isfinite(value) for value in found.values())


def test_tempo_is_that_of_the_taps_and_even_taps_have_no_variation():
    found = features()
    tempo = found["visionmd_rate"]
    assert found["morinan_2023_mean_freq"] == pytest.approx(tempo, rel=0.1)
    assert found["li_2018_knee_peak_hz"] == pytest.approx(tempo, rel=0.1)
    assert found["morinan_2023_covar_amp"] < 0.1
    assert found["visionmd_amplitude_decay"] == pytest.approx(1, abs=0.1)
    assert found["morinan_2023_diff_amp"] == pytest.approx(0, abs=0.1)


def test_twice_the_height_is_twice_the_amplitude_and_speed():
    low, high = features(40.0), features(80.0)
    for name in ("morinan_2023_mean_amp", "visionmd_mean_amplitude", "li_2018_ankle_speed_max"):
        assert high[name] == pytest.approx(2 * low[name], rel=0.15), name


def test_a_set_whose_joints_were_not_seen_is_missing_and_the_others_are_not():
    found = features(RShoulder=(np.nan, np.nan, 0))
    assert all(np.isnan(found[name]) for name in PUBLISHED["visionmd"])
    assert all(np.isfinite(found[name]) for name in PUBLISHED["morinan_2023"])


def test_a_leg_that_never_moves_has_no_features():
    assert all(np.isnan(value) for value in features(0.0).values())


def test_sets_of_quantities_are_joined_in_order_and_unknown_ones_refused():
    names = quantity_names(["kinematics", "morinan_2023"])
    assert (names[0], names[-1]) == ("n_taps", "morinan_2023_diff_vel")
    for wrong in (["kelvin"], [], "kinematics"):
        with pytest.raises(ValueError, match=r"model\.quantities=.*: expected a list of"):
            quantity_names(wrong)
