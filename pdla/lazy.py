"""Imports: public names that are imported when they are first used (PEP 562); large packages."""

import gc
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module


def lazy_names(
    package: str, names: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The functions `__getattr__` and `__dir__` of a package with lazy public names.

    Args:
        package: `__name__` of the package.
        names: For each module, with its full name, the public names that it defines.
    """
    module_of = {name: module for module, listed in names.items() for name in listed}

    def get(name: str) -> object:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(module_of[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    def listed() -> list[str]:
        return sorted({*vars(sys.modules[package]), *module_of})

    return get, listed


@contextmanager
def importing() -> Iterator[None]:
    """Import large packages without looking for cyclic garbage among what they make.

    torch and Lightning leave a million objects that stay as long as the process. Looking through
    them takes a fifth of the time of the import, and 0.5 s each time that a network is released. So
    they are set aside; only the first time, for later there may be garbage among the rest.
    """
    if gc.get_freeze_count():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
