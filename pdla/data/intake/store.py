"""Keypoints are parsed once, in parallel, and memory-mapped from then on."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from pdla.data.files import PART
from pdla.data.intake.parsing import ParseTask, hash_keypoints, parse_all
from pdla.data.intake.pseudonyms import Pseudonyms
from pdla.data.intake.store_index import Index, index_entry, read_index, stamp_files, write_index
from pdla.data.openpose import OpenPoseOptions
from pdla.data.openpose.quality_facts import Facts
from pdla.data.reasons import Finding, Reason
from pdla.data.recordings import Recording

SAVE_EVERY: Final = 50  # videos; a killed build goes on from there
FREE_FILES: Final = 256  # open files that are left to others; every memory map holds one
_log = logging.getLogger(__name__)


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


class RecordingStore:
    """A directory with one .npy file for each video and an index.

    An entry is reused while names, sizes and times of the input files are the same or, if they
    changed, while their content is. Files are written under another name and renamed, so a killed
    build leaves nothing half-written; what is damaged is parsed again. One process builds at a
    time, others wait and then reuse. Names in the store are pseudonyms. Entries of other input
    folders are left alone; those of this one that are gone from it are deleted.
    """

    def __init__(self, root: Path, pseudonyms: Pseudonyms, options: OpenPoseOptions) -> None:
        """Use the directory `root`; it is made when something is written."""
        self.root = root
        self._pseudonyms = pseudonyms
        self._recipe = json.dumps(asdict(options), sort_keys=True, default=list)
        self._options = options

    def open_videos(
        self, source: Path, videos: Mapping[str, Path], workers: int
    ) -> dict[str, StoredVideo | Finding]:
        """Open the videos of an input folder; parse those that are new or changed.

        Args:
            source: The input folder.
            videos: For each pseudonym the folder (or file) of the video.
            workers: Processes that parse.

        Returns:
            Each video, or why it could not be read.

        Raises:
            OSError: If something must be parsed and the store cannot be written.
            ValueError: If a process that parses was killed.
        """
        tag = self._pseudonyms.digest("source", str(source.resolve()))[:8]
        names = {video: f"{video}.{tag}" for video in videos}
        stamps = {video: stamp_files(path, self._pseudonyms) for video, path in videos.items()}
        n_maps = _spare_files(len(videos))
        index = read_index(self.root)
        arrays = self._load_whole(index, names, n_maps)
        if self._find_stale(index, names, stamps, arrays) or _find_gone(index, names, tag):
            with self._locked():
                index = read_index(self.root)
                arrays = self._load_whole(index, names, n_maps)
                stale = self._find_stale(index, names, stamps, arrays)
                self._parse(
                    [
                        ParseTask(
                            video,
                            videos[video],
                            self.root / f"{names[video]}.npy",
                            self._options,
                            self._known_content(index, names[video], arrays),
                        )
                        for video in stale
                    ],
                    index,
                    names,
                    stamps,
                    workers,
                )
                self._clean(index, names, tag)
            arrays = self._load_whole(index, names, n_maps)
        return {video: _open(video, index[name], arrays.get(name)) for video, name in names.items()}

    def _load_whole(
        self, index: Index, names: Mapping[str, str], n_maps: int
    ) -> dict[str, NDArray[np.float32]]:
        """Keypoints of all entries that are still what was written."""
        arrays: dict[str, NDArray[np.float32]] = {}
        for name in names.values():
            entry = index.get(name, {})
            if "sha256" not in entry:
                continue
            mode: Literal["r"] | None = "r" if len(arrays) < n_maps else None
            try:
                array = np.load(self.root / f"{name}.npy", mmap_mode=mode)
            except (EOFError, OSError, ValueError):
                continue
            if hash_keypoints(array) == entry["sha256"]:
                arrays[name] = array
        return arrays

    def _find_stale(
        self,
        index: Index,
        names: Mapping[str, str],
        stamps: Mapping[str, str],
        arrays: Mapping[str, NDArray[np.float32]],
    ) -> list[str]:
        def is_fresh(video: str, name: str) -> bool:
            entry = index.get(name)
            return (
                entry is not None
                and entry["stamp"] == stamps[video] != ""
                and entry["recipe"] == self._recipe
                and ("reason" in entry or name in arrays)
            )

        return [video for video, name in names.items() if not is_fresh(video, name)]

    def _known_content(
        self, index: Index, name: str, arrays: Mapping[str, NDArray[np.float32]]
    ) -> str:
        """Digest of the input that the stored keypoints were made from, if they are whole."""
        is_usable = name in arrays and index[name]["recipe"] == self._recipe
        return str(index[name]["content"]) if is_usable else ""

    def _parse(
        self,
        tasks: Sequence[ParseTask],
        index: Index,
        names: Mapping[str, str],
        stamps: Mapping[str, str],
        workers: int,
    ) -> None:
        """Parse, and write the index now and then."""
        for done, result in enumerate(parse_all(tasks, workers), start=1):
            name = names[result.video_id]
            entry = index[name] if result.is_unchanged else index_entry(result)
            # What could not be opened is tried again next time.
            stamp = "" if result.is_transient else stamps[result.video_id]
            index[name] = {**entry, "stamp": stamp, "recipe": self._recipe}
            if done % SAVE_EVERY == 0:
                write_index(self.root, index)

    def _clean(self, index: Index, names: Mapping[str, str], tag: str) -> None:
        """Delete entries that are gone from this input, and files that no entry owns."""
        for name in _find_gone(index, names, tag):
            del index[name]
        write_index(self.root, index)
        owned = {f"{name}.npy" for name, entry in index.items() if "sha256" in entry}
        for path in self.root.iterdir():
            if (path.suffix == ".npy" or PART in path.name) and path.name not in owned:
                path.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.root / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            _log.warning("%s: another process builds this store; waiting for it", self.root)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()


def _open(
    video: str, entry: Mapping[str, Any], keypoints: NDArray[np.float32] | None
) -> StoredVideo | Finding:
    if keypoints is None:
        reason = Reason.from_code(entry.get("reason", Reason.STORE_DAMAGED.code))
        return Finding(reason, entry.get("detail", ""))
    height, width = entry["frame_size"]
    recording = Recording(video, keypoints, entry["fps"], (height, width))
    return StoredVideo(recording, Facts.from_json(entry["facts"]), entry["sha256"])


def _find_gone(index: Index, names: Mapping[str, str], tag: str) -> list[str]:
    present = set(names.values())
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
