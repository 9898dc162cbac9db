from pathlib import Path

import pytest
from omegaconf import OmegaConf

from pdla.data.intake import IntakeOptions, read_cohort, read_intake
from pdla.data.intake.pseudonyms import secret_path
from pdla.data.reasons import Reason
from pdla.data.recordings import Cohort
from tests.fixtures.clinics import HEADER, seated, write_clinic, write_sheet, write_video
from tests.fixtures.places import CONF

RECORDINGS = CONF / "recordings"
SCORES = [
    ("TG2_5550002_20220101_LA_1", 2, 1),
    ("CG1_5550001_20220101_LA_1", 0, 0),
    ("TG3_5550002_20220201_LA_1", "X", 3),
]


def read(root: Path, store: str = "store", config: dict[str, object] | None = None) -> Cohort:
    options = IntakeOptions.from_config(config or {})
    return read_cohort(root / "LA", root / "labels.xls", root / store, options)


def test_a_clinic_becomes_samples_in_the_order_of_the_sheet(tmp_path: Path) -> None:
    cohort = read(write_clinic(tmp_path, SCORES))
    assert [(s.leg, s.score, s.group) for s in cohort.samples] == [
        ("L", 2, "TG"), ("R", 1, "TG"), ("L", 0, "CG"), ("R", 0, "CG"), ("L", None, "TG"),
        ("R", 3, "TG"),
    ]  # fmt: skip
    patients = [sample.patient for sample in cohort.samples]
    assert patients[0] == patients[4] != patients[2]
    assert (cohort.n_rows, cohort.n_videos, cohort.exclusions) == (3, 3, ())
    assert len(cohort.rated("L")) == 2


def test_order_and_hash_do_not_depend_on_the_secret_or_the_place(tmp_path: Path) -> None:
    first = read(write_clinic(tmp_path / "a", SCORES))
    second = read(write_clinic(tmp_path / "b", SCORES))
    assert first.data_hash == second.data_hash
    assert first.samples[0].patient != second.samples[0].patient
    assert [(s.leg, s.score) for s in first.samples] == [(s.leg, s.score) for s in second.samples]


@pytest.mark.parametrize("row", [0, 2])
def test_the_hash_changes_with_scores_and_patients(tmp_path: Path, row: int) -> None:
    before = read(write_clinic(tmp_path / "a", SCORES)).data_hash
    changed = list(SCORES)
    changed[row] = {0: (SCORES[0][0], 2, 2), 2: ("TG3_5550003_20220201_LA_1", "X", 3)}[row]
    assert read(write_clinic(tmp_path / "b", changed)).data_hash != before


def test_rows_without_folder_and_folders_without_row_are_both_told(tmp_path: Path) -> None:
    write_clinic(tmp_path, SCORES)
    (tmp_path / "LA" / f"CV{SCORES[0][0]}Json").rename(
        tmp_path / "LA" / "CVTG2_5550002_20220110_LA_1Json"
    )
    cohort = read(tmp_path)
    assert [(e.leg, e.reason, e.detail) for e in cohort.exclusions] == [
        (None, Reason.NO_FOLDER, "did you mean folder 2 of 3 by name?")
    ]  # fmt: skip
    assert cohort.samples[-1].score is None
    assert len({sample.recording.video_id for sample in cohort.samples}) == 3


def test_two_folders_for_one_id_are_both_left_out(tmp_path: Path) -> None:
    write_clinic(tmp_path, SCORES)
    write_video(tmp_path / "LA" / SCORES[0][0].lower(), seated(120))
    cohort = read(tmp_path)
    reasons = [exclusion.reason for exclusion in cohort.exclusions]
    assert reasons.count(Reason.TWO_FOLDERS) == 2
    assert reasons.count(Reason.NO_FOLDER) == 1


