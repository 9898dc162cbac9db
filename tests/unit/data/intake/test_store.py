import contextlib
import multiprocessing
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from pdla.data.intake import store as store_module
from pdla.data.intake.pseudonyms import Pseudonyms
from pdla.data.intake.store import RecordingStore, StoredVideo, VideoSource
from pdla.data.openpose import OpenPoseOptions
from pdla.data.reasons import Reason
from tests.fixtures.clinics import seated, write_clinic, write_video

PSEUDONYMS = Pseudonyms(b"s" * 32)


def open_all(
    root: Path, source: Path, workers: int = 1, **options: object
) -> dict[str, StoredVideo]:
    videos = {f"V-{n}": VideoSource(path) for n, path in enumerate(sorted(source.iterdir()))}
    store = RecordingStore(root, PSEUDONYMS, OpenPoseOptions(**options))
    return store.open_videos(source, videos, workers)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for number in range(3):
        write_video(tmp_path / "LA" / f"v{number}", seated(30, shift=(number, 0)))
    return tmp_path / "LA"


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Videos that were parsed since the last look."""
    seen: list[str] = []
    original = store_module.parse_all

    def spy(tasks: list[store_module.ParseTask], workers: int) -> object:
        seen.extend(task.video_id for task in tasks)
        return original(tasks, workers)

    monkeypatch.setattr(store_module, "parse_all", spy)
    return seen


def test_a_video_is_parsed_once_and_mapped_from_then_on(
    tmp_path: Path, source: Path, parsed: list[str]
) -> None:
    first = open_all(tmp_path / "s", source)
    again = open_all(tmp_path / "s", source)
    assert parsed == ["V-0", "V-1", "V-2"]
    for video, stored in again.items():
        assert stored.recording is not None
        assert isinstance(stored.recording.keypoints, np.memmap)
        assert not stored.recording.keypoints.flags.writeable
        assert stored.sha256 == first[video].sha256
        assert stored.facts == first[video].facts


def test_only_a_changed_video_is_parsed_again(
    tmp_path: Path, source: Path, parsed: list[str]
) -> None:
    before = open_all(tmp_path / "s", source)
    parsed.clear()
    frame = sorted((source / "v1").iterdir())[7]
    frame.write_bytes(b'{"people": []}')
    after = open_all(tmp_path / "s", source)
    assert parsed == ["V-1"]
    assert before["V-1"].sha256 != after["V-1"].sha256
    assert before["V-0"].sha256 == after["V-0"].sha256


def test_touched_files_are_read_but_their_keypoints_are_not_written_again(
    tmp_path: Path, source: Path
) -> None:
    open_all(tmp_path / "s", source)
    written = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "s").glob("*.npy")}
    for frame in (source / "v1").iterdir():
        os.utime(frame, (1, 1))
    open_all(tmp_path / "s", source)
    assert written == {
        path.name: path.stat().st_mtime_ns for path in (tmp_path / "s").glob("*.npy")
    }


def test_other_options_parse_again(tmp_path: Path, source: Path, parsed: list[str]) -> None:
    open_all(tmp_path / "s", source)
    open_all(tmp_path / "s", source, fps=25)
    assert len(parsed) == 6


def test_a_video_that_is_gone_leaves_nothing_behind(tmp_path: Path, source: Path) -> None:
    open_all(tmp_path / "s", source)
    for frame in (source / "v2").iterdir():
        frame.unlink()
    (source / "v2").rmdir()
    open_all(tmp_path / "s", source)
    assert len(list((tmp_path / "s").glob("*.npy"))) == 2
    assert "V-2" not in (tmp_path / "s" / "index.json").read_text()


def test_two_input_folders_share_a_store(tmp_path: Path, source: Path, parsed: list[str]) -> None:
    other = tmp_path / "other"
    write_video(other / "v0", seated(40))
    open_all(tmp_path / "s", source)
    assert open_all(tmp_path / "s", other)["V-0"].facts.n_frames == 40
    parsed.clear()
    assert open_all(tmp_path / "s", source)["V-0"].facts.n_frames == 30
    assert not parsed


@pytest.mark.parametrize("damage", ["index", "truncated", "flipped", "missing", "version", "facts"])
def test_a_damaged_store_is_noticed_and_built_again(
    tmp_path: Path, source: Path, damage: str
) -> None:
    root = tmp_path / "s"
    expected = {video: stored.sha256 for video, stored in open_all(root, source).items()}
    array = sorted(root.glob("*.npy"))[1]
    content = array.read_bytes()
    index = root / "index.json"
    if damage == "index":
        index.write_bytes(index.read_bytes()[:100])
    elif damage == "version":
        index.write_text('{"version": -1, "videos": {"a": 3}}')
    elif damage == "facts":
        index.write_text(index.read_text().replace('"n_frames"', '"frames"'))
    elif damage == "truncated":
        array.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        array.write_bytes(content[:-500] + bytes([content[-500] ^ 1]) + content[-499:])
    else:
        array.unlink()
    opened = open_all(root, source)
    assert {video: stored.sha256 for video, stored in opened.items()} == expected
    assert all(stored.recording is not None for stored in opened.values())


def test_a_read_only_input_is_fine(tmp_path: Path, source: Path) -> None:
    for path in [*source.rglob("*"), source]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = sorted(path.name for path in source.rglob("*"))
    try:
        assert len(open_all(tmp_path / "s", source)) == 3
    finally:
        for path in [source, *source.iterdir()]:
            path.chmod(0o755)
    assert sorted(path.name for path in source.rglob("*")) == before


def _build(root: Path, source: Path, ready: object, result: object) -> None:
    ready.wait()
    opened = open_all(root, source)
    result.put(sorted(stored.sha256 for stored in opened.values()))


def test_two_processes_at_once_get_the_same_and_parse_once(tmp_path: Path, source: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready, result = context.Barrier(2), context.Queue()
    arguments = (tmp_path / "s", source, ready, result)
    process = context.Process(target=_build, args=arguments)
    process.start()
    _build(*arguments)  # the other process is this one
    first, second = result.get(timeout=60), result.get(timeout=60)
    process.join()
    assert first == second
    assert len(list((tmp_path / "s").glob("*.npy"))) == 3
    assert not list((tmp_path / "s").glob("*.part*"))


def _build_slowly(root: Path, source: Path) -> None:
    from pdla.data.intake import parsing

    original = parsing._write_array

    def write_slowly(target: Path, keypoints: np.ndarray) -> None:
        original(target, keypoints)
        target.with_name(".V-0.01234567.1-ab.part.npy").write_bytes(b"half")
        time.sleep(5)

    parsing._write_array = write_slowly
    open_all(root, source)


def test_a_killed_build_leaves_nothing_half_written(tmp_path: Path, source: Path) -> None:
    root = tmp_path / "s"
    process = multiprocessing.get_context("spawn").Process(
        target=_build_slowly, args=(root, source)
    )
    process.start()
    deadline = time.monotonic() + 30
    while not list(root.glob("*.part*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert len(open_all(root, source)) == 3
    assert not list(root.glob("*.part*"))


def test_several_processes_parse_to_the_same_keypoints(tmp_path: Path) -> None:
    write_clinic(tmp_path, [(f"TG{n}_{5550 + n}_20220101_LA_1", 1, 1) for n in range(13)], 10)
    one = open_all(tmp_path / "one", tmp_path / "LA", workers=1)
    two = open_all(tmp_path / "two", tmp_path / "LA", workers=2)
    assert [stored.sha256 for stored in one.values()] == [s.sha256 for s in two.values()]


def test_more_videos_than_open_files_are_read_into_memory(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_spare_files", lambda n_wanted: 1)
    opened = [stored.recording.keypoints for stored in open_all(tmp_path / "s", source).values()]
    assert [isinstance(keypoints, np.memmap) for keypoints in opened] == [True, False, False]


def test_a_store_never_touches_what_is_not_its_own(tmp_path: Path, source: Path) -> None:
    root = tmp_path / "s"
    open_all(root, source)
    mine = {root / name: name.encode() for name in ("embedding.npy", "x.tmp", "V-mine.npy", ".a")}
    for path, content in mine.items():
        path.write_bytes(content)
    (source / "v2").rename(tmp_path / "gone")
    open_all(root, source)
    assert {path: path.read_bytes() for path in mine} == mine
    assert len(list(root.glob("V-*.npy"))) == 3


@pytest.mark.parametrize("name", ["thesis.npy", "index.json", "notes/a.txt"])
def test_a_folder_that_is_no_store_is_refused_as_it_is(
    tmp_path: Path, source: Path, name: str
) -> None:
    path = tmp_path / "mine" / name
    path.parent.mkdir(parents=True)
    path.write_text("[1, 2]")
    (tmp_path / "mine" / "other.npy").write_text("3")
    with pytest.raises(ValueError, match="no store of pdla"):
        open_all(tmp_path / "mine", source)
    assert path.read_text() == "[1, 2]"
    assert len(list((tmp_path / "mine").iterdir())) == (1 if name == "other.npy" else 2)


def test_nothing_is_written_through_links(tmp_path: Path, source: Path) -> None:
    root, victim = tmp_path / "s", tmp_path / "victim"
    open_all(root, source)
    for name in [path.name for path in root.iterdir()]:
        victim.write_text("mine")
        (root / name).unlink()
        (root / name).symlink_to(victim)
        with contextlib.suppress(ValueError):
            open_all(root, source)
        assert victim.read_text() == "mine"
        (root / name).unlink(missing_ok=True)


def test_a_changed_fps_in_the_index_is_noticed(tmp_path: Path, source: Path) -> None:
    root = tmp_path / "s"
    open_all(root, source)
    index = root / "index.json"
    index.write_text(index.read_text().replace('"fps": 30', '"fps": 15', 1))
    assert open_all(root, source)["V-0"].recording.fps == 30


def test_what_was_read_before_is_opened_without_writing(tmp_path: Path, source: Path) -> None:
    videos = {"V-0": VideoSource(source / "v0")}
    store = RecordingStore(tmp_path / "s", PSEUDONYMS, OpenPoseOptions())
    with pytest.raises(ValueError, match="not in the store"):
        store.open_stored(source, videos)
    assert not (tmp_path / "s").exists()
    stored = store.open_videos(source, videos, 1)["V-0"]
    assert store.open_stored(source, videos)["V-0"].sha256 == stored.sha256


def test_a_folder_that_cannot_be_read_is_tried_again_next_time(
    tmp_path: Path, source: Path
) -> None:
    videos = {
        name: VideoSource(source / folder)
        for name, folder in (("V-0", "v0"), ("V-9", "not there yet"))
    }
    store = RecordingStore(tmp_path / "s", PSEUDONYMS, OpenPoseOptions())
    assert store.open_videos(source, videos, 1)["V-9"].reason is Reason.FOLDER_NOT_OPENED
    write_video(source / "not there yet", seated(30))
    assert store.open_videos(source, videos, 1)["V-9"].recording is not None


def test_a_large_folder_is_read_without_writing_the_index_all_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(60):
        write_video(tmp_path / "LA" / f"v{number:02d}", seated(2))
    sizes: list[int] = []
    original = store_module.write_index

    def spy(root: Path, index: dict[str, object], pseudonyms: Pseudonyms) -> None:
        sizes.append(len(index))
        original(root, index, pseudonyms)

    monkeypatch.setattr(store_module, "write_index", spy)
    monkeypatch.setattr(store_module, "SAVE_EVERY", 1)
    open_all(tmp_path / "s", tmp_path / "LA")
    assert sizes[:3] == [1, 2, 3]
    assert sizes[-1] == 60
    assert len(sizes) < 40  # each time a tenth more


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="only Linux says what is mapped")
def test_keypoints_that_were_only_checked_take_no_memory(tmp_path: Path, source: Path) -> None:
    opened = open_all(tmp_path / "s", source)

    def resident_kb() -> int:
        lines = iter(Path("/proc/self/smaps").read_text().splitlines())
        return sum(
            int(next(line for line in lines if line.startswith("Rss:")).split()[1])
            for line in lines
            if str(tmp_path) in line
        )

    assert resident_kb() == 0
    mean = np.mean([np.nanmean(stored.recording.keypoints) for stored in opened.values()])
    assert np.isfinite(mean)
    assert resident_kb() > 0
