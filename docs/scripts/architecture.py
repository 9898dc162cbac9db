"""Draw the rooms of pdla and the imports between them: python docs/scripts/architecture.py."""

import ast
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[2]
OUT = ROOT / "docs" / "pictures" / "architecture.svg"
BOX, GAP, COLUMN = (170, 30), 26, 210


def room_of(module: str) -> str:
    """Package of a module: pdla.data.intake.labels is in data.intake, pdla.models.heads in models."""
    parts = module.removeprefix("pdla.").split(".")
    if parts[0] != "data":
        return parts[0]
    is_package = (ROOT / "pdla" / "data" / parts[1]).is_dir() if len(parts) > 1 else False
    return f"data.{parts[1]}" if is_package else "data"


def imported(path: Path) -> set[str]:
    """Modules of pdla that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("pdla."):
            found.add(node.module)
    return found


def read_rooms() -> tuple[set[str], set[tuple[str, str]]]:
    """Rooms, and which room imports from which other."""
    rooms: set[str] = set()
    arrows: set[tuple[str, str]] = set()
    for path in sorted((ROOT / "pdla").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        name = name.removesuffix(".__init__")
        if name in ("pdla", "pdla.__main__", "pdla.lazy"):
            continue
        room = room_of(name)
        rooms.add(room)
        for other in imported(path):
            if (target := room_of(other)) not in (room, "lazy"):
                arrows.add((room, target))
    return rooms, arrows


def floors(rooms: list[str], arrows: set[tuple[str, str]]) -> dict[str, int]:
    """Floor of each room: one more than the highest room that it imports."""
    floor: dict[str, int] = {}

    def measure(room: str, above: tuple[str, ...] = ()) -> int:
        if room in above:
            raise SystemExit(f"import circle: {' -> '.join((*above, room))}")
        if room not in floor:
            below = [target for source, target in arrows if source == room]
            floor[room] = 1 + max((measure(one, (*above, room)) for one in below), default=-1)
        return floor[room]

    for room in rooms:
        measure(room)
    return floor


def direct(arrows: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """Arrows that no longer way implies: the picture stays readable."""
    below: dict[str, set[str]] = {}
    for source, target in arrows:
        below.setdefault(source, set()).add(target)

    def reach(room: str) -> set[str]:
        return set().union(*({one} | reach(one) for one in below.get(room, ())))

    return [
        (source, target)
        for source, target in sorted(arrows)
        if not any(target in reach(one) for one in below[source] if one != target)
    ]


def draw() -> str:
    """The picture as SVG: what is imported stands above what imports it."""
    found, arrows = read_rooms()
    rooms = sorted(found)
    floor = floors(rooms, arrows)
    rows: dict[int, list[str]] = {}
    for room in rooms:
        rows.setdefault(floor[room], []).append(room)
    width = COLUMN * max(len(row) for row in rows.values()) + GAP
    height = (BOX[1] + GAP) * len(rows) + GAP
    place = {
        room: (
            (width - COLUMN * len(row)) / 2 + COLUMN * (number + 0.5),
            GAP + level * (BOX[1] + GAP),
        )
        for level, row in rows.items()
        for number, room in enumerate(row)
    }
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#888"/></marker></defs>',
    ]
    for source, target in direct(arrows):
        (x1, y1), (x2, y2) = place[target], place[source]
        parts.append(
            f'<line x1="{x1:.0f}" y1="{y1 + BOX[1]:.0f}" x2="{x2:.0f}" y2="{y2:.0f}" '
            'stroke="#888" marker-end="url(#tip)"/>'
        )
    for room, (x, y) in place.items():
        parts.append(
            f'<rect x="{x - BOX[0] / 2:.0f}" y="{y:.0f}" width="{BOX[0]}" height="{BOX[1]}" rx="6" '
            'fill="#eef3f8" stroke="#46688c"/>'
            f'<text x="{x:.0f}" y="{y + 19:.0f}" text-anchor="middle">{escape(room)}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    OUT.write_text(draw(), encoding="utf-8")
    print(OUT.relative_to(ROOT))
