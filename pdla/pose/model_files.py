"""Files of the pose estimators' models: given, cached, or downloaded and checked."""

import hashlib
import os
import shutil
import socket
import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pdla.data.files import replacing
from pdla.data.progress import is_terminal

STALL_TIMEOUT_S: Final = 15.0


@dataclass(frozen=True)
class ModelFile:
    """A published model.

    Attributes:
        option: The option of `pdla pose` that names another file.
        file: Its name in the cache.
        url: Where it is published; a .zip holds it as `end2end.onnx`.
        sha256: Of the model itself, not of the archive.
    """

    option: str
    file: str
    url: str
    sha256: str

    @property
    def cached(self) -> Path:
        """Where it is kept, there or not."""
        root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return Path(root) / "pdla" / "pose" / self.file

    def locate(self, given: Path | None) -> Path:
        """The given file, the one in the cache, or a fresh download.

        Raises:
            FileNotFoundError: If the given file does not exist, or nothing is cached and the
                download fails; says where to put which file.
            ValueError: If the cached file is not the published one.
        """
        if given is not None:
            if not given.is_file():
                raise FileNotFoundError(f"{given}: no such model")
            return given
        if not self.cached.exists():
            self._download()
        if digest(self.cached) != self.sha256:
            raise ValueError(f"{self.cached}: damaged, or not the published model; delete it")
        return self.cached

    def _download(self) -> None:
        import torch

        before = socket.getdefaulttimeout()
        socket.setdefaulttimeout(STALL_TIMEOUT_S)
        try:
            self.cached.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=self.cached.parent) as folder:
                fetched = Path(folder) / self.cached.name
                is_zip = self.url.endswith(".zip")
                torch.hub.download_url_to_file(
                    self.url, str(fetched), None if is_zip else self.sha256, is_terminal()
                )
                with replacing(self.cached) as target:
                    if is_zip:
                        _extract(fetched, target)
                    else:
                        shutil.copyfile(fetched, target)
        except (OSError, RuntimeError, zipfile.BadZipFile, KeyError) as error:
            inside = ", take end2end.onnx out of it" if self.url.endswith(".zip") else ""
            raise FileNotFoundError(
                f"no model {self.file} ({type(error).__name__}). Without internet: download "
                f"{self.url} elsewhere{inside}, put it into {self.cached.parent} as {self.file}, "
                f"or name a file with {self.option}"
            ) from None
        finally:
            socket.setdefaulttimeout(before)


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _extract(archive: Path, target: Path) -> None:
    """Copy the model out of an archive; no path of the archive is used."""
    with zipfile.ZipFile(archive) as files:
        name = next((name for name in files.namelist() if name.endswith("end2end.onnx")), None)
        if name is None:
            raise KeyError("end2end.onnx")
        with files.open(name) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy)
