"""Excel workbooks, written row by row. Text is typed as text, so that none of it is ever run."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, BinaryIO

from backend.domain.errors import ArtifactError, PermanentFailure
from workers.exports.cells import as_text
from workers.exports.row_writer import Column, Row
from workers.exports.workbook_folder import WorkbookFolder
from workers.handlers.optional_library import load

_MOST_ROWS = 1_048_575
_LONGEST_TEXT = 32_767
#: Excel keeps 15 digits of a number.
_EXACT = 10**15
_FIRST_YEAR = 1900

#: None of what these turn on: text that becomes a formula, a link or a number by how it looks.
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd",
    "remove_timezone": True,
}


class XlsxWriter:
    """One sheet with a line of names that stays in view."""

    def __init__(self, file: BinaryIO, columns: Sequence[Column]) -> None:
        library = load("xlsxwriter", extra="xlsx")
        #: What the library makes of an error of the disk when it puts the workbook together.
        self._unwritten = load("xlsxwriter.exceptions", extra="xlsx").FileCreateError
        self._folder = WorkbookFolder()
        self._into = _Into(file)
        self._book = library.Workbook(self._into, {**OPTIONS, "tmpdir": self._folder.path})
        self._sheet = self._book.add_worksheet("Data")
        self._instants = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._sheet.freeze_panes(1, 0)
        self._names = [column.name for column in columns]
        bold = self._book.add_format({"bold": True})
        for number, column in enumerate(columns):
            self._sheet.write_string(0, number, column.name, bold)
        self._rows = 0

    def write(self, rows: Sequence[Row]) -> None:
        """One batch; raises `PermanentFailure` for what no sheet holds, `ArtifactError` on a full disk."""
        with self._on_disk():
            for row in rows:
                self._write_row(row)

    def _write_row(self, row: Row) -> None:
        self._rows += 1
        if self._rows > _MOST_ROWS:
            raise PermanentFailure(
                f"a sheet holds {_MOST_ROWS:,} rows and there are more; export as csv or parquet"
            )
        for number, value in enumerate(row):
            heading = self._names[number]
            write_cell(self._sheet, self._rows, number, value, self._instants, heading=heading)

    def close(self) -> None:
        """Writes the workbook; raises `ArtifactError` on a full disk."""
        with self._on_disk():
            self._book.close()
            self._folder.remove()

    @contextmanager
    def _on_disk(self) -> Iterator[None]:
        """Rows lie in a temporary folder first. That it is full passes: no fault of the data."""
        try:
            yield
        except (OSError, self._unwritten) as error:
            disk = error if isinstance(error, OSError) else error.args[0]
            raise ArtifactError(
                f"the workbook cannot be put together in {self._folder.path}: {disk.strerror}; make room "
                "there, or have TMPDIR name a larger disk"
            ) from error

    def abort(self) -> None:
        """Takes its temporary files away; the library would leave them."""
        # Its rows, and the sheet that is put together of them.
        for file in ("row_data_fh", "fh"):
            with suppress(AttributeError, OSError):
                getattr(self._sheet, file).close()
        self._into.file = None
        self._folder.remove()


class _Into(io.RawIOBase):
    """Passes on what is written while it is wanted: an archive that is given up still writes its end."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self.file: BinaryIO | None = file

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, chunk: Any) -> int:
        """All of it, or nothing any more."""
        return len(chunk) if self.file is None else self.file.write(chunk)


def write_cell(
    sheet: Any, row: int, column: int, value: Any, instants: Any, *, heading: str
) -> None:
    """One cell: a number, date or truth where Excel can hold it exactly, else text.

    Raises `PermanentFailure` naming the row and the ``heading`` where a text is too long.
    """
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float | Decimal) and _is_exact(value):
        sheet.write_number(row, column, _Number(value) if isinstance(value, float) else value)
    elif isinstance(value, date) and value.year >= _FIRST_YEAR:
        _write_date(sheet, row, column, value, instants)
    else:
        _write_text(sheet, row, column, as_text(value), heading)


class _Number(float):
    """A float of which the library writes all 17 digits; Excel reads them, though it shows 15."""

    def __format__(self, _form: str) -> str:
        return float.__repr__(self)


def _is_exact(value: float | Decimal) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Decimal):
        return value.is_finite() and len(value.as_tuple().digits) <= 15  # noqa: PLR2004 - as _EXACT
    return abs(value) < _EXACT


def _write_date(sheet: Any, row: int, column: int, value: date, instants: Any) -> None:
    if not isinstance(value, datetime):
        sheet.write_datetime(row, column, value)
        return
    # A sheet knows no time zones: every instant is in UTC.
    utc = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    sheet.write_datetime(row, column, utc, instants)


def _write_text(sheet: Any, row: int, column: int, text: str, heading: str) -> None:
    # Excel counts UTF-16 units: an emoji is two. The library cuts what is longer and goes on.
    length = len(text) if len(text) * 2 <= _LONGEST_TEXT else len(text.encode("utf-16-le")) // 2
    if length > _LONGEST_TEXT:
        raise PermanentFailure(
            f"row {row:,}, column {heading!r} holds a text of {length:,} characters as Excel counts "
            f"them, a cell at most {_LONGEST_TEXT:,}; take another format than xlsx, such as csv"
        )
    sheet.write_string(row, column, text)
