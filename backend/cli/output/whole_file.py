"""Files that commands write: whole, or as they were before."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import click

from backend.domain.errors import TallyError


class FileNotWritten(TallyError):
    """What was asked for could not be written to the file that was named."""

    code = "file_not_written"


@contextmanager
def export_to(name: str) -> Iterator[IO[str]]:
    """Text for the file ``name``, or for standard output where it is ``-``."""
    if name == "-":
        with click.open_file("-", "w", encoding="utf-8") as output:
            yield output
            output.flush()
        return
    try:
        with replacing(Path(name)) as part, part.open("w", encoding="utf-8") as file:
            yield file
    except OSError as error:
        why = error.strerror or str(error)
        raise FileNotWritten(
            f"{name} could not be written: {why}; no part of it is left"
        ) from error


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A file to write in the place of ``target``, which is replaced once all is written."""
    target = target.resolve()
    if target.exists() and not target.is_file():
        # A pipe or a device cannot be replaced.
        yield target
        return
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        yield part
        if target.exists():
            shutil.copymode(target, part)
        part.replace(target)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
