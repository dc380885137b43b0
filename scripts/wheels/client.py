"""The wheel for programs that only enqueue, over HTTP: the client, and what it imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from scripts.wheels.archive import Archive
from scripts.wheels.renaming import Renaming, modules_of

NAME = "tally-client"
_START = "backend/client/__init__.py"
_MOVED = {"backend.client": "tally_client", "backend.domain": "tally_client.domain"}
_NEEDED = re.compile(r"^urllib3\b")
_SUMMARY = "Enqueues jobs of Tally over HTTP, and asks what became of them."
_README = Path(__file__).with_name("client.md")


def client(whole: Archive) -> Archive:
    """The package `tally_client`, which is `tally.client` without the rest."""
    modules = modules_of(whole.installed)
    rename = Renaming(_MOVED, modules.values())
    installed = {"tally_client/py.typed": b""}
    for name in sorted(_needed(whole.installed, modules)):
        installed[_place(name)] = rename(whole.installed[name], name)
    kept = {name: text for name, text in whole.described.items() if name.startswith("licenses/")}
    described = {"METADATA": _metadata(whole), "top_level.txt": b"tally_client\n"}
    return Archive(
        NAME, whole.version, installed, {**kept, **described, "WHEEL": whole.described["WHEEL"]}
    )


def _needed(files: Mapping[str, bytes], modules: Mapping[str, str]) -> set[str]:
    """The client and all that is imported on the way, with the packages it lies in."""
    found, ahead = set[str](), [_START]
    named = {module: file for file, module in modules.items()}
    while ahead:
        file = ahead.pop()
        if file not in found:
            found.add(file)
            ahead += [named[module] for module in _imports(files[file]) if module in named]
            ahead += [named[above] for above in _above(modules[file])]
    return found - {named["backend"]}


def _imports(source: bytes) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _above(module: str) -> list[str]:
    words = module.split(".")
    return [".".join(words[:count]) for count in range(1, len(words))]


def _place(name: str) -> str:
    return name.replace("backend/client/", "tally_client/").replace("backend/", "tally_client/")


def _metadata(whole: Archive) -> bytes:
    same = ("Metadata-Version", "Version", "License-Expression", "License-File", "Requires-Python")
    lines = [f"{field}: {value}" for field in same for value in whole.field(field)]
    needed = [
        f"Requires-Dist: {each}" for each in whole.field("Requires-Dist") if _NEEDED.match(each)
    ]
    head = [*lines[:1], f"Name: {NAME}", *lines[1:], f"Summary: {_SUMMARY}", *needed]
    kind = "Description-Content-Type: text/markdown"
    return "\n".join([*head, kind, "", _README.read_text(encoding="utf-8")]).encode()
