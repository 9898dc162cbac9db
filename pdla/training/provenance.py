"""Which code made a run."""

import subprocess
from functools import cache
from pathlib import Path

import pdla


@cache
def git_commit() -> str:
    """Commit of the checkout that pdla runs from, with `-dirty` where tracked files were changed.

    Returns:
        The hash; empty if pdla is installed from a wheel, or git is not there.
    """
    root = Path(pdla.__file__).parents[1]
    if not (root / ".git").exists():
        return ""
    try:
        commit = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return ""
    return f"{commit}-dirty" if changed else commit


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=20)
    return done.stdout.strip()
