"""The folder of backups: each one whole, the newest few kept."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import NamedTuple

from workers.artifacts.folder import Folder

_NAME = re.compile(r"tally-\d{8}T\d{6}Z-[A-Za-z0-9_-]+\.dump")
_CHUNK = 1 << 20


class KeptBackup(NamedTuple):
    """One backup in the folder."""

    name: str
    size_bytes: int
    sha256: str


class BackupFolder:
    """Backups of one deployment."""

    def __init__(self, path: Path) -> None:
        self._folder = Folder(path)

    def write(self, name: str, fill: Callable[[FileIO], None]) -> KeptBackup:
        """A backup filled by ``fill``; it appears when that returns, else never."""
        partial = f".{name}.part"
        # A second attempt of the same job begins anew.
        self._folder.remove(partial)
        try:
            with self._folder.new_file(partial) as file:
                fill(file)
                os.fsync(file.fileno())
            kept = KeptBackup(name, *self._measured(partial))
            self._folder.rename(partial, name)
        finally:
            self._folder.remove(partial)
        return kept

    def _measured(self, name: str) -> tuple[int, str]:
        size, digest = 0, hashlib.sha256()
        with self._folder.open(name) as file:
            while chunk := file.read(_CHUNK):
                size += len(chunk)
                digest.update(chunk)
        return size, digest.hexdigest()

    def names(self) -> list[str]:
        """Every whole backup, the oldest first."""
        return sorted(name for name in self._folder.names() if _NAME.fullmatch(name))

    def keep(self, newest: int) -> list[str]:
        """Takes all but the newest away; answers which."""
        old = self.names()[:-newest]
        for name in old:
            self._folder.remove(name)
        return old


def backup_name(now: datetime, job_id: str) -> str:
    """Names sort by time; the job's id tells two of one second apart."""
    return f"tally-{now:%Y%m%dT%H%M%SZ}-{job_id}.dump"
