"""Where this process and those it starts keep temporary files, also on a read-only root file system."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from backend.domain.errors import ConfigurationError


def find_scratch_folder() -> None:
    """Falls back to a folder below the state folder, for job handlers too, by ``TMPDIR``.

    The state folder is ``TALLY_STATE_DIR``, else systemd's ``STATE_DIRECTORY``, else the home folder.
    Raises `ConfigurationError` when nothing is writable.
    """
    if _works():
        return
    for folder in _state_folders():
        os.environ["TMPDIR"] = str(folder / "tmp")
        if _made(folder / "tmp") and _works():
            return
    raise ConfigurationError(
        "no folder for temporary files is writable: mount one at /tmp, or name one in TMPDIR or "
        "TALLY_STATE_DIR"
    )


def _works() -> bool:
    # Python looks once and remembers; what TMPDIR names now may be new.
    tempfile.tempdir = None
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        return False
    return True


def _state_folders() -> Iterator[Path]:
    for name in ("TALLY_STATE_DIR", "STATE_DIRECTORY", "HOME"):
        first = os.environ.get(name, "").partition(":")[0]
        if first:
            yield Path(first).absolute()


def _made(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return False
    return True
