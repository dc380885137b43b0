"""The file that says which process a supervisor is, for as long as it runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from backend.domain.errors import ConfigurationError


@contextmanager
def noted(pid_file: str | None) -> Iterator[None]:
    """It holds this process' number meanwhile; raises `ConfigurationError` where it cannot be written."""
    if pid_file is None:
        yield
        return
    path = Path(pid_file).resolve()
    try:
        # A device or a pipe cannot be replaced.
        is_ours = path.is_file() or not path.exists()
        _replace(path) if is_ours else path.write_text(_number(), encoding="ascii")
    except OSError as error:
        raise ConfigurationError(
            f"the pid file {pid_file} cannot be written: {error.strerror or error}; name another with "
            "--pid-file"
        ) from error
    try:
        yield
    finally:
        if is_ours:
            with suppress(OSError):
                path.unlink()


def _replace(path: Path) -> None:
    """Whoever reads it finds the whole number, or what was there before."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_text(_number(), encoding="ascii")
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise


def _number() -> str:
    return f"{os.getpid()}\n"
