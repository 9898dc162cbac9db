"""requirements.lock holds whatever pyproject.toml asks for, within its bounds."""

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.fixtures.places import ROOT

PINNED = re.compile(r"^([A-Za-z0-9_.-]+)==(\S+)", re.MULTILINE)


def test_the_lock_has_every_dependency_in_its_bounds_with_hashes():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = {canonicalize_name(name): version for name, version in PINNED.findall(text)}
    assert text.count("--hash=sha256:") > len(locked)
    for line in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        wanted = Requirement(line)
        version = locked.get(canonicalize_name(wanted.name))
        assert version is not None, f"{wanted.name}: not in requirements.lock, run `make lock`"
        assert wanted.specifier.contains(version), f"{line}: the lock has {version}"


def test_versions_that_carried_malware_are_shut_out():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (lightning,) = (
        one for one in map(Requirement, project["dependencies"]) if one.name == "lightning"
    )
    assert not lightning.specifier.contains("2.6.2")
    assert not lightning.specifier.contains("2.6.3")
