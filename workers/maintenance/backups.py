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
_PARTIAL = re.compile(r"\.tally-\d{8}T\d{6}Z-(?P<job_id>[A-Za-z0-9_-]+)\.dump\.part")
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
        try:
            with self._folder.new_file(partial) as file:
                fill(file)
                os.fsync(file.fileno())
            kept = KeptBackup(name, *self._measured(partial))
            self._folder.rename(partial, name)
        finally:
            self._folder.remove(partial)
        return kept

    def sweep(self, job_id: str, before: datetime) -> list[str]:
        """Takes away what killed attempts of this job left, and others before an instant; answers which."""
        left = [name for name in self._folder.names() if self._is_left(name, job_id, before)]
        for name in left:
            self._folder.remove(name)
        return left

    def _is_left(self, name: str, job_id: str, before: datetime) -> bool:
        """Not what is being written: an attempt that was given up for dead may live, with its pg_dump."""
        partial = _PARTIAL.fullmatch(name)
        if partial is None:
            return False
        is_old = partial["job_id"] == job_id or self._folder.is_older(name, before)
        return is_old and not self._folder.is_held(name)

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
