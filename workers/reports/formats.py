"""The kinds of file that a report can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from workers.artifacts.artifact import ArtifactLabel
from workers.base_worker import JobContext
from workers.reports.csv_writer import write_csv
from workers.reports.document import Document
from workers.reports.html_writer import write_html
from workers.reports.pdf.writer import write_pdf
from workers.reports.report import Kind, Report
from workers.reports.xlsx_writer import write_xlsx

_TEST_DAYS = 1.0


class ReportFormat(NamedTuple):
    """What writes a kind of file, and answers what it left out, a sentence each."""

    media_type: str
    write: Callable[[Document, BinaryIO, Path | None], list[str]]


_FORMATS: dict[Kind, ReportFormat] = {
    "html": ReportFormat("text/html", write_html),
    "pdf": ReportFormat("application/pdf", write_pdf),
    "xlsx": ReportFormat(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", write_xlsx
    ),
    "csv": ReportFormat("text/csv", write_csv),
}


def format_of(kind: Kind) -> ReportFormat:
    """How a kind of file is written."""
    return _FORMATS[kind]


def label_of(report: Report, values: Mapping[str, Any], context: JobContext) -> ArtifactLabel:
    """The name, type and retention of the file; its dates make its name tell which one it is."""
    days = [value.isoformat() for value in values.values() if type(value) is date]
    stem = "-".join([report.report.replace("_", "-"), *days])
    return ArtifactLabel(
        context.job_id,
        context.attempt,
        report.name or f"{stem}.{report.format}",
        format_of(report.format).media_type,
        _TEST_DAYS if context.is_test else report.retention_days,
        context.tenant,
    )
