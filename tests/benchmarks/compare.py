"""Two benchmarks.json side by side: `python -m tests.benchmarks.compare OLD.json [NEW.json]`."""

import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


def compare(old: dict[str, Any], new: dict[str, Any]) -> Table:
    """A row for each piece of work that both have, with new seconds over old ones."""
    table = Table("what", "wall: old", "new", "new / old", "CPU: old", "new", "new / old")
    known = {row["name"]: row for row in old["rows"]}
    for row in new["rows"]:
        if (before := known.get(row["name"])) is None:
            continue
        cells = [row["name"]]
        for key in ("wall_s", "cpu_s"):
            cells += [f"{before[key]:.1f} s", f"{row[key]:.1f} s", f"{row[key] / before[key]:.2f}"]
        table.add_row(*cells)
    return table


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
