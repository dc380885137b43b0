"""One folder whose files are reached by name from its descriptor, never by a path and never by a link."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from backend.locks.file_lock import is_locked, try_lock

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_OWNER_ONLY = 0o600


class Folder:
    """Opened when first used, and again when another one stands in its place; made when missing.

    It is its owner's only.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def _at(self) -> int:
        if self._descriptor is None or not self._is_there(self._descriptor):
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            # The one before stays open: another thread may be about to use its number.
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return self._descriptor

    def _is_there(self, descriptor: int) -> bool:
        """Whether it is still the folder of that name: one can be cleared away, or a disk mounted late.

        Into one without a name nothing can be written, and what lies below a disk nobody finds again.
        """
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False

    def new_file(self, name: str) -> FileIO:
        """A file that was not there before, without a buffer: what was written is with the system.

        It is held while it, or what was started with it, is open: see `is_held`.
        """
        file = os.fdopen(os.open(name, _NEW, _OWNER_ONLY, dir_fd=self._at), "wb", buffering=0)
        # A disk that knows no locks has its files judged by their age alone.
        with suppress(OSError):
            try_lock(file)
        return file

    def open(self, name: str) -> BinaryIO:
        """A file to read."""
        return os.fdopen(os.open(name, _READ, dir_fd=self._at), "rb")

    def rename(self, old: str, new: str) -> None:
        """Moves a file into place, for good once this returns."""
        os.rename(old, new, src_dir_fd=self._at, dst_dir_fd=self._at)
        os.fsync(self._at)

    def remove(self, name: str) -> None:
        """Takes a file away; one that is gone already is no error."""
        try:
            os.unlink(name, dir_fd=self._at)
        except FileNotFoundError:
            return

    def names(self) -> list[str]:
        """Every name in the folder."""
        return os.listdir(self._at)  # noqa: PTH208 - by descriptor, as everything here

    def is_held(self, name: str) -> bool:
        """Whether somebody is writing a file: the hold of one that was killed ended with it."""
        try:
            return is_locked(name, folder=self._at)
        except OSError:
            return False

    def is_older(self, name: str, instant: datetime) -> bool:
        """Whether a file was last written before an instant; False when it is gone."""
        try:
            changed = os.stat(name, dir_fd=self._at, follow_symlinks=False).st_mtime
        except FileNotFoundError:
            return False
        return changed < instant.timestamp()
