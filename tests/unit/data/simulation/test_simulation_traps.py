"""Every trap alone does what it says, and truth.csv says where."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson
import pytest
from python_calamine import CalamineWorkbook

from pdla.data.simulation import SimulationOptions, simulate_cohort
from pdla.data.simulation.clinic import TRAPS
from pdla.data.simulation.file_traps import BODY_25B, NAMINGS
from pdla.data.simulation.options import CLINIC_TRAPS, ONE_OF_EACH, TRAP_RATES, place_traps
from pdla.data.skeletons import JOINT


class Trapped(NamedTuple):
    out: Path
    folder: Path
    row: dict[str, str]
    detail: str
    clean: np.ndarray  # (T, 25, 3) of the same video without the trap

    def people(self) -> dict[int, list[np.ndarray]]:
        """Keypoint lists of each frame by its number."""
        return {
            int(path.name.split("_")[-2]): [
                np.array(person["pose_keypoints_2d"])
                for person in orjson.loads(path.read_bytes())["people"]
            ]
            for path in sorted(self.folder.iterdir())
        }


def frames_of(text: str) -> list[int]:
    ranges = [part.split("-") for part in text.split() if part[0].isdigit()]
    return [frame for ends in ranges for frame in range(int(ends[0]), int(ends[-1]) + 1)]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    out = tmp_path_factory.mktemp("clean") / "out"
    simulate_cohort(out, SimulationOptions(videos=1, fps=10, traps="none"))
    files = sorted((out / "LA").rglob("*.json"))
    lists = [orjson.loads(p.read_bytes())["people"][0]["pose_keypoints_2d"] for p in files]
    return np.array(lists).reshape(-1, 25, 3)


@pytest.fixture
def trapped(request: pytest.FixtureRequest, tmp_path: Path, clean: np.ndarray) -> Trapped:
    name = request.param
    out = tmp_path / "out"
    simulate_cohort(out, SimulationOptions(videos=1, fps=10, traps=(name,)))
    with (out / "truth.csv").open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    assert row["traps"] == name
    detail = row["trap_details"].partition("=")[2]
    folder = next(iter((out / "LA").iterdir()), out / "LA")
    return Trapped(out, folder, row, detail, clean)


def only(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("trapped", [name], indirect=True)


@only("other_people")
def test_other_people_stand_around_the_patient(trapped: Trapped) -> None:
    people = trapped.people()
    shared = [frame for frame, listed in people.items() if len(listed) > 1]
    assert shared
    assert shared == frames_of(trapped.detail.split(maxsplit=1)[1])
    for frame, place in enumerate(trapped.row["patient_place"]):
        assert (people[frame][int(place)] == trapped.clean[frame].ravel()).all()


@only("empty_frames")
def test_nobody_is_found_in_empty_frames(trapped: Trapped) -> None:
    empty = [frame for frame, listed in trapped.people().items() if not listed]
    assert empty == frames_of(trapped.detail) != []


@only("empty_person")
def test_an_empty_person_has_an_empty_list(trapped: Trapped) -> None:
    people = trapped.people()
    empty = [f for f, listed in people.items() if any(len(pose) == 0 for pose in listed)]
    assert empty == frames_of(trapped.detail) != []
    for frame, place in enumerate(trapped.row["patient_place"]):
        assert len(people[frame][int(place)]) == 75


@only("leg_swaps")
def test_swapped_legs_are_the_others_joints(trapped: Trapped) -> None:
    swapped = frames_of(trapped.detail)
    for frame, [pose] in trapped.people().items():
        joints, clean = pose.reshape(25, 3), trapped.clean[frame]
        knees = [JOINT["LKnee"], JOINT["RKnee"]]
        expected = clean[knees[::-1] if frame in swapped else knees]
        assert (joints[knees] == expected).all()
    assert swapped


@only("missing_ankles")
def test_missing_ankles_take_the_feet_along(trapped: Trapped) -> None:
    for leg_part in trapped.detail.split("L ")[-1:]:
        assert frames_of(leg_part)
    lost = 0
    for frame, [pose] in trapped.people().items():
        joints = pose.reshape(25, 3)
        for leg in "LR":
            if (joints[JOINT[f"{leg}Ankle"]] == 0).all() and trapped.clean[
                frame, JOINT[f"{leg}Ankle"], 2
            ]:
                assert (joints[JOINT[f"{leg}Heel"]] == 0).all()
                lost += 1
    assert lost >= 0.6 * len(trapped.clean) * 0.9


@only("upper_body_only")
def test_only_the_upper_body_is_seen(trapped: Trapped) -> None:
    poses = np.array([listed[0] for listed in trapped.people().values()]).reshape(-1, 25, 3)
    assert (poses[:, [*range(8, 15), *range(19, 25)]] == 0).all()
    assert poses[:, JOINT["Neck"], 2].mean() > 0.3
    assert trapped.row["is_scorable"] == "False"


@only("normalised_coordinates")
def test_normalised_coordinates_stay_within_one(trapped: Trapped) -> None:
    poses = np.array([listed[0] for listed in trapped.people().values()]).reshape(-1, 25, 3)
    low = 0.0 if trapped.detail == "0 to 1" else -1.0
    assert low <= poses[..., :2].min()
    assert poses[..., :2].max() <= 1.0
    seen = poses[..., 2] > 0
    unit = (poses[..., :2] - low) / (1 - low) * [540, 960]
    assert np.abs(unit - trapped.clean[..., :2])[seen].max() < 0.01


@only("body25b_layout")
def test_body25b_has_the_same_length_and_another_meaning(trapped: Trapped) -> None:
    poses = np.array([listed[0] for listed in trapped.people().values()]).reshape(-1, 25, 3)
    assert (poses[:, BODY_25B.index("LHip")] == trapped.clean[:, JOINT["LHip"]]).all()
    assert (poses[:, 1] == trapped.clean[:, JOINT["LEye"]]).all()


@only("coco_layout")
def test_coco_has_18_points(trapped: Trapped) -> None:
    assert {len(listed[0]) for listed in trapped.people().values()} == {54}


@only("stale_tail")
def test_a_stale_tail_jumps_to_someone_else(trapped: Trapped) -> None:
    poses = np.array([listed[0] for listed in trapped.people().values()]).reshape(-1, 25, 3)
    start, n_clean = frames_of(trapped.detail)[0], len(trapped.clean)
    assert start == n_clean == int(trapped.row["n_frames"])
    assert len(poses) == frames_of(trapped.detail)[-1] + 1
    hips = poses[:, JOINT["MidHip"], :2][poses[:, JOINT["MidHip"], 2] > 0]
    jumps = np.linalg.norm(np.diff(hips, axis=0), axis=1)
    assert jumps.max() > 5 * np.median(jumps) + 20
    assert (poses[:start] == trapped.clean).all()


@only("frame_gaps")
def test_gaps_are_missing_frame_numbers(trapped: Trapped) -> None:
    missing = set(range(len(trapped.clean))) - set(trapped.people())
    assert missing == set(frames_of(trapped.detail)) != set()
    assert int(trapped.row["n_files"]) == len(trapped.clean) - len(missing)


@only("truncated_json")
def test_truncated_files_are_no_json(trapped: Trapped) -> None:
    broken = []
    for number, path in enumerate(sorted(trapped.folder.iterdir())):
        try:
            orjson.loads(path.read_bytes())
        except orjson.JSONDecodeError:
            broken.append(number)
            assert path.stat().st_size > 0
    assert broken == frames_of(trapped.detail) != []


@only("empty_file")
def test_empty_files_hold_nothing(trapped: Trapped) -> None:
    empty = [
        n for n, path in enumerate(sorted(trapped.folder.iterdir())) if not path.stat().st_size
    ]
    assert empty == frames_of(trapped.detail) != []


@only("extra_points")
def test_extra_points_make_26(trapped: Trapped) -> None:
    longer = [frame for frame, [pose] in trapped.people().items() if len(pose) == 78]
    assert longer == frames_of(trapped.detail) != []


@only("stray_files")
def test_strays_lie_among_the_frames(trapped: Trapped) -> None:
    names = {path.name for path in trapped.folder.iterdir()}
    assert set(trapped.detail.split()) == {n for n in names if "keypoints" not in n} != set()


@only("other_naming")
def test_other_names_are_those_of_other_sites(trapped: Trapped) -> None:
    folder, file = trapped.detail.split("/")
    video_id = trapped.row["video_id"]
    assert (folder, file) in NAMINGS
    assert trapped.folder.name == folder.format(id=video_id)
    assert (trapped.folder / file.format(id=video_id, frame=0)).is_file()


@only("rare_paths")
def test_rare_paths_have_spaces_and_chinese(trapped: Trapped) -> None:
    name = next(trapped.folder.iterdir()).name
    assert " " in name
    assert not name.isascii()


@only("unlabelled_video")
def test_an_unlabelled_video_has_a_folder_and_no_row(trapped: Trapped) -> None:
    sheet = CalamineWorkbook.from_path(str(trapped.out / "labels.xls")).get_sheet_by_index(0)
    assert len(sheet.to_python()) == 1
    assert len(list(trapped.folder.iterdir())) == len(trapped.clean)


@only("label_without_video")
def test_a_label_without_video_has_a_row_and_no_folder(trapped: Trapped) -> None:
    sheet = CalamineWorkbook.from_path(str(trapped.out / "labels.xls")).get_sheet_by_index(0)
    assert len(sheet.to_python()) == 2
    assert list((trapped.out / "LA").iterdir()) == []
    assert trapped.row["n_files"] == "0"


def test_every_trap_has_a_rate_and_a_maker() -> None:
    made_elsewhere = {"unlabelled_video", "label_without_video"}
    assert set(TRAPS) | made_elsewhere == set(TRAP_RATES)
    assert set(CLINIC_TRAPS) <= set(TRAP_RATES)


def test_traps_stand_at_their_rates_and_rivals_never_meet() -> None:
    placed = place_traps(400, TRAP_RATES, seed=0)
    for name, rate in TRAP_RATES.items():
        count = sum(name in names for names in placed)
        assert 0.85 * rate * 400 <= count <= rate * 400 + 1, name
    for group in ONE_OF_EACH:
        assert all(len(set(group) & set(names)) <= 1 for names in placed)


def test_a_trap_stands_where_it_does_whatever_the_others_are() -> None:
    alone = place_traps(60, {"leg_swaps": 0.4}, seed=2)
    among = place_traps(60, {"empty_frames": 0.3, "leg_swaps": 0.4, "frame_gaps": 0.1}, seed=2)
    assert [("leg_swaps" in names) for names in alone] == ["leg_swaps" in names for names in among]


def test_all_traps_together_can_be_written(tmp_path: Path) -> None:
    simulate_cohort(tmp_path / "out", SimulationOptions(videos=12, fps=5, traps="all"))
    with (tmp_path / "out" / "truth.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {name for row in rows for name in row["traps"].split(";") if name} == set(TRAP_RATES)


@only("camera_drift")
def test_a_drifting_camera_moves_the_whole_picture_by_a_tenth_of_its_height(
    trapped: Trapped,
) -> None:
    frames = trapped.people()
    hips = np.array([frames[frame][0].reshape(25, 3)[JOINT["MidHip"], :2] for frame in frames])
    moved = hips - trapped.clean[:, JOINT["MidHip"], :2]
    assert np.ptp(moved, axis=0) == pytest.approx([96.0, 96.0], abs=1.0)


@only("cropped_at_knee")
def test_a_picture_cropped_at_the_knee_has_no_hips(trapped: Trapped) -> None:
    people = np.array([lists[0] for lists in trapped.people().values()]).reshape(-1, 25, 3)
    seen = (people[..., 2] > 0).mean(axis=0)
    assert seen[[JOINT[name] for name in ("Neck", "MidHip", "RHip", "LHip")]].max() == 0
    assert 0.5 < seen[JOINT["RKnee"]] < 1 or 0.5 < seen[JOINT["LKnee"]] < 1
    assert seen[JOINT["RAnkle"]] > 0.9
