"""Recordings in the layout of movement's data sets, there and back."""

from dataclasses import replace

import numpy as np
import pytest

import pdla
from pdla.data.skeletons import JOINT
from tests.fixtures.people import make_recording

pytest.importorskip("xarray")


def unseen_knee():
    recording = make_recording("V-7", seconds=2.0)
    keypoints = recording.keypoints.copy()
    keypoints[3:9, JOINT["LKnee"]] = (np.nan, np.nan, 0)
    return replace(recording, keypoints=keypoints)


def test_the_data_set_has_movements_dimensions_names_and_attributes():
    dataset = pdla.to_xarray(unseen_knee())
    assert dataset["position"].dims == ("time", "space", "keypoints", "individuals")
    assert dataset["confidence"].dims == ("time", "keypoints", "individuals")
    assert dataset["position"].shape == (60, 2, 25, 1)
    assert (dataset.attrs["fps"], dataset.attrs["time_unit"]) == (30.0, "seconds")
    assert float(dataset["time"][-1]) == pytest.approx(59 / 30)
    knee = dataset.sel(keypoints="LKnee", individuals="V-7", space="y")
    assert knee["position"].isnull().sum() == 6
    assert float(knee["position"][0]) == 570
    assert (knee["confidence"][3:9] == 0).all()


def test_a_recording_comes_back_as_it_was():
    recording = unseen_knee()
    back = pdla.from_xarray(pdla.to_xarray(recording))
    np.testing.assert_array_equal(back.keypoints, recording.keypoints)
    assert (back.video_id, back.fps, back.frame_size) == ("V-7", 30.0, (960, 540))


def test_names_of_other_tools_are_matched_and_unknown_ones_are_said(caplog):
    dataset = pdla.to_xarray(make_recording(seconds=1.0))
    chosen = dataset.sel(keypoints=["LKnee", "RAnkle", "Nose"]).assign_coords(
        keypoints=["left_knee", "Right Ankle", "tail_base"]
    )
    found = pdla.from_xarray(chosen.drop_vars("confidence"))
    assert found.keypoints[0, JOINT["LKnee"]].tolist() == [325, 570, 1]
    assert np.isfinite(found.keypoints[0, :, 0]).sum() == 2
    assert "tail_base" in caplog.text


def test_frame_rate_and_size_are_taken_from_times_and_reach_where_no_attribute_says_them():
    dataset = pdla.to_xarray(make_recording(seconds=1.0))
    del dataset.attrs["fps"], dataset.attrs["frame_size"]
    back = pdla.from_xarray(dataset)
    assert (back.fps, back.frame_size) == (pytest.approx(30.0), (800, 350))
    del dataset.attrs["time_unit"]
    with pytest.raises(ValueError, match="fps is missing"):
        pdla.from_xarray(dataset)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data.sel(keypoints=["Nose"]), "no knee, ankle or heel"),
        (lambda data: data.rename(individuals="people"), "no dimension individuals"),
        (lambda data: data.drop_vars("position"), "no variable `position`"),
    ],
)
def test_what_is_no_recording_of_legs_is_refused_in_a_line(change, message):
    with pytest.raises(ValueError, match=message):
        pdla.from_xarray(change(pdla.to_xarray(make_recording(seconds=1.0))))


def test_the_patient_must_be_named_among_several():
    import xarray

    recording = make_recording(seconds=1.0)
    people = [pdla.to_xarray(replace(recording, video_id=name)) for name in ("A", "B")]
    both = xarray.concat(people, "individuals")
    with pytest.raises(ValueError, match="choose one of A, B"):
        pdla.from_xarray(both)
    assert pdla.from_xarray(both, individual="B").video_id == "B"
