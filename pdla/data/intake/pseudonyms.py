"""Names that say nothing: keyed pseudonyms of patients and videos."""

import hmac
import os
import secrets
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Final

SECRET_BYTES: Final = 32
SHORT_DIGITS: Final = 8  # 32 bits: among 10,000 videos a collision, which is then lengthened, is 1%


class Pseudonyms:
    """Turns clinic ids into pseudonyms with HMAC-SHA256.

    Without the secret nobody can find the patient number behind a pseudonym, not even by trying all
    numbers; with it the same input always gives the same pseudonym.
    """

    def __init__(self, secret: bytes) -> None:
        """Keep the secret; see `open_pseudonyms`."""
        self._secret = secret

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
    """Where the secret of a store lies: next to it, so that the store can be copied without it."""
    return store.with_name(f"{store.name}.secret")


def open_pseudonyms(store: Path) -> Pseudonyms:
    """Read the secret next to a store; make it on first use, for the owner only (mode 0600).

    Raises:
        ValueError: If the secret is damaged.
        OSError: If it cannot be read or written.
    """
    path = secret_path(store)
    if not path.exists():
        _create_secret(path)
    secret = path.read_bytes()
    if len(secret) != SECRET_BYTES:
        raise ValueError(
            f"{path}: {len(secret)} bytes, expected {SECRET_BYTES}. Put the right file back, or "
            "delete it together with the store: all pseudonyms will change"
        )
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return Pseudonyms(secret)


def _create_secret(path: Path) -> None:
    """Write the secret whole or not at all; of two processes at once, the first one's stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        temporary.unlink(missing_ok=True)
