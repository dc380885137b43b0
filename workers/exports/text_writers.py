"""CSV (RFC 4180) and JSON lines, in UTF-8."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from workers.exports.cells import csv_cell, harmless, json_value, safe_csv_cell
from workers.exports.row_writer import Column, Row

_encode = json.JSONEncoder(
    separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=str
).encode


class CsvWriter:
    """Comma-separated values with a line of names."""

    def __init__(self, file: BinaryIO, columns: Sequence[Column], *, safe: bool) -> None:
        self._file = file
        self._cell: Callable[[Any], Any] = safe_csv_cell if safe else csv_cell
        names = [column.name for column in columns]
        self._write_lines([[harmless(name) for name in names] if safe else names])

    def write(self, rows: Sequence[Row]) -> None:
        """One batch."""
        cell = self._cell
        self._write_lines([[cell(value) for value in row] for row in rows])

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
        self._names = [column.name for column in columns]

    def write(self, rows: Sequence[Row]) -> None:
        """One batch."""
        names = self._names
        lines = [_encode(dict(zip(names, map(json_value, row), strict=True))) for row in rows]
        self._file.write(("\n".join(lines) + "\n").encode("utf-8", "surrogatepass"))

    def close(self) -> None:
        """Nothing is left to write."""

    def abort(self) -> None:
        """Nothing is left behind."""
