"""Pre-trained files from the cache or the internet, in a bounded time, with their checksum."""

import functools
import hashlib
import logging
import re
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from urllib.parse import urlparse
from urllib.request import Request, urlopen

import torch
from torchvision.models import WeightsEnum

log = logging.getLogger(__name__)

ANSWER_TIMEOUT_S = 4.0  # for the first answer, name look-up included
STALL_TIMEOUT_S = 15.0  # a download may be slow, but not silent for so long
REMEMBER_OFFLINE_S = 600.0  # runs of a sweep in other processes do not ask again meanwhile


@dataclass(frozen=True)
class Pretrained:
    """A published file of weights.

    Attributes:
        name: What stands in the record of a run.
        url: Where it is; torch's custom of a file name that ends in the first digits of its SHA-256
            gives the checksum.
    """

    name: str
    url: str

    @classmethod
    def of(cls, weights: WeightsEnum) -> "Pretrained":
        """The file of torchvision's weights."""
        return cls(str(weights), weights.url)

    @property
    def cached(self) -> Path:
        """Where torch keeps it, there or not."""
        return Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(self.url).path).name

    @property
    def sha256(self) -> str:
        """First digits of the checksum; empty if its publisher gives none."""
        found = re.search(r"-([0-9a-f]{8,})\.", self.cached.name)
        return found.group(1) if found else ""


@functools.cache
def fetch(pretrained: Pretrained) -> Path | None:
    """The file in the cache, after a download if need be; None if it is not to be had.

    Asked once a process, and not again for ten minutes after nobody answered.

    Raises:
        ValueError: If the file in the cache is not the one that was published.
    """
    if not pretrained.cached.exists() and not _download(pretrained):
        return None
    _check_sum(pretrained)
    return pretrained.cached


def _download(pretrained: Pretrained) -> bool:
    note = pretrained.cached.with_name(f".{pretrained.cached.name}.offline")
    if note.exists() and time.time() - note.stat().st_mtime < REMEMBER_OFFLINE_S:
        return False
    pretrained.cached.parent.mkdir(parents=True, exist_ok=True)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_TIMEOUT_S)
    try:
        if _answers(pretrained.url):
            log.info("downloading %s", pretrained.url)
            torch.hub.download_url_to_file(
                pretrained.url, str(pretrained.cached), pretrained.sha256 or None, progress=False
            )
            return True
    except (OSError, RuntimeError) as error:
        log.warning("%s: %s", pretrained.url, error)
    finally:
        socket.setdefaulttimeout(before)
    note.touch()
    return False


def _answers(url: str) -> bool:
    """Whether somebody answers in time; in a thread, since no timeout bounds the name look-up."""
    answers: list[bool] = []
    thread = Thread(target=lambda: answers.append(_asks(url)), daemon=True)
    thread.start()
    thread.join(ANSWER_TIMEOUT_S)
    return answers == [True]


def _asks(url: str) -> bool:
    try:
        with urlopen(Request(url, method="HEAD"), timeout=ANSWER_TIMEOUT_S):
            return True
    except OSError:
        return False


def _check_sum(pretrained: Pretrained) -> None:
    if not pretrained.sha256:
        log.info("%s: its publisher gives no checksum", pretrained.cached.name)
        return
    with pretrained.cached.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if not found.startswith(pretrained.sha256):
        raise ValueError(
            f"{pretrained.cached}: SHA-256 begins {found[:8]}, expected {pretrained.sha256}: "
            "damaged or not the published file; delete it"
        )
