"""Names that say nothing: keyed pseudonyms of patients and videos."""

import hmac
import logging
import os
import secrets
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Final

SECRET: Final = "pdla.secret"
SECRET_BYTES: Final = 32
SHORT_DIGITS: Final = 8  # 32 bits: among 10,000 videos a collision, which is then lengthened, is 1%

log = logging.getLogger(__name__)


class Pseudonyms:
    """Turns clinic ids into pseudonyms with HMAC-SHA256.

    Without the secret nobody can find the patient number behind a pseudonym, not even by trying all
    numbers; with it the same input always gives the same pseudonym.
    """

    def __init__(self, secret: bytes) -> None:
        """Keep the secret; see `open_pseudonyms`."""
        self._secret = secret

    @property
    def project(self) -> str:
        """Says whether two cohorts have the same secret, without giving it away."""
        return self.digest("project", "")[:16]

    def digest(self, kind: str, text: str) -> str:
        """Keyed digest of a text, 64 hexadecimal digits; `kind` keeps uses apart."""
        return hmac.new(
            self._secret, f"{kind}\0{text}".encode("utf-8", "surrogatepass"), sha256
        ).hexdigest()

    def name_all(self, prefix: str, texts: Iterable[str]) -> dict[str, str]:
        """Name each distinct text, such as `P-7f3a2c9d`; longer where two would be the same."""
        digests = {text: self.digest(prefix, text) for text in texts}
        digits = SHORT_DIGITS
        names = {text: digest[:digits] for text, digest in digests.items()}
        while clashes := {name for name, n in Counter(names.values()).items() if n > 1}:
            digits += 4
            names = {
                text: digests[text][:digits] if name in clashes else name
                for text, name in names.items()
            }
        return {text: f"{prefix}-{name}" for text, name in names.items()}


def secret_path(store: Path) -> Path:
    """Where the secret of a store is: one for all stores of a working folder.

    The nearest `pdla.secret` in the folders above the store is taken. If there is none, a new one
    belongs into the working folder if the store is in it, else beside the store. Folders that
    everybody may write to are passed over, unless the store lies right in one.
    """
    parent = store.absolute().parent
    for folder in (parent, *parent.parents):
        path = folder / SECRET
        if path.is_file() and (folder == parent or not _is_everybodys(folder)):
            return path
    here = Path.cwd()
    is_working_folder = parent.is_relative_to(here) and not _is_everybodys(here)
    return (here if is_working_folder else parent) / SECRET


def _is_everybodys(folder: Path) -> bool:
    """Whether a folder is the root of the file system, or anybody may write to it."""
    return folder == folder.parent or bool(folder.stat().st_mode & 0o002)


def open_pseudonyms(store: Path) -> Pseudonyms:
    """Read the secret of a store; make it on first use, for the owner only (mode 0600).

    Versions before 0.2 had a secret for each store, beside it. The first one that is found becomes
    the secret of the working folder, so that pseudonyms stay as they are.

    Raises:
        ValueError: If the secret is damaged.
        OSError: If it cannot be read or written.
    """
    path = secret_path(store)
    if not path.exists():
        old = _old_secret(store)
        if old is not None:
            log.info("%s: taken over from %s", path, old)
        _create_secret(path, _read_secret(old) if old else secrets.token_bytes(SECRET_BYTES))
    if not path.is_symlink() and path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return read_pseudonyms(store)


def read_pseudonyms(store: Path) -> Pseudonyms:
    """Read the secret of a store; nothing is written.

    Raises:
        FileNotFoundError: If there is none yet.
        ValueError: If it is damaged.
    """
    path = secret_path(store)
    if not path.exists():
        path = _old_secret(store) or path
    return Pseudonyms(_read_secret(path))


def _read_secret(path: Path) -> bytes:
    secret = path.read_bytes()
    if len(secret) != SECRET_BYTES:
        raise ValueError(
            f"{path}: {len(secret)} bytes, expected {SECRET_BYTES}. Put the right file back, or "
            "delete it together with the store: all pseudonyms will change"
        )
    return secret


def _old_secret(store: Path) -> Path | None:
    """Secret of before 0.2: that of the clinic's own store, else of this one, else the oldest."""
    beside = store.absolute().parent
    named = (beside / "clinic.secret", beside / f"{store.name}.secret")
    others = sorted(beside.glob("*.secret"), key=lambda path: path.stat().st_mtime)
    found = (path for path in (*named, *others) if path.is_file() and path.name != SECRET)
    return next(found, None)


def _create_secret(path: Path, secret: bytes) -> None:
    """Write the secret whole or not at all; of two processes at once, the first one's stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        temporary.unlink(missing_ok=True)