@pytest.mark.parametrize("name", ["CV{}Json", "{}", "cv{}JSON", "{}json", " CV{}Json "])
def test_folder_names_are_taken_with_and_without_prefix_and_suffix(
    tmp_path: Path, name: str
) -> None:
    video_id = SCORES[0][0]
    write_clinic(tmp_path, SCORES[:1])
    folder = tmp_path / "LA" / f"CV{video_id}Json"
    folder.rename(tmp_path / "LA" / name.format(video_id))
    assert len(read(tmp_path).samples) == 2


@pytest.mark.parametrize(
    "video_id",
    [
        "a b c",
        "照片 影片",
        "line\nbreak",
        "..",
        "<script>alert(1)</script>",
        "=cmd|'1'!A1",
        "[red]x",
    ],
)
def test_strange_names_are_read_and_never_shown(tmp_path: Path, video_id: str) -> None:
    folder = tmp_path / "LA" / f"CV{video_id.replace('/', '_')}Json"
    write_video(folder, seated(120), name=video_id.replace("/", "_"))
    write_sheet(tmp_path / "labels.xls", [HEADER, (video_id.replace("/", "_"), 1, 2, "")])
    cohort = read(tmp_path, config={"patients": {"unknown": "own_patient"}})
    assert [sample.score for sample in cohort.samples] == [1, 2]
    assert all(video_id not in s.recording.video_id + s.patient + s.group for s in cohort.samples)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "LA", "labels.xls", "pdla.secret", "store",
    ]  # fmt: skip


def test_a_rated_video_of_nobody_known_is_left_out_unless_said_otherwise(tmp_path: Path) -> None:
    write_clinic(tmp_path, [("holiday", 1, 1), ("unrated", "X", "X")])
    cohort = read(tmp_path)
    assert [exclusion.reason for exclusion in cohort.exclusions] == [Reason.NO_PATIENT]
    assert [sample.score for sample in cohort.samples] == [None, None]
    own = read(tmp_path, config={"patients": {"unknown": "own_patient"}})
    assert len({sample.patient for sample in own.samples}) == 2


def test_a_patient_column_and_a_mapping_file_win(tmp_path: Path) -> None:
    write_clinic(tmp_path, SCORES)
    rows = [("video", "left", "right", "patient", "group")]
    rows += [(*row, name, "site <1>") for row, name in zip(SCORES, "aab", strict=True)]
    write_sheet(tmp_path / "labels.xls", rows)
    patients = [sample.patient for sample in read(tmp_path).samples[::2]]
    assert patients[0] == patients[1] != patients[2]
    mapping = tmp_path / "who.csv"
    mapping.write_text(f"video,patient\n{SCORES[0][0]},z\n")
    mapped = read(tmp_path, config={"patients": {"mapping": str(mapping)}})
    assert len({sample.patient for sample in mapped.samples}) == 3


def test_a_score_off_the_scale_costs_one_leg_only(tmp_path: Path) -> None:
    write_clinic(tmp_path, [("TG1_5550001_20220101_LA_1", 7, 1)])
    cohort = read(tmp_path)
    assert [(s.leg, s.score) for s in cohort.samples] == [("R", 1)]
    only = cohort.exclusions[0]
    assert (only.leg, only.reason, only.detail) == ("L", Reason.SCORE_OFF_SCALE, "7")
    assert only.place == "row 2"


def test_without_labels_every_video_is_unrated(tmp_path: Path) -> None:
    write_clinic(tmp_path, SCORES)
    cohort = read_cohort(tmp_path / "LA", None, tmp_path / "store", IntakeOptions())
    assert [sample.score for sample in cohort.samples] == [None] * 6


