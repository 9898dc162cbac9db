"""Keypoints are parsed once, in parallel, and memory-mapped from then on."""

import json
import logging
import mmap
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from pdla.data.files import PART
from pdla.data.intake.parsing import ParseTask, hash_keypoints
from pdla.data.intake.pseudonyms import Pseudonyms
from pdla.data.intake.store_index import (
    INDEX,
    Index,
    StoreEntry,
    is_index,
    read_index,
    stamp_files,
    write_index,
)
from pdla.data.intake.workers import parse_all
from pdla.data.openpose import OpenPoseOptions
from pdla.data.openpose.quality_facts import Facts
from pdla.data.reasons import Finding, Reason
from pdla.data.recordings import Recording

SAVE_EVERY: Final = (
    50  # videos at least, or a tenth of the index; a killed build goes on from there
)
FREE_FILES: Final = 256  # open files that are left to others; every memory map holds one
LOCK: Final = ".lock"
TAG_DIGITS: Final = 8  # of the input folder's digest in names of files
# Names of the store's own files of keypoints: whole ones, and what a killed process left of them.
_NAME: Final = rf"V-[0-9a-f]+\.[0-9a-f]{{{TAG_DIGITS}}}"
_COPIES: Final = rf"copies\.[0-9a-f]{{{TAG_DIGITS}}}"
_PARTS: Final = (
    rf"\.(?:{_NAME}|{_COPIES}|index)\.[0-9]+-[0-9a-f]+{re.escape(PART)}\.\w+"  # see `replacing`
    rf"|(?:{_NAME}|index)\.[0-9]+\.[0-9a-f]+\.tmp"  # before 0.2
)
_OWN_KEYPOINTS: Final = re.compile(rf"{_NAME}\.npy|{_PARTS}")
_OWN: Final = re.compile(rf"{_OWN_KEYPOINTS.pattern}|{_COPIES}\.json|{re.escape(LOCK)}|{INDEX}")
_log = logging.getLogger(__name__)


Arrays = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class StoredVideo:
    """What the store holds of a video that could be read.

    Attributes:
        recording: Keypoints.
        facts: What was measured while they were read.
        sha256: Of the keypoints.
    """

    recording: Recording
    facts: Facts
    sha256: str


@dataclass(frozen=True)
class VideoSource:
    """Where a video is, and what the label sheet says of its format.

    Attributes:
        path: Folder or file; holds a patient number, so it is never shown.
        fps: Frames a second, or None: as the options say.
        frame_size: (H, W) in px, or None.
    """

    path: Path = field(repr=False)
    fps: float | None = None
    frame_size: tuple[int, int] | None = None

    def options(self, common: OpenPoseOptions) -> OpenPoseOptions:
        """How to read this video."""
        if self.fps is None and self.frame_size is None:
            return common
        return replace(
            common, fps=self.fps or common.fps, frame_size=self.frame_size or common.frame_size
        )


