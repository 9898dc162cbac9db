"""One-way flow: data -> models -> evaluation -> review, never back."""

import ast
from pathlib import Path

import pytest

import pdla

PACKAGE = Path(pdla.__file__).parent
FORBIDDEN = {
    "data": (
        "pdla.models", "pdla.evaluation", "pdla.review", "pdla.training.run", "pdla.cli", "pdla.runs.folder",
    ),
    "models": ("pdla.evaluation", "pdla.review", "pdla.training.run", "pdla.cli", "pdla.runs.folder"),
    "evaluation": ("pdla.review", "pdla.training.run", "pdla.cli"),
    "review": ("pdla.training.run", "pdla.trainers", "pdla.cli"),
}  # fmt: skip
DATA_THAT_MODELS_MAY_KNOW = ("pdla.data.batches", "pdla.data.skeletons")


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("layer", FORBIDDEN)
def test_no_module_imports_from_a_later_layer(layer):
    modules = sorted((PACKAGE / layer).rglob("*.py"))
    assert modules
    backward = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in modules
        for name in imports(path)
        if name.startswith(FORBIDDEN[layer])
    ]
    assert backward == []


def test_models_know_of_data_only_the_batch_and_the_skeleton():
    known = {name for path in (PACKAGE / "models").rglob("*.py") for name in imports(path)}
    assert {name for name in known if name.startswith("pdla.data")} <= {*DATA_THAT_MODELS_MAY_KNOW}


def test_only_train_py_asks_hydra_for_its_runtime():
    users = [path for path in PACKAGE.rglob("*.py") if "hydra_config" in path.read_text()]
    assert users == []