def test_merged_patients_are_told_by_row(tmp_path: Path) -> None:
    intake = read_intake(
        write_clinic(tmp_path, SCORES) / "LA", tmp_path / "labels.xls", tmp_path / "s",
        IntakeOptions(),
    )  # fmt: skip
    assert [(m.places, m.n_codes, m.n_numbers) for m in intake.merged] == [
        (("row 2", "row 4"), 2, 1)
    ]
    assert intake.n_patients == 2


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda root: None, "no such folder of videos"),
        (lambda root: (root / "LA").mkdir(), "the folder is empty"),
        (lambda root: write_video(root / "LA" / "deep" / "v", seated(3)), "one folder deeper"),
        (lambda root: ((root / "LA").mkdir(), (root / "LA" / "a.txt").touch()), "no OpenPose"),
        (
            lambda root: (
                (root / "LA").mkdir(),
                (root / "LA" / "a.csv").write_text("px,py,p1234567"),
            ),
            r"has the columns 'px,py,p#'",
        ),
    ],
)
def test_a_folder_with_nothing_to_read_says_what_to_give(
    tmp_path: Path, make: object, words: str
) -> None:
    make(tmp_path)
    with pytest.raises((ValueError, FileNotFoundError), match=words) as error:
        read_cohort(tmp_path / "LA", None, tmp_path / "store", IntakeOptions())
    assert "\n" not in str(error.value)
    assert not secret_path(tmp_path / "store").exists()


def test_loops_of_links_do_not_hang(tmp_path: Path) -> None:
    write_clinic(tmp_path, SCORES)
    (tmp_path / "LA" / "loop").symlink_to(tmp_path / "LA")
    (tmp_path / "LA" / "self").symlink_to("self")
    (tmp_path / "LA" / "gone").symlink_to("nowhere")
    assert len(read(tmp_path).samples) == 6


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ({"openpose": {"fsp": 30}}, r"openpose\.fsp: no such option; did you mean fps\?"),
        ({"color": 1}, r"color: no such option; there are .*quality"),
        ({"openpose": {"fps": "x"}}, r"openpose\.fps='x': expected a number$"),
        ({"openpose": {"fps": True}}, r"openpose\.fps=True: expected a number$"),
        ({"openpose": {"fps": 0}}, r"openpose\.fps=0.*: expected 1 to 1000$"),
        ({"quality": 3}, r"quality=3: expected a section with options$"),
        ({"workers": 0}, r"workers=0: expected 'auto' or more than 0$"),
        ({"workers": "two"}, r"workers='two': expected 'auto' or a whole number$"),
        (
            {"sheet": {"round": "up"}},
            r"sheet\.round='up': expected 'never', 'half_up', 'half_d",
        ),
        ({"sheet": {"left": True}}, r"sheet\.left=True: expected text"),
        ({"patients": {"unknown": None}}, r"patients\.unknown=None: expected 'exclude' or"),
        ({"folders": {"ignore_case": "no"}}, r"folders\.ignore_case='no': expected true or false$"),
        ({"quality": {"warn_leg": float("nan")}}, r"quality\.warn_leg=nan: expected a number$"),
    ],
)
def test_a_wrong_option_is_one_line_that_names_it(config: dict[str, object], line: str) -> None:
    with pytest.raises(ValueError, match=rf"^recordings\.{line}") as error:
        IntakeOptions.from_config(config)
    assert "\n" not in str(error.value)


def test_columns_and_marks_may_be_numbers() -> None:
    sheet = IntakeOptions.from_config({"sheet": {"left": [1, "b"], "unrated": [9]}}).sheet
    assert (list(sheet.left), list(sheet.unrated)) == (["1", "b"], ["9"])


def test_clinic_yaml_holds_every_option_with_its_default() -> None:
    config = OmegaConf.to_container(OmegaConf.load(RECORDINGS / "clinic.yaml"))
    options = IntakeOptions.from_config(config)

    def plain(value: object) -> object:
        if hasattr(value, "__dataclass_fields__"):
            return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
        return list(value) if isinstance(value, tuple) else value

    default = plain(IntakeOptions())
    assert plain(options) == default
    for section, values in default.items():
        given = config[section]
        assert (set(given) if isinstance(given, dict) else given) == (
            set(values) if isinstance(values, dict) else values
        )
