"""Parquet files: columns keep their types, rows are written in groups."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO

from backend.domain.errors import ArtifactError, PermanentFailure
from workers.exports.batches import weight
from workers.exports.cells import as_text
from workers.exports.row_writer import Column, Row
from workers.handlers.optional_library import load

_BOOL, _BYTES, _DATE, _TIMESTAMP, _TIMESTAMPTZ, _NUMERIC = 16, 17, 1082, 1114, 1184, 1700
_WHOLE, _FLOATS = frozenset({20, 21, 23, 26}), frozenset({700, 701})
_MOST_DIGITS = 38
#: A group ends at so many rows or characters: few enough to hold, enough to compress well.
_GROUP = 50_000
_GROUP_TEXT = 16 * 1024 * 1024


class ParquetWriter:
    """The types come from Postgres; from other databases they are taken from the first rows."""

    def __init__(self, file: BinaryIO, columns: Sequence[Column]) -> None:
        self._arrow = load("pyarrow", extra="parquet")
        self._parquet = load("pyarrow.parquet", extra="parquet")
        self._file = file
        self._columns = columns
        self._schema: Any = None
        self._writer: Any = None
        self._waiting: list[Row] = []
        self._text = 0
        self._written = 0
        self._misfits = (self._arrow.ArrowInvalid, self._arrow.ArrowTypeError, OverflowError)

    def write(self, rows: Sequence[Row]) -> None:
        """One batch, kept until there are enough for a group."""
        self._waiting.extend(rows)
        self._text += sum(map(weight, rows))
        if len(self._waiting) >= _GROUP or self._text >= _GROUP_TEXT:
            self._write_group()

    def close(self) -> None:
        """Writes the last group and the end of the file."""
        self._write_group()
        self._writer.close()

    def abort(self) -> None:
        """Lets go of what waits."""
        self._waiting = []
        if self._writer is not None:
            with suppress(OSError, ArtifactError):
                self._writer.close()

    def _write_group(self) -> None:
        rows, self._waiting, self._text = self._waiting, [], 0
        values = list(zip(*rows, strict=True)) or [()] * len(self._columns)
        if self._writer is None:
            self._schema = self._schema_for(values)
            self._writer = self._parquet.ParquetWriter(self._file, self._schema, compression="zstd")
        arrays = [self._array(number, column) for number, column in enumerate(values)]
        self._writer.write_batch(self._arrow.record_batch(arrays, schema=self._schema))
        self._written += len(rows)

    def _array(self, number: int, values: Sequence[Any]) -> Any:
        field = self._schema.field(number)
        if field.type == self._arrow.string():
            values = [value if value is None else as_text(value) for value in values]
        elif field.type == self._arrow.binary():
            values = [value if value is None else bytes(value) for value in values]
        try:
            return self._arrow.array(values, field.type)
        except self._misfits as error:
            place = self._misfit(values, field.type)
            raise PermanentFailure(
                f"row {self._written + place + 1:,}, column {field.name!r} holds "
                f"{as_text(values[place])[:100]!r}, which does not fit the column's type {field.type}; "
                "cast the column to text in a query, or export as csv or jsonl"
            ) from error

    def _misfit(self, values: Sequence[Any], kind: Any) -> int:
        for place, value in enumerate(values):
            try:
                self._arrow.array([value], kind)
            except self._misfits:
                return place
        return 0

    def _schema_for(self, values: Sequence[Sequence[Any]]) -> Any:
        return self._arrow.schema(
            [
                (column.name, self._declared(column) or self._seen(sample))
                for column, sample in zip(self._columns, values, strict=True)
            ]
        )

    def _declared(self, column: Column) -> Any:
        arrow, code = self._arrow, column.type_code
        if not isinstance(code, int):
            return None
        if code == _NUMERIC:
            return self._decimal(column)
        if code in _WHOLE:
            return arrow.int64()
        if code in _FLOATS:
            return arrow.float64()
        known = {
            _BOOL: arrow.bool_(),
            _BYTES: arrow.binary(),
            _DATE: arrow.date32(),
            _TIMESTAMP: arrow.timestamp("us"),
            _TIMESTAMPTZ: arrow.timestamp("us", "UTC"),
        }
        return known.get(code, arrow.string())

    def _decimal(self, column: Column) -> Any:
        """A numeric column without declared digits has no type in Parquet that holds all of it."""
        digits, scale = column.precision or 0, column.scale or 0
        if 0 < digits <= _MOST_DIGITS and 0 <= scale <= digits:
            return self._arrow.decimal128(digits, scale)
        return self._arrow.string()

    def _seen(self, values: Sequence[Any]) -> Any:
        arrow = self._arrow
        kinds = {type(value) for value in values if value is not None}
        if kinds == {int, float}:
            return arrow.float64()
        types = {
            bool: arrow.bool_(),
            int: arrow.int64(),
            float: arrow.float64(),
            bytes: arrow.binary(),
            datetime: arrow.timestamp("us"),
            date: arrow.date32(),
            Decimal: arrow.string(),
        }
        return types.get(kinds.pop(), arrow.string()) if len(kinds) == 1 else arrow.string()
