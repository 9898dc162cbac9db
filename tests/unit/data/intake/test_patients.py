import stat
from pathlib import Path

import pytest

from pdla.data.intake.patients import PatientOptions, group_patients, identify, read_mapping
from pdla.data.intake.pseudonyms import (
    Pseudonyms,
    open_pseudonyms,
    read_pseudonyms,
    secret_path,
)


def components(*ids: str, **explicit: str) -> tuple[int, ...]:
    options = PatientOptions()
    people = group_patients([identify(i, options, explicit.get(i, "")) for i in ids])
    return tuple(person.number for person in people)


def test_videos_that_share_a_code_or_a_number_are_one_patient() -> None:
    assert components(
        "TG6_5551_20220101_LA_1", "TG9_7777_20220101_LA_1", "TG9_5551_20220101_LA_1",
        "TG7_8888_20220101_LA_1",
    ) == (0, 0, 0, 1)  # fmt: skip


def test_leading_zeros_and_case_do_not_make_another_patient() -> None:
    assert components("TG06_0123_20220101_LA_1", "tg6_99_20220101_LA_1", "CG1_123_2022_LA") == (
        0, 0, 0,
    )  # fmt: skip


def test_the_same_number_code_of_two_groups_is_two_patients() -> None:
    assert components("TG1_1111_20220101_LA_1", "CG1_2222_20220101_LA_1") == (0, 1)


def test_an_explicit_patient_wins_over_code_and_number() -> None:
    first, second = "TG1_1111_20220101_LA_1", "TG1_1111_20220201_LA_1"
    assert components(first, second, **{first: "Ann", second: "Bob"}) == (0, 1)
    assert components(first, second, **{first: "Ann"}) == (0, 0)


def test_a_date_of_seven_digits_and_a_placeholder_number_are_noticed() -> None:
    odd = identify("TG18_18_2022428_LA_1", PatientOptions())
    assert odd.has_odd_date
    assert odd.has_short_number
    assert not identify("TG18_1234567_20220428_LA_1", PatientOptions()).has_odd_date


def test_an_id_of_another_kind_leaves_the_patient_unknown() -> None:
    assert not identify("holiday video", PatientOptions()).is_known
    assert identify("p7-visit2", PatientOptions(pattern=r"p(?P<number>\d+)")).number == "7"


def test_a_group_column_cannot_carry_a_formula_or_a_number() -> None:
    assert identify("a", PatientOptions(), group="=cmd|1234567").group == "cmd|#"


def test_a_pattern_that_finds_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match=r"recordings\.patients\.pattern"):
        PatientOptions(pattern="(?P<group>.*)")
    with pytest.raises(ValueError, match=r"recordings\.patients\.pattern"):
        PatientOptions(pattern="(")


def test_a_mapping_file_names_the_patients(tmp_path: Path) -> None:
    path = tmp_path / "who.csv"
    path.write_text("video,patient\nA,Ann\nB,\n")
    assert read_mapping(path) == {"a": "Ann"}
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="video and patient"):
        read_mapping(path)


def test_pseudonyms_depend_on_the_secret_and_on_nothing_else() -> None:
    one, same, other = Pseudonyms(b"1" * 32), Pseudonyms(b"1" * 32), Pseudonyms(b"2" * 32)
    assert one.name_all("P", ["a", "b"]) == same.name_all("P", ["b", "a"])
    assert one.name_all("P", ["a"]) != other.name_all("P", ["a"])
    assert one.name_all("P", ["a"])["a"][2:] != one.name_all("V", ["a"])["a"][2:]


def test_pseudonyms_that_would_be_the_same_get_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pdla.data.intake.pseudonyms.SHORT_DIGITS", 1)
    names = Pseudonyms(b"1" * 32).name_all("P", [str(n) for n in range(200)])
    assert len(set(names.values())) == 200


def test_the_secret_is_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    store = tmp_path / "deep" / "clinic"
    first = open_pseudonyms(store).digest("x", "y")
    path = secret_path(store)
    assert path == store.parent / "pdla.secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert open_pseudonyms(store).digest("x", "y") == first
    path.chmod(0o644)
    open_pseudonyms(store)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_damaged_secret_is_refused_with_the_way_out(tmp_path: Path) -> None:
    open_pseudonyms(tmp_path / "clinic")
    secret_path(tmp_path / "clinic").write_bytes(b"short")
    with pytest.raises(ValueError, match="5 bytes, expected 32"):
        open_pseudonyms(tmp_path / "clinic")


def test_all_stores_of_a_working_folder_have_one_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    clinic, other = Path("data/store/clinic"), Path("data/elsewhere/external")
    named = open_pseudonyms(clinic).digest("x", "y")
    assert open_pseudonyms(other).digest("x", "y") == named
    assert [path.name for path in tmp_path.rglob("*.secret")] == ["pdla.secret"]
    monkeypatch.chdir(tmp_path.parent)
    assert open_pseudonyms(tmp_path / clinic).digest("x", "y") == named


def test_the_secret_of_an_older_version_becomes_that_of_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stores = tmp_path / "data/store"
    stores.mkdir(parents=True)
    (stores / "scored.secret").write_bytes(b"s" * 32)
    (stores / "clinic.secret").write_bytes(b"c" * 32)
    expected = Pseudonyms(b"c" * 32).digest("x", "y")
    assert read_pseudonyms(stores / "scored").digest("x", "y") == expected
    assert not (tmp_path / "pdla.secret").exists()
    assert open_pseudonyms(stores / "scored").digest("x", "y") == expected
    assert (tmp_path / "pdla.secret").read_bytes() == b"c" * 32


def test_reading_makes_no_secret(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_pseudonyms(tmp_path / "store")
    assert not list(tmp_path.iterdir())
