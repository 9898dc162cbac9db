"""Whole-file writes: a kill leaves the old file or the new one, never half of one."""

import errno
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

PART: Final = ".part"  # in the hidden name of a file that is not complete yet


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a hidden path beside `path`; it replaces `path` on success and is removed on failure.

    The name is unique to this process and call, and keeps the suffix, by which libraries choose a
    format. What a killed process leaves behind has PART in its name.
    """
    unique = f"{os.getpid()}-{secrets.token_hex(4)}"
    temporary = path.with_name(f".{path.stem}.{unique}{PART}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        if error.filename == str(temporary):  # what a user asked for is `path`
            is_missing = error.errno == errno.ENOENT and not path.parent.exists()
            error.filename = str(path.parent if is_missing else path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def check_target(path: Path | None) -> None:
    """Refuse a file that could not be written later, before anything long begins.

    Raises:
        OSError: If a folder is in its place, or its own folder is missing.
    """
    if path is None:
        return
    if path.is_dir():
        raise IsADirectoryError(f"{path}: is a folder; give the name of a file")
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(f"{path}: no folder {path.parent}; create it first")


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file, complete or not at all."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, complete or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_together(contents: Mapping[Path, str]) -> None:
    """Write several UTF-8 text files: all of them, or none if one cannot be written."""
    with ExitStack() as stack:
        for path, text in contents.items():
            stack.enter_context(replacing(path)).write_bytes(text.encode())


def as_json(content: Mapping[str, Any]) -> str:
    """Plain values as readable JSON."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write plain values as readable JSON, complete or not at all."""
    write_text(path, as_json(content))


_OS_ERRORS: Final = {
    errno.ENOENT: "no such file or folder",
    errno.EEXIST: "is there already, and is no folder",
    errno.EISDIR: "is a folder; give a file",
    errno.ENOTDIR: "is no folder",
    errno.EACCES: "may not be opened; change its permissions, or choose another place",
    errno.EPERM: "may not be changed; choose another place",
    errno.EROFS: "may not be written; choose another place",
    errno.ENOSPC: "the disk is full; make room, and repeat the command",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "a link that leads back to itself",
}


def path_and_reason(error: OSError) -> str:
    """An error of the operating system in one line: the path, then what is wrong with it."""
    if error.filename is None or error.errno is None:
        return str(error)
    reason = _OS_ERRORS.get(error.errno, error.strerror)
    path = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else "file"
    return f"{path}: {reason}"


def read_utf8(path: Path) -> str:
    """The text of a file.

    Raises:
        ValueError: If it is not UTF-8; one line with the path.
        OSError: If it cannot be opened.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: damaged (byte {error.start} is not UTF-8 text); restore the file"
        ) from None


def first_line(error: BaseException) -> str:
    """What an error says, as one line; its kind where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
