"""CSV (RFC 4180) and JSON lines, in UTF-8."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from backend.domain.errors import PermanentFailure
from workers.exports.cells import csv_cell, harmless, json_text, safe_csv_cell
from workers.exports.row_writer import Column, Row


class CsvWriter:
    """Comma-separated values with a line of names."""

    def __init__(
        self, file: BinaryIO, columns: Sequence[Column], *, safe: bool, null: str = ""
    ) -> None:
        self._file = file
        self._cell: Callable[[Any], str] = safe_csv_cell if safe else csv_cell
        self._null = null
        self._names = [column.name for column in columns]
        self._rows = 0
        self._write_lines([[harmless(name) for name in self._names] if safe else self._names])

    def write(self, rows: Sequence[Row]) -> None:
        """One batch; raises `PermanentFailure` where a text could be taken for NULL."""
        cell, null = self._cell, self._null
        if not null:
            self._write_lines([[cell(value) for value in row] for row in rows])
        else:
            lines = [[null if value is None else cell(value) for value in row] for row in rows]
            self._refuse_doubt(rows, lines)
            self._write_lines(lines)
        self._rows += len(rows)

    def _refuse_doubt(self, rows: Sequence[Row], lines: Sequence[Sequence[str]]) -> None:
        for number, (row, line) in enumerate(zip(rows, lines, strict=True), self._rows + 1):
            for column, (value, text) in enumerate(zip(row, line, strict=True)):
                if text == self._null and value is not None:
                    raise PermanentFailure(
                        f"row {number:,}, column {self._names[column]!r} holds the very text that stands "
                        f"for NULL, {self._null!r}; give another one with null"
                    )

    def _write_lines(self, rows: Sequence[Sequence[str]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerows(rows)
        self._file.write(text.getvalue().encode("utf-8", "surrogatepass"))

    def close(self) -> None:
        """Nothing is left to write."""

    def abort(self) -> None:
        """Nothing is left behind."""


class JsonLinesWriter:
    """One JSON object a line."""

    def __init__(self, file: BinaryIO, columns: Sequence[Column]) -> None:
        self._file = file
        self._names = [f"{json_text(column.name)}:" for column in columns]

    def write(self, rows: Sequence[Row]) -> None:
        """One batch."""
        lines = [
            ",".join(
                [name + json_text(value) for name, value in zip(self._names, row, strict=True)]
            )
            for row in rows
        ]
        text = "}\n{".join(lines)
        self._file.write(f"{{{text}}}\n".encode("utf-8", "surrogatepass"))

    def close(self) -> None:
        """Nothing is left to write."""

    def abort(self) -> None:
        """Nothing is left behind."""
