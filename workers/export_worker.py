"""Writes data into files."""

from __future__ import annotations

from typing import Any, ClassVar

from backend.domain.errors import PermanentFailure
from workers.artifacts.artifact_writer import ArtifactTooLarge
from workers.artifacts.open_store import open_store
from workers.base_worker import BaseWorker, JobContext, job_type
from workers.exports.export import Export
from workers.exports.exporter import label_of, write_rows
from workers.exports.statement import statement_of
from workers.handlers.no_second_try import no_second_try
from workers.sources.source import find_source, reading

_TEST_ROWS = 100


class ExportWorker(BaseWorker):
    """Streams tables and queries of the configured sources into artifacts."""

    lane: ClassVar[str] = "export"

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self.artifacts = open_store(settings.artifacts)

    @job_type("export_data", priority="low", isolation="process", timeout=3600)
    def export_data(self, export: Export, context: JobContext) -> dict[str, Any]:
        """Exports a table or a named query to CSV, JSON lines, Parquet or XLSX.

        The file appears whole or not at all. A test run writes the first 100 rows, kept for a day.
        """
        source = find_source(export.source, self.settings.sources, self.settings.database_url)
        most = min(export.limit or _TEST_ROWS, _TEST_ROWS) if context.is_test else export.limit
        try:
            with (
                no_second_try("the export"),
                reading(export.source, source, source.statement_timeout) as connection,
                self.artifacts.create(label_of(export, context)) as file,
            ):
                statement = statement_of(export, source, connection, context)
                rows = write_rows(
                    connection, statement, into=file, export=export, context=context, most=most
                )
        except ArtifactTooLarge as error:
            raise PermanentFailure(str(error)) from error
        artifact = file.artifact
        return {
            "rows": rows,
            "size_bytes": artifact.size_bytes,
            "sha256": artifact.sha256,
            "artifact": artifact.to_json(),
        }
