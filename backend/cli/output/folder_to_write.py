"""Folders that cannot be written to: one line says which, and what to do."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.domain.errors import ConfigurationError
from backend.telemetry.logs.answer_stream import AnswerLost


@contextmanager
def writing_into(folder: Path, instead: str) -> Iterator[None]:
    """What the system refuses there becomes a `ConfigurationError`; ``instead`` is what to do."""
    try:
        yield
    except AnswerLost:
        raise
    except OSError as error:
        raise ConfigurationError(
            f"{folder.absolute()} cannot be written: {error.strerror or error}; {instead}"
        ) from error


def check_writable(folder: Path) -> None:
    """Raises `OSError` where no file can be made: before anything is started that would find out."""
    with tempfile.TemporaryFile(dir=folder) as probe:
        probe.write(b"0")
