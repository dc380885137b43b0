"""What writes rows into a file, and which one writes a format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, NamedTuple, Protocol

Row = Sequence[Any]


class Column(NamedTuple):
    """A column of a result: its name, and what the driver says about its type."""

    name: str
    #: Postgres' number of the type; None for other databases.
    type_code: Any = None
    scale: int | None = None
    precision: int | None = None


class RowWriter(Protocol):
    """Writes batches of rows in order, and is closed or aborted in the end."""

    def write(self, rows: Sequence[Row]) -> None:
        """One batch."""

    def close(self) -> None:
        """The end of the file."""

    def abort(self) -> None:
        """Gives up: leaves nothing behind but the file itself, which is not whole."""


class Format(NamedTuple):
    """A kind of file."""

    extension: str
    media_type: str
    open: Callable[[BinaryIO, Sequence[Column]], RowWriter]
