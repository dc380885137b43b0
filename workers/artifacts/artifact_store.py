"""What a place that keeps artifacts must do; a local folder does it, object storage fits as well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import BinaryIO, Protocol

from workers.artifacts.artifact import Artifact, ArtifactLabel
from workers.artifacts.artifact_writer import ArtifactWriter


class ArtifactStore(Protocol):
    """Keeps files under ids of its own; every method raises `ArtifactError` when it cannot."""

    def create(self, label: ArtifactLabel) -> AbstractContextManager[ArtifactWriter]:
        """A file to write from start to end; it appears when the block ends well, else never."""

    def find(self, artifact_id: str) -> Artifact:
        """What is known about a file."""

    def open(self, artifact_id: str) -> BinaryIO:
        """The bytes of a file."""

    def delete(self, artifact_id: str) -> None:
        """Takes a file away; one that is gone already is no error."""

    def all(self) -> Iterator[Artifact]:
        """Every whole file."""

    def sweep(self, before: datetime, *, dry_run: bool = False) -> int:
        """Takes away what writers left unfinished before an instant; answers how many files."""
