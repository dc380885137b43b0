"""Folders in which workbooks lie in pieces until they are whole, and what killed exports left of them.

A folder is held by a lock that ends with its process. Where there is none the disk knows no locks, or the
folder is only being made: then its age decides.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backend.locks.file_lock import is_locked, try_lock

_PREFIX, _HELD = "tally-xlsx-", "held"
#: No export says nothing for so long.
_OLD = timedelta(hours=1)


class WorkbookFolder:
    """A new folder of this process; its rows are many, and somebody's data.

    It clears first what exports that were killed left on this disk.
    """

    def __init__(self) -> None:
        clear_abandoned(datetime.now(UTC) - _OLD)
        self._folder = tempfile.TemporaryDirectory(prefix=_PREFIX)
        self._lock = _held(Path(self._folder.name))

    @property
    def path(self) -> str:
        """Where it is."""
        return self._folder.name

    def remove(self) -> None:
        """Takes it away with all that is in it; once is enough."""
        self._folder.cleanup()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def clear_abandoned(before: datetime, *, dry_run: bool = False) -> int:
    """Deletes the folders that no living process holds; how many.

    Of those that nobody ever locked, what was last written in before an instant.
    """
    folders = Path(tempfile.gettempdir()).glob(f"{_PREFIX}*")
    left = [folder for folder in folders if _is_abandoned(folder, before)]
    for folder in left if not dry_run else ():
        shutil.rmtree(folder, ignore_errors=True)
    return len(left)


def _held(folder: Path) -> int | None:
    """The lock on a folder; its name is there once it is taken."""
    new = folder / f".{_HELD}"
    descriptor = os.open(new, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try_lock(descriptor)
    except OSError:
        os.close(descriptor)
        return None
    new.rename(folder / _HELD)
    return descriptor


def _is_abandoned(folder: Path, before: datetime) -> bool:
    try:
        if folder.lstat().st_uid != os.getuid() or not folder.is_dir():
            return False
        if (folder / _HELD).exists():
            return not is_locked(folder / _HELD)
        newest = max(each.lstat().st_mtime for each in (folder, *folder.iterdir()))
    except OSError:
        # Somebody else clears it.
        return False
    return newest < before.timestamp()
