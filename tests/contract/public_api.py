"""Writes down everything that is public in Python: names, parameters, fields, codes.

``python -m tests.contract.public_api`` writes ``public_api.txt`` anew; a change belongs in the changelog.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tally

FILE = Path(__file__).with_suffix(".txt")
#: What Python itself gives to classes, and names that say nothing to a caller.
_BASES = (object, Exception, BaseException, str, tuple, dict)

_SAID_BESIDE = re.compile(r"Annotated\[([^,]*(?:\[[^\]]*\])?[^,]*), ")


def public_api() -> str:
    """One line for each thing that somebody may build on."""
    modules = [tally, *(importlib.import_module(name) for name in _submodules())]
    return "".join(f"{line}\n" for module in modules for line in _lines_of(module))


def _submodules() -> list[str]:
    found = pkgutil.walk_packages(tally.__path__, "tally.")
    return sorted(
        each.name for each in found if hasattr(importlib.import_module(each.name), "__all__")
    )


def _lines_of(module: Any) -> Iterator[str]:
    for name in sorted(module.__all__):
        thing, path = getattr(module, name), f"{module.__name__}.{name}"
        if inspect.isclass(thing):
            yield from _lines_of_class(path, thing)
        elif callable(thing):
            yield f"{path}{_signature(thing)}"
        else:
            yield path


def _lines_of_class(path: str, thing: type) -> Iterator[str]:
    bases = ", ".join(base.__name__ for base in thing.__bases__ if base is not object)
    code = thing.__dict__.get("code")
    yield f"class {path}({bases})" + (f"  # {code}" if isinstance(code, str) else "")
    if isinstance(thing, enum.EnumMeta):
        yield from (f"{path}.{member.name} = {member.value!r}" for member in thing)
        return
    fields = inspect.get_annotations(thing)
    yield from (f"{path}.{name}: {_kind(kind)}" for name, kind in fields.items() if name[0] != "_")
    if not fields and "__init__" in vars(thing):
        yield f"{path}.__init__{_signature(vars(thing)['__init__'])}"
    # What a class overrides hides that of its base.
    members = dict(reversed([*_members(thing)]))
    for name, member in sorted(members.items(), key=lambda each: each[0]):
        if isinstance(member, property):
            yield f"{path}.{name}"
        elif inspect.isfunction(member):
            yield f"{path}.{name}{_signature(member)}"


def _members(thing: type) -> Iterator[tuple[str, Any]]:
    for base in thing.__mro__:
        if base not in _BASES and base.__module__.partition(".")[0] in {
            "tally",
            "backend",
            "workers",
        }:
            for name, member in vars(base).items():
                if not name.startswith("_") and getattr(thing, name, None) is not None:
                    plain = member.__func__ if isinstance(member, staticmethod) else member
                    yield name, plain


def _kind(annotation: Any) -> str:
    """An annotation as it is written, without what is said beside the type."""
    text = getattr(annotation, "__forward_arg__", annotation)
    found = _SAID_BESIDE.match(str(text))
    return found[1] if found else str(text)


def _signature(thing: Any) -> str:
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(thing)))


if __name__ == "__main__":
    FILE.write_text(public_api(), encoding="utf-8")
