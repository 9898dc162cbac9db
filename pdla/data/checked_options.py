"""Options from a configuration: types and limits are checked, and an error is one clear line."""

import json
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from typing import Any, Final, TypeVar, get_args

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

# Of a dataclass of options: unknown keys are refused, and "30" is no number, nor is true.
CHECKED: Final = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
_EXPECTED: Final = {
    "bool_type": "true or false",
    "float_type": "a number",
    "int_type": "a whole number",
    "finite_number": "a number",
    "string_type": "text",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than_equal": "{le:g} or less",
    "literal_error": "{expected}",
}
Options = TypeVar("Options")


def read_options(kind: type[Options], section: object, where: str) -> Options:
    """Build a dataclass of options, made with the config `CHECKED`, from a plain section.

    Args:
        kind: The dataclass; its fields may be such dataclasses, too.
        section: Plain values by name.
        where: Name of the section, for messages.

    Raises:
        ValueError: If a key is unknown or a value cannot be; names the key and what is expected.
    """
    try:
        # As JSON, because strict dataclasses are not made from dictionaries of Python.
        return TypeAdapter(kind).validate_json(json.dumps(section, default=str))
    except ValidationError as error:
        line = _explain(kind, error.errors(include_url=False), where)
    raise ValueError(line)


def suggest(given: str, known: list[str]) -> str:
    """Words that name what is nearest to a wrong name, and all that there are."""
    near = get_close_matches(given, known, n=1)
    choice = ", ".join(sorted(known))
    return f"did you mean {near[0]}? There are {choice}" if near else f"there are {choice}"


def _explain(kind: Any, errors: list[ErrorDetails], where: str) -> str:
    """The first error in words, with every type that a value of that option may have."""
    error = errors[0]
    names, parent = _follow(kind, error["loc"])
    key = ".".join([where, *names])
    if error["type"] == "value_error":  # raised by a dataclass, which names the key itself
        return str(error["ctx"]["error"])
    if error["type"] == "unexpected_keyword_argument":
        return f"{key}: no such option; {suggest(names[-1], [one.name for one in fields(parent)])}"
    if error["type"].startswith("dataclass"):
        return f"{key}={error['input']!r}: expected a section with options"
    same = [one for one in errors if _follow(kind, one["loc"])[0] == names]
    known = [_EXPECTED[one["type"]].format(**one.get("ctx", {})) for one in same
             if one["type"] in _EXPECTED]  # fmt: skip
    expected = " or ".join(dict.fromkeys(known)) or error["msg"].lower()
    return f"{key}={error['input']!r}: expected {expected}"


def _follow(kind: Any, path: tuple[int | str, ...]) -> tuple[list[str], Any]:
    """Names of the options on a path (without the branches of unions), and the last section."""
    names: list[str] = []
    for part in path:
        types = {one.name: one.type for one in fields(kind)} if is_dataclass(kind) else {}
        names.append(str(part))
        inner = [types.get(str(part)), *get_args(types.get(str(part)))]
        section = next((one for one in inner if is_dataclass(one)), None)
        if section is None:
            break
        kind = section
    return names, kind
