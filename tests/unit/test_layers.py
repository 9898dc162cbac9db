"""One-way flow: every module stands in a room, and an import never points back up the list."""

import ast
from pathlib import Path

import pytest

import pdla

PACKAGE = Path(pdla.__file__).parent
# From the first room to the last; a module may import from its own room and from those before it.
ROOMS = (
    "lazy",
    "data.files",
    "data.processes",
    "data.progress",
    "data.skeletons",
    "data.stages",
    "data.checked_options",
    "targets",
    "data.reasons",
    "data.quantities",
    "data.signals",
    "data.recordings",
    "data.poses_dataset",
    "data.batches",
    "data.kinematics",
    "data.li2018",
    "data.openpose",
    "data.intake",
    "data.simulation",
    "data.splits",
    "data.drawing",
    "data.clips",
    "data.video",
    "models",
    "original",
    "evaluation",
    "runs",
    "report",
    "review",
    "training",
    "pose",
    "commands",
    "api",
    "cli",
    "__main__",
)
DATA_THAT_MODELS_MAY_KNOW = ("pdla.data.batches", "pdla.data.quantities", "pdla.data.skeletons")


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield path, ".".join(part for part in parts if part != "__init__")


def room_of(name):
    """The longest room that a module (without `pdla.`) belongs to, or None."""
    fitting = [room for room in ROOMS if name == room or name.startswith(f"{room}.")]
    return max(fitting, key=len, default=None)


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_every_module_stands_in_a_room():
    lost = [name for _, name in modules() if room_of(name) is None]
    assert lost == ["", "data"]  # the faces of the package and of data


@pytest.mark.parametrize("room", ROOMS)
def test_no_module_imports_from_a_later_room(room):
    backward = [
        f"{name} imports {imported}"
        for path, name in modules()
        if room_of(name) == room
        for imported in imports(path)
        if imported.startswith("pdla.")
        and (other := room_of(imported.removeprefix("pdla."))) is not None
        and ROOMS.index(other) > ROOMS.index(room)
    ]
    assert backward == []


def test_models_know_of_data_only_the_batch_and_the_skeleton():
    known = {name for path in (PACKAGE / "models").rglob("*.py") for name in imports(path)}
    known = {name for name in known if name.startswith("pdla.data")}
    assert {name for name in known if not name.startswith(DATA_THAT_MODELS_MAY_KNOW)} <= {
        "pdla.data"
    }


def test_only_the_train_command_asks_hydra_for_its_runtime():
    name = "hydra.core.hydra_config"
    users = [path for path in PACKAGE.rglob("*.py") if name in path.read_text(encoding="utf-8")]
    assert users == [PACKAGE / "commands" / "train.py"]


def test_no_test_imports_from_another_test():
    tests = Path(__file__).parents[1]
    guilty = [
        f"{path.relative_to(tests)} imports {name}"
        for path in tests.rglob("test_*.py")
        for name in imports(path)
        if name.startswith("tests.") and not name.startswith("tests.fixtures")
    ]
    assert guilty == []
