"""The wheel for projects that have a package ``backend`` or ``workers`` of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping

from scripts.wheels.archive import Archive
from scripts.wheels.renaming import Renaming, modules_of

NAME = "tally-queue-isolated"
_MOVED = {"backend": "tally.backend", "workers": "tally.workers"}
#: What each job names in Redis, in either wheel: workers of one run what callers of the other enqueue.
_STORED = {"workers.runtime.trampoline.run"}
_EXTRA = re.compile(rb"\btally-queue(?=\[)")


def isolated(whole: Archive) -> Archive:
    """The whole of Tally with all its packages inside ``tally``, and nothing else changed."""
    rename = Renaming(_MOVED, modules_of(whole.installed).values(), stored=_STORED)
    installed = {
        _place(name): _EXTRA.sub(NAME.encode(), rename(content, name))
        if name.endswith(".py")
        else content
        for name, content in whole.installed.items()
    }
    return Archive(NAME, whole.version, installed, _described(whole.described))


def _place(name: str) -> str:
    return f"tally/{name}" if name.partition("/")[0] in _MOVED else name


def _described(described: Mapping[str, bytes]) -> dict[str, bytes]:
    commands = re.sub(
        rb"(?<== )(?=(?:backend|workers)\.)", b"tally.", described["entry_points.txt"]
    )
    metadata = re.sub(
        rb"^Name: tally-queue$", f"Name: {NAME}".encode(), described["METADATA"], flags=re.MULTILINE
    )
    # An extra that asks for another one asks for it of this wheel: the whole one must not come beside it.
    metadata = _EXTRA.sub(NAME.encode(), metadata)
    changed = {"entry_points.txt": commands, "METADATA": metadata, "top_level.txt": b"tally\n"}
    return {**described, **changed}
