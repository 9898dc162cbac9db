"""Two benchmarks.json side by side: `python -m tests.benchmarks.compare OLD.json [NEW.json]`."""

import json
import sys
from pathlib import Path

from rich.console import Console

from tests.fixtures.benchmarks import compare


def main() -> None:
    """Print the comparison, and what differs between the machines."""
    paths = [Path(argument) for argument in sys.argv[1:]]
    if len(paths) == 1:
        paths.append(Path("benchmarks.json"))
    if len(paths) != 2:
        sys.exit("give OLD.json, and NEW.json if it is not benchmarks.json")
    for path in paths:
        if not path.is_file():
            sys.exit(f"{path}: no such file; make bench writes benchmarks.json")
    old, new = (json.loads(path.read_text(encoding="utf-8")) for path in paths)
    console = Console()
    for key in ("machine", "python", "versions", "load"):
        if old[key] != new[key]:
            console.print(f"{key} differs: {old[key]}, now {new[key]}")
    console.print(compare(old, new))


if __name__ == "__main__":
    main()
