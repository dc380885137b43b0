"""Streams the rows of a statement into an artifact."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from workers.artifacts.artifact import ArtifactLabel
from workers.artifacts.artifact_writer import ArtifactWriter
from workers.base_worker import JobContext, StopRequested
from workers.exports.export import Export
from workers.exports.parquet_writer import ParquetWriter
from workers.exports.row_writer import Column, Format, RowWriter
from workers.exports.text_writers import CsvWriter, JsonLinesWriter
from workers.exports.xlsx_writer import XlsxWriter

if TYPE_CHECKING:
    from sqlalchemy import Connection, Executable

_BATCH = 2_000
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def format_of(export: Export) -> Format:
    """How the file is written and called."""
    formats = {
        "csv": Format("csv", "text/csv", partial(CsvWriter, safe=export.spreadsheet_safe)),
        "jsonl": Format("jsonl", "application/jsonl", JsonLinesWriter),
        "parquet": Format("parquet", "application/vnd.apache.parquet", ParquetWriter),
        "xlsx": Format("xlsx", _SHEET, XlsxWriter),
    }
    return formats[export.format]


def label_of(export: Export, context: JobContext) -> ArtifactLabel:
    """The name, type and retention of the file."""
    chosen = format_of(export)
    is_gzip = export.compression == "gzip"
    stem = (export.table or export.query or "export").replace(".", "-").strip("_-$")
    name = export.name or f"{stem or 'export'}.{chosen.extension}{'.gz' if is_gzip else ''}"
    return ArtifactLabel(
        context.job_id,
        context.attempt,
        name,
        "application/gzip" if is_gzip else chosen.media_type,
        1.0 if context.is_test else export.retention_days,
        context.tenant,
    )


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
    # A server-side cursor: neither the driver nor the database holds all rows at once.
    result = connection.execute(statement, execution_options={"stream_results": True})
    done = 0
    with _opened(into, export, _columns(result)) as writer:
        for rows in _batches(result, most):
            _stop_if_asked(context)
            writer.write(rows)
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


def _columns(result: Any) -> list[Column]:
    described = result.cursor.description
    return [
        Column(name, found[1], scale=found[5], precision=found[4])
        for name, found in zip(result.keys(), described, strict=True)
    ]


def _batches(result: Any, most: int | None) -> Iterator[Sequence[Any]]:
    left = most
    for rows in result.partitions(_BATCH):
        if left is None:
            yield rows
            continue
        yield rows[:left]
        left -= len(rows)
        if left <= 0:
            return


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
