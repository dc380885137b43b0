"""Streams the rows of a statement into an artifact."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from backend.domain.errors import PermanentFailure
from workers.artifacts.artifact import ArtifactLabel
from workers.artifacts.artifact_writer import ArtifactWriter
from workers.base_worker import JobContext, StopRequested
from workers.exports.batches import batches, heaviest_cell, weight
from workers.exports.export import Export
from workers.exports.parquet_writer import ParquetWriter
from workers.exports.row_writer import Column, Format, Row, RowWriter
from workers.exports.text_writers import CsvWriter, JsonLinesWriter
from workers.exports.xlsx_writer import XlsxWriter
from workers.sources.column_names import told_apart
from workers.sources.source import streamed
from workers.sources.table_name import parts_of

if TYPE_CHECKING:
    from sqlalchemy import Connection, Executable

_NOT_IN_NAMES = re.compile(r"[^\w -]")
_LONGEST_STEM = 60
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def format_of(export: Export) -> Format:
    """How the file is written and called."""
    formats = {
        "csv": Format(
            "csv", "text/csv", partial(CsvWriter, safe=export.spreadsheet_safe, null=export.null)
        ),
        "jsonl": Format("jsonl", "application/jsonl", JsonLinesWriter),
        "parquet": Format("parquet", "application/vnd.apache.parquet", ParquetWriter),
        "xlsx": Format("xlsx", _SHEET, XlsxWriter),
    }
    return formats[export.format]


def label_of(export: Export, context: JobContext) -> ArtifactLabel:
    """The name, type and retention of the file."""
    chosen = format_of(export)
    is_gzip = export.compression == "gzip"
    name = export.name or f"{_stem(export)}.{chosen.extension}{'.gz' if is_gzip else ''}"
    return ArtifactLabel(
        context.job_id,
        context.attempt,
        name,
        "application/gzip" if is_gzip else chosen.media_type,
        1.0 if context.is_test else export.retention_days,
        context.tenant,
    )


def _stem(export: Export) -> str:
    """What the file is called after; the name of a table may hold what no file's name may."""
    words = "-".join(parts_of(export.table)) if export.table else export.query or ""
    return _NOT_IN_NAMES.sub("-", words).strip("_-. ")[:_LONGEST_STEM] or "export"


def write_rows(
    connection: Connection,
    statement: Executable,
    *,
    into: ArtifactWriter,
    export: Export,
    context: JobContext,
    most: int | None,
) -> int:
    """Writes every row, at most ``most``, in batches; answers how many."""
    result = streamed(connection, statement)
    done = 0
    columns = _columns(result, export)
    with _opened(into, export, columns) as writer:
        for rows in batches(result, most):
            _stop_if_asked(context)
            _write(writer, rows, done, columns)
            done += len(rows)
            context.progress(done, most, f"{done:,} rows")
    return done


@contextmanager
def _opened(into: ArtifactWriter, export: Export, columns: Sequence[Column]) -> Iterator[RowWriter]:
    with _compressed(into, export) as file:
        writer = format_of(export).open(file, columns)
        try:
            yield writer
            writer.close()
        except BaseException:
            writer.abort()
            raise


def _columns(result: Any, export: Export) -> list[Column]:
    # The names are the driver's: those of SQLAlchemy's rows may have been made different.
    described = result.cursor.description
    told_apart((found[0] for found in described), f"the result of {export.query or export.table!r}")
    return [Column(found[0], found[1], scale=found[5], precision=found[4]) for found in described]


def _write(writer: RowWriter, rows: Sequence[Row], done: int, columns: Sequence[Column]) -> None:
    try:
        writer.write(rows)
    except MemoryError as error:
        row, column = heaviest_cell(rows)
        raise PermanentFailure(
            f"row {done + row + 1:,} is too large to be written: column {columns[column].name!r} holds "
            f"{weight([rows[row][column]]):,} letters or bytes; leave it out, or raise "
            "worker.child_memory_limit_mb"
        ) from error


@contextmanager
def _compressed(file: ArtifactWriter, export: Export) -> Iterator[BinaryIO]:
    plain = cast("BinaryIO", file)
    if export.compression == "none":
        yield plain
        return
    # No time inside: the same rows make the same bytes.
    with closing(gzip.GzipFile("", "wb", 6, plain, mtime=0)) as compressed:
        yield cast("BinaryIO", compressed)


def _stop_if_asked(context: JobContext) -> None:
    if context.canceled:
        raise StopRequested("canceled while rows were written")
