"""Keypoints are parsed once, in parallel, and memory-mapped from then on."""

import json
import logging
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from pdla.data.openpose import OpenPoseOptions
from pdla.data.parsing import ParseResult, ParseTask, hash_keypoints, parse_all
from pdla.data.pseudonyms import Pseudonyms
from pdla.data.quality import Facts
from pdla.data.recordings import Recording

VERSION: Final = 1  # raise it whenever the same files would be parsed into other keypoints
SAVE_EVERY: Final = 50  # videos; a killed build goes on from there
FREE_FILES: Final = 256  # open files that are left to others; every memory map holds one
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoredVideo:
    """What the store knows of a video: keypoints and facts, or why there are none.

    Attributes:
        recording: None if the video could not be read.
        facts: None if the video could not be read.
        sha256: Of the keypoints, for the data hash.
        reason: Why it could not be read; the same words for every such video.
        detail: What was special here.
    """

    recording: Recording | None
    facts: Facts | None
    sha256: str = ""
    reason: str = ""
    detail: str = ""


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
        self._recipe = json.dumps([VERSION, asdict(options)], sort_keys=True, default=list)
        self._options = options

    def open_videos(
        self, source: Path, videos: Mapping[str, Path], workers: int
    ) -> dict[str, StoredVideo]:
        """Open the videos of an input folder; parse those that are new or changed.

        Args:
            source: The input folder.
            videos: For each pseudonym the folder (or file) of the video.
            workers: Processes that parse.

        Raises:
            OSError: If something must be parsed and the store cannot be written.
        """
        tag = self._pseudonyms.digest("source", str(source.resolve()))[:8]
        names = {video: f"{video}.{tag}" for video in videos}
        stamps = {video: self._stamp(path) for video, path in videos.items()}
        index = self._read_index()
        if self._find_stale(index, names, stamps) or self._find_gone(index, names, tag):
            with self._locked():
                index = self._read_index()
                self._build(index, names, stamps, videos, workers)
                self._clean(index, names, tag)
        n_maps = _spare_files(len(videos))
        return {
            video: self._open(video, names[video], index[names[video]], number < n_maps)
            for number, video in enumerate(videos)
        }

    def _stamp(self, path: Path) -> str:
        """Digest of the recipe and of names, sizes and times of the input files."""
        try:
            if path.is_dir():
                with os.scandir(path) as entries:
                    files = [
                        f"{entry.name}|{(info := entry.stat(follow_symlinks=False)).st_size}"
                        f"|{info.st_mtime_ns}"
                        for entry in entries
                    ]
            else:
                info = path.stat()
                files = [f"{info.st_size}|{info.st_mtime_ns}"]
        except OSError:
            return ""
        return self._pseudonyms.digest("files", "\n".join([self._recipe, *sorted(files)]))

    def _find_stale(
        self, index: Mapping[str, Any], names: Mapping[str, str], stamps: Mapping[str, str]
    ) -> list[str]:
        return [
            video
            for video, name in names.items()
            if name not in index
            or not stamps[video]
            or index[name]["stamp"] != stamps[video]
            or not self._is_whole(name, index[name])
        ]

    def _find_gone(self, index: Mapping[str, Any], names: Mapping[str, str], tag: str) -> list[str]:
        present = set(names.values())
        return [name for name in index if name.endswith(f".{tag}") and name not in present]

    def _is_whole(self, name: str, entry: Mapping[str, Any]) -> bool:
        """Whether the keypoints of an entry are those that were written."""
        if "reason" in entry:
            return True
        array = self._load(name, is_mapped=True)
        return array is not None and hash_keypoints(array) == entry["sha256"]

    def _load(self, name: str, is_mapped: bool) -> NDArray[np.float32] | None:
        path = self.root / f"{name}.npy"
        try:
            array: NDArray[np.float32] = np.load(path, mmap_mode="r" if is_mapped else None)
        except (OSError, ValueError, EOFError):
            return None
        return array

    def _open(
        self, video: str, name: str, entry: Mapping[str, Any], is_mapped: bool
    ) -> StoredVideo:
        if "reason" in entry:
            return StoredVideo(None, None, reason=entry["reason"], detail=entry["detail"])
        keypoints = self._load(name, is_mapped)
        if keypoints is None:
            raise OSError(f"{self.root}: changed while it was opened; start again")
        height, width = entry["frame_size"]
        recording = Recording(video, keypoints, entry["fps"], (height, width))
        return StoredVideo(recording, Facts(**entry["facts"]), entry["sha256"])

    def _build(
        self,
        index: dict[str, Any],
        names: Mapping[str, str],
        stamps: Mapping[str, str],
        videos: Mapping[str, Path],
        workers: int,
    ) -> None:
        """Parse what is new or changed, and write the index now and then."""
        stale = self._find_stale(index, names, stamps)
        tasks = []
        for video in stale:
            old = index.get(names[video], {})
            is_same_recipe = old.get("recipe") == self._recipe
            is_whole = bool(old) and self._is_whole(names[video], old)
            known = old.get("content", "") if is_same_recipe and is_whole else ""
            target = self.root / f"{names[video]}.npy"
            tasks.append(ParseTask(video, videos[video], target, self._options, known))
        for done, result in enumerate(parse_all(tasks, workers), start=1):
            entry = _entry(result) or index[names[result.video]]
            # What could not be read at all is tried again next time.
            stamp = "" if result.is_transient else stamps[result.video]
            index[names[result.video]] = {**entry, "stamp": stamp, "recipe": self._recipe}
            if done % SAVE_EVERY == 0:
                self._write_index(index)
        self._write_index(index)

    def _clean(self, index: dict[str, Any], names: Mapping[str, str], tag: str) -> None:
        """Delete entries that are gone from this input, and files that no entry owns."""
        for name in self._find_gone(index, names, tag):
            del index[name]
        self._write_index(index)
        owned = {f"{name}.npy" for name, entry in index.items() if "reason" not in entry}
        for path in self.root.iterdir():
            is_ours = path.suffix in {".npy", ".tmp"}
            if is_ours and path.name not in owned:
                path.unlink(missing_ok=True)

    def _read_index(self) -> dict[str, Any]:
        """The index, or an empty one if it is missing, damaged or of another version."""
        try:
            index = json.loads((self.root / "index.json").read_bytes())
            is_ours = index["version"] == VERSION and isinstance(index["videos"], dict)
            entries: dict[str, Any] = index["videos"] if is_ours else {}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError):
            _log.warning("%s: the index is damaged; the store is built again", self.root)
            return {}
        return {name: entry for name, entry in entries.items() if _is_entry(entry)}

    def _write_index(self, index: Mapping[str, Any]) -> None:
        temporary = self.root / f"index.{os.getpid()}.{secrets.token_hex(4)}.tmp"
        temporary.write_text(json.dumps({"version": VERSION, "videos": index}))
        temporary.replace(self.root / "index.json")

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


def _entry(result: ParseResult) -> dict[str, Any] | None:
    """Index entry of a parsed video; None if it is as it was."""
    if result.is_unchanged:
        return None
    if result.facts is None:
        return {"reason": result.reason, "detail": result.detail, "content": result.content}
    return {
        "sha256": result.sha256,
        "content": result.content,
        "fps": result.fps,
        "frame_size": list(result.frame_size),
        "facts": result.facts.to_json(),
    }


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict) or "stamp" not in entry:
        return False
    needed = {"detail"} if "reason" in entry else {"sha256", "fps", "frame_size", "facts"}
    return needed <= set(entry)


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