class RecordingStore:
    """A directory with one .npy file for each video and an index.

    An entry is reused while names, sizes and times of the input files are the same or, if they
    changed, while their content is. Files are written under another name and renamed, so a killed
    build leaves nothing half-written; what is damaged is parsed again. One process builds at a
    time, others wait and then reuse. Names in the store are pseudonyms. Entries of other input
    folders are left alone; those of this one that are gone from it are deleted. What others have
    put into the directory is neither read nor changed, and a directory that is no store is refused.
    """

    def __init__(self, root: Path, pseudonyms: Pseudonyms, options: OpenPoseOptions) -> None:
        """Use the directory `root`; it is made when something is written."""
        self.root = root
        self._pseudonyms = pseudonyms
        self._options = options

    def open_videos(
        self, source: Path, videos: Mapping[str, VideoSource], workers: int
    ) -> dict[str, StoredVideo | Finding]:
        """Open the videos of an input folder; parse those that are new or changed.

        Args:
            source: The input folder.
            videos: Each video, by pseudonym.
            workers: Processes that parse.

        Returns:
            Each video, or why it could not be read.

        Raises:
            OSError: If something must be parsed and the store cannot be written.
            ValueError: If the directory is no store, or a process that parses was killed.
        """
        wanted, tag = self._want(source, videos)
        index = read_index(self.root, self._pseudonyms)
        arrays = self._load_whole(index, wanted)
        if self._find_stale(index, wanted, arrays) or _find_gone(index, wanted, tag):
            with self._locked():
                index = read_index(self.root, self._pseudonyms)
                arrays = self._load_whole(index, wanted)
                self._parse(self._find_stale(index, wanted, arrays), index, arrays, workers)
                self._clean(index, wanted, tag)
            arrays = self._load_whole(index, wanted)
        return {
            one.video_id: _open(one.video_id, index[one.name], arrays.get(one.name))
            for one in wanted
        }

    def open_stored(
        self, source: Path, videos: Mapping[str, VideoSource]
    ) -> dict[str, StoredVideo | Finding]:
        """Open videos that were read before; nothing is parsed or written.

        Raises:
            ValueError: If one is not in the store, or has changed since.
        """
        wanted, _ = self._want(source, videos)
        index = read_index(self.root, self._pseudonyms)
        arrays = self._load_whole(index, wanted)
        if stale := self._find_stale(index, wanted, arrays):
            raise ValueError(f"{self.root}: {len(stale)} videos are not in the store, or changed")
        return {
            one.video_id: _open(one.video_id, index[one.name], arrays.get(one.name))
            for one in wanted
        }

    def copies_file(self, source: Path) -> Path:
        """Where it is kept which recordings of an input folder are copies."""
        return self.root / f"copies.{self._tag(source)}.json"

    def _want(self, source: Path, videos: Mapping[str, VideoSource]) -> tuple[list["_Wanted"], str]:
        """The videos with their names in the store, and the part of the names for this source."""
        wanted, tag = [], self._tag(source)
        for video_id, video in videos.items():
            options = video.options(self._options)
            stamp = stamp_files(video.path, self._pseudonyms)
            name = f"{video_id}.{tag}"
            wanted.append(_Wanted(video_id, video.path, name, stamp, options, _recipe(options)))
        return wanted, tag

    def _tag(self, source: Path) -> str:
        """The part of all names in the store that stands for an input folder."""
        return self._pseudonyms.digest("source", str(source.resolve()))[:TAG_DIGITS]

    def _load_whole(self, index: Index, wanted: Sequence["_Wanted"]) -> Arrays:
        """Keypoints of all entries that are still what was written."""
        n_maps = _spare_files(len(wanted))
        arrays: Arrays = {}
        for one in wanted:
            entry = index.get(one.name)
            if entry is None or entry.problem:
                continue
            mode: Literal["r"] | None = "r" if len(arrays) < n_maps else None
            try:
                array = np.load(self.root / f"{one.name}.npy", mmap_mode=mode)
            except (EOFError, OSError, ValueError):
                continue
            if hash_keypoints(array) == entry.sha256:
                arrays[one.name] = array
            unload(array)
        return arrays

    def _find_stale(
        self, index: Index, wanted: Sequence["_Wanted"], arrays: Arrays
    ) -> list["_Wanted"]:
        def is_fresh(one: _Wanted) -> bool:
            entry = index.get(one.name)
            return (
                entry is not None
                and entry.stamp == one.stamp != ""
                and entry.recipe == one.recipe
                and (entry.problem is not None or one.name in arrays)
            )

        return [one for one in wanted if not is_fresh(one)]

    def _parse(
        self, stale: Sequence["_Wanted"], index: Index, arrays: Arrays, workers: int
    ) -> None:
        """Parse, and write the index now and then."""
        tasks = [
            ParseTask(
                one.video_id,
                one.path,
                self.root / f"{one.name}.npy",
                one.options,
                _known_content(index, one, arrays),
            )
            for one in stale
        ]
        by_id = {one.video_id: one for one in stale}
        next_save = SAVE_EVERY
        for done, result in enumerate(parse_all(tasks, workers), start=1):
            one = by_id[result.video_id]
            entry = index[one.name] if result.is_unchanged else StoreEntry.of(result)
            # What could not be opened is tried again next time.
            stamp = "" if result.is_transient else one.stamp
            index[one.name] = entry.made_from(stamp, one.recipe)
            if done >= next_save:
                write_index(self.root, index, self._pseudonyms)
                next_save = done + max(SAVE_EVERY, len(index) // 10)

    def _clean(self, index: Index, wanted: Sequence["_Wanted"], tag: str) -> None:
        """Delete entries that are gone from this input, and own files that no entry needs."""
        for name in _find_gone(index, wanted, tag):
            del index[name]
        write_index(self.root, index, self._pseudonyms)
        needed = {f"{name}.npy" for name, entry in index.items() if not entry.problem}
        for path in self.root.iterdir():
            is_own = _OWN_KEYPOINTS.fullmatch(path.name) and not path.is_dir()
            if is_own and path.name not in needed:
                path.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        check_store_folder(self.root)
        self.root.mkdir(parents=True, exist_ok=True)
        if (self.root / LOCK).is_symlink():
            raise ValueError(f"{self.root / LOCK}: is a link; delete it, nothing is written there")
        lock = FileLock(self.root / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            _log.warning("%s: another process builds this store; waiting for it", self.root)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()


def unload(keypoints: NDArray[np.float32]) -> None:
    """Take a memory map out of this process's memory; what is used later is mapped again."""
    if isinstance(keypoints.base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        keypoints.base.madvise(mmap.MADV_DONTNEED)


@dataclass(frozen=True)
class _Wanted:
    """One video to open: where it is, its name in the store, stamp of its files, how to read it."""

    video_id: str
    path: Path = field(repr=False)
    name: str
    stamp: str
    options: OpenPoseOptions
    recipe: str


def check_store_folder(root: Path) -> None:
    """Refuse a directory that holds anything, yet is no store.

    Raises:
        ValueError: With the way out.
    """
    if root.exists() and not root.is_dir():
        raise ValueError(f"{root}: is a file; a store of keypoints needs a folder of its own")
    if not root.is_dir() or is_index(root / INDEX):
        return
    foreign = [path.name for path in root.iterdir() if not _OWN.fullmatch(path.name)]
    if foreign:
        raise ValueError(
            f"{root}: holds {len(foreign)} other files and is no store of pdla; give an empty or "
            "new folder, so that nothing of yours is touched"
        )


def _open(
    video_id: str, entry: StoreEntry, keypoints: NDArray[np.float32] | None
) -> StoredVideo | Finding:
    if keypoints is None or entry.facts is None:
        return entry.problem or Finding(Reason.STORE_DAMAGED)
    recording = Recording(video_id, keypoints, entry.fps, entry.frame_size, sha256=entry.sha256)
    return StoredVideo(recording, entry.facts, entry.sha256)


def _recipe(options: OpenPoseOptions) -> str:
    return json.dumps(asdict(options), sort_keys=True, default=list)


def _known_content(index: Index, one: _Wanted, arrays: Arrays) -> str:
    """Digest of the input that the stored keypoints were made from, if they are whole."""
    is_usable = one.name in arrays and index[one.name].recipe == one.recipe
    return index[one.name].content if is_usable else ""


def _find_gone(index: Index, wanted: Sequence[_Wanted], tag: str) -> list[str]:
    present = {one.name for one in wanted}
    return [name for name in index if name.endswith(f".{tag}") and name not in present]


def _spare_files(n_wanted: int) -> int:
    """How many videos may be memory-mapped; raises the limit of open files as far as allowed."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return n_wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = n_wanted + FREE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return n_wanted if soft == resource.RLIM_INFINITY else max(0, soft - FREE_FILES)
