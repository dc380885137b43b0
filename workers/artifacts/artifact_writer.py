"""A file on its way into the store: counted and hashed while it is written."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import Any

from backend.domain.errors import ArtifactError
from workers.artifacts.artifact import Artifact


class ArtifactTooLarge(ArtifactError):
    """The file is over the limit of the store."""


class ArtifactWriter(io.RawIOBase):
    """Takes bytes from the first to the last, in order."""

    def __init__(self, write: Callable[[Any], int | None], max_bytes: int = 0) -> None:
        super().__init__()
        self._write = write
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()
        self.size_bytes = 0
        self._artifact: Artifact | None = None

    @property
    def artifact(self) -> Artifact:
        """What became of it, once the block that wrote it ended well."""
        if self._artifact is None:
            raise ArtifactError("the file is not whole yet")
        return self._artifact

    @artifact.setter
    def artifact(self, artifact: Artifact) -> None:
        self._artifact = artifact

    @property
    def sha256(self) -> str:
        """Of what was written so far, in hexadecimal."""
        return self._hash.hexdigest()

    def writable(self) -> bool:
        """Always; it is neither readable nor seekable, since no object storage is."""
        return True

    def write(self, chunk: Any) -> int:
        """Takes all of ``chunk``; raises `ArtifactError` over the limit or on a full disk."""
        view = memoryview(chunk).cast("B")
        if self._max_bytes and self.size_bytes + len(view) > self._max_bytes:
            raise ArtifactTooLarge(
                f"the file is over {self._max_bytes} bytes; narrow what is asked for, or raise "
                "artifacts.max_mb"
            )
        self._hash.update(view)
        written = 0
        try:
            while written < len(view):
                written += self._write(view[written:]) or 0
        except OSError as error:
            raise ArtifactError(f"the file cannot be written: {error.strerror}") from error
        self.size_bytes += written
        return written

    def tell(self) -> int:
        """How much was written."""
        return self.size_bytes
