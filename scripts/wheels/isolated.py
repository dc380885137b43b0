"""The wheel for projects that have a package ``backend`` or ``workers`` of their own."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from scripts.wheels.archive import Archive
from scripts.wheels.renaming import Renaming

NAME = "tally-queue-isolated"
_MOVED = {"backend": "tally.backend", "workers": "tally.workers"}
#: What each job names in Redis, in either wheel: workers of one run what callers of the other enqueue.
_STORED = {"workers.runtime.trampoline.run"}
_EXTRA = re.compile(rb"\btally-queue(?=\[)")


def isolated(whole: Archive) -> Archive:
    """The whole of Tally with all its packages inside ``tally``, and nothing else changed."""
    rename = Renaming(_MOVED, _modules(whole.installed), stored=_STORED)
    installed = {
        _place(name): _EXTRA.sub(NAME.encode(), rename(content, name))
        if name.endswith(".py")
        else content
        for name, content in whole.installed.items()
    }
    return Archive(NAME, whole.version, installed, _described(whole.described))


def _place(name: str) -> str:
    return f"tally/{name}" if name.partition("/")[0] in _MOVED else name


def _modules(names: Collection[str]) -> set[str]:
    """The paths that Python's files are imported by, and those of the packages above them."""
    files = {
        name.removesuffix(".py").removesuffix("/__init__") for name in names if name[-3:] == ".py"
    }
    return {file.replace("/", ".") for file in files}


def _described(described: Mapping[str, bytes]) -> dict[str, bytes]:
    commands = re.sub(
        rb"(?<== )(?=(?:backend|workers)\.)", b"tally.", described["entry_points.txt"]
    )
    metadata = re.sub(
        rb"^Name: tally-queue$", f"Name: {NAME}".encode(), described["METADATA"], flags=re.MULTILINE
    )
    changed = {"entry_points.txt": commands, "METADATA": metadata, "top_level.txt": b"tally\n"}
    return {**described, **changed}
