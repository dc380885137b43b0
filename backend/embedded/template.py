"""New Postgres data copied from a template that is made once: 0.1 s instead of 1 s."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from backend.embedded.errors import EmbeddedServerError
from backend.embedded.state.file_lock import FileLock

_MAKING_SECONDS = 60.0


def template_in(cache: Path, key: str, *, make: Callable[[Path, int], None]) -> Path:
    """The template called ``key``; made first if this is the first time anybody asks.

    ``make`` gets the folder to fill and a lock that its processes should inherit.
    """
    cache.mkdir(parents=True, exist_ok=True)
    template = cache.resolve() / key
    with FileLock(cache / f"{key}.lock").held(wait_seconds=_MAKING_SECONDS) as lock:
        if not template.exists():
            make_whole(template, make=lambda folder: make(folder, lock))
    return template


def make_whole(folder: Path, *, make: Callable[[Path], None]) -> None:
    """Have a folder made under another name, so that under its own it is never half-made."""
    half = folder.with_name(f"{folder.name}.new")
    if half.exists():
        shutil.rmtree(half)
    make(half)
    half.rename(folder)


def copy_template(template: Path, folder: Path) -> None:
    """Copy all of a template with its owners, modes and times."""
    copied = subprocess.run(
        ["/bin/cp", "-a", template, folder], capture_output=True, text=True, check=False
    )
    if copied.returncode != 0:
        raise EmbeddedServerError(f"{template} cannot be copied: {copied.stderr.strip()}")
