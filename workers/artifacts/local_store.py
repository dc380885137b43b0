"""Keeps artifacts in one folder of this machine.

A file is ``<id>.data`` with ``<id>.json`` beside it; it exists once the latter does. Both are written
under a name that begins with a dot, forced to disk, and renamed. Names are made here alone, and files
are opened relative to the folder without following links, so that nothing can lead out of it.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from backend.domain.errors import ArtifactError
from workers.artifacts.artifact import Artifact, ArtifactLabel
from workers.artifacts.artifact_writer import ArtifactWriter
from workers.artifacts.folder import Folder

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DATA, _RECORD, _PARTIAL = ".data", ".json", ".part"


class LocalStore:
    """The artifact store of one machine, or of a shared disk. Bears several threads and processes."""

    def __init__(
        self,
        folder: Path,
        *,
        retention: timedelta,
        max_bytes: int = 0,
        now: Callable[[], datetime],
    ) -> None:
        self._folder = Folder(folder)
        self._retention = retention
        self._max_bytes = max_bytes
        self._now = now

    @contextmanager
    def create(self, label: ArtifactLabel) -> Iterator[ArtifactWriter]:
        """A file to write from start to end; it appears when the block ends well, else never."""
        artifact_id = secrets.token_hex(16)
        partial = f".{artifact_id}{_PARTIAL}"
        try:
            with _stored(label.name):
                file = self._folder.new_file(partial)
            with file:
                writer = ArtifactWriter(file.write, self._max_bytes)
                yield writer
                artifact = self._artifact(artifact_id, label, writer)
                # Held until its record is there: data without one is swept when nobody writes it.
                with _stored(label.name):
                    os.fsync(file.fileno())
                    self._folder.rename(partial, artifact_id + _DATA)
                    self._write_record(artifact)
            writer.artifact = artifact
        finally:
            self._folder.remove(partial)

    def _artifact(self, artifact_id: str, label: ArtifactLabel, writer: ArtifactWriter) -> Artifact:
        days = label.retention_days
        created = self._now()
        return Artifact(
            id=artifact_id,
            job_id=label.job_id,
            attempt=label.attempt,
            name=label.name,
            media_type=label.media_type,
            size_bytes=writer.size_bytes,
            sha256=writer.sha256,
            location=f"local:{artifact_id}{_DATA}",
            created_at=created,
            expires_at=created + (self._retention if days is None else timedelta(days=days)),
            tenant=label.tenant,
        )

    def _write_record(self, artifact: Artifact) -> None:
        partial = f".{artifact.id}{_RECORD}{_PARTIAL}"
        try:
            with self._folder.new_file(partial) as file:
                ArtifactWriter(file.write).write(json.dumps(artifact.to_json()).encode())
                os.fsync(file.fileno())
            self._folder.rename(partial, artifact.id + _RECORD)
        except BaseException:
            self._folder.remove(partial)
            self._folder.remove(artifact.id + _DATA)
            raise

    def find(self, artifact_id: str) -> Artifact:
        """What is known about a file; raises `ArtifactError`."""
        name = checked_id(artifact_id) + _RECORD
        try:
            with self._folder.open(name) as file:
                return Artifact.from_json(json.load(file))
        except FileNotFoundError:
            raise ArtifactError(
                f"there is no artifact {artifact_id!r}; it may have expired", artifact=artifact_id
            ) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ArtifactError(
                f"the record of artifact {artifact_id!r} cannot be read: {error}",
                artifact=artifact_id,
            ) from error

    def open(self, artifact_id: str) -> BinaryIO:
        """The bytes of a file; raises `ArtifactError` when they are not as many as recorded."""
        artifact = self.find(artifact_id)
        try:
            file = self._folder.open(checked_id(artifact_id) + _DATA)
        except OSError as error:
            raise ArtifactError(
                f"artifact {artifact_id!r} cannot be opened: {error.strerror}", artifact=artifact_id
            ) from error
        if os.fstat(file.fileno()).st_size != artifact.size_bytes:
            file.close()
            raise ArtifactError(f"artifact {artifact_id!r} is damaged", artifact=artifact_id)
        return file

    def delete(self, artifact_id: str) -> None:
        """Takes a file away; one that is gone already is no error."""
        # The record goes first: what is left when this is cut short is swept as unfinished.
        self._folder.remove(checked_id(artifact_id) + _RECORD)
        self._folder.remove(artifact_id + _DATA)

    def all(self) -> Iterator[Artifact]:
        """Every whole file; one that vanishes meanwhile is left out."""
        for name in self._folder.names():
            if name.endswith(_RECORD) and not name.startswith("."):
                with suppress(ArtifactError):
                    yield self.find(name.removesuffix(_RECORD))

    def sweep(self, before: datetime, *, dry_run: bool = False) -> int:
        """Takes away what crashes left: partial files, and data without a record."""
        names = set(self._folder.names())
        left = [name for name in names if _is_left(name, names)]
        left = [name for name in left if self._folder.is_older(name, before)]
        # Age alone does not tell: a workbook's file stays empty until all of it is there.
        left = [name for name in left if not self._folder.is_held(name)]
        for name in left if not dry_run else ():
            self._folder.remove(name)
        return len(left)


@contextmanager
def _stored(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArtifactError(f"the file {name!r} cannot be stored: {error.strerror}") from error


def _is_left(name: str, names: set[str]) -> bool:
    if name.startswith("."):
        return name.endswith(_PARTIAL)
    return name.endswith(_DATA) and name.removesuffix(_DATA) + _RECORD not in names


def checked_id(artifact_id: str) -> str:
    """``artifact_id`` itself; raises `ArtifactError` when it is none."""
    if not _ID.fullmatch(artifact_id):
        raise ArtifactError("an artifact id has 1 to 64 letters, digits, '_' and '-'")
    return artifact_id
