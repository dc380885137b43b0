"""Makes reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from backend.api.config.worker_settings import ReportSettings
from backend.domain.errors import PermanentFailure
from workers.artifacts.artifact_writer import ArtifactTooLarge
from workers.artifacts.open_store import open_store
from workers.base_worker import BaseWorker, JobContext, job_type
from workers.handlers.no_second_try import no_second_try
from workers.reports.report import Report
from workers.sources.confinement import own_parameters

if TYPE_CHECKING:
    from workers.reports.dataset import Dataset
    from workers.reports.definition import Definition


class ReportWorker(BaseWorker):
    """Makes the reports of the configured folder from the configured sources."""

    lane: ClassVar[str] = "report"

    def __init__(self, settings: Any) -> None:
        # Who makes no reports need not hold what it takes, here and below.
        from workers.reports.definition_folder import DefinitionFolder

        super().__init__(settings)
        self.report: ReportSettings = settings.report
        self.artifacts = open_store(settings.artifacts)
        self.definitions = DefinitionFolder(self.report.folder)

    @job_type("generate_report", isolation="process", timeout=600)
    def generate_report(self, report: Report, context: JobContext) -> dict[str, Any]:
        """Makes a report as HTML, PDF, XLSX or CSV. A test run keeps it for a day.

        The result counts the rows of each dataset and says what the file leaves out, as the file does.
        """
        from workers.reports.composer import compose
        from workers.reports.formats import format_of, label_of
        from workers.reports.parameters import asked_of_all, values_for

        definition = self.definitions.get(report.report)
        now = context.now()
        values = own_parameters(
            f"report {report.report!r}",
            asked_of_all(definition),
            values_for(definition, report.parameters, now),
            context,
        )
        data = self._data(definition, values, context)
        try:
            with (
                no_second_try("the report"),
                self.artifacts.create(label_of(report, values, context)) as file,
            ):
                document = compose(definition, data, values, now)
                write = format_of(report.format).write
                left_out = write(document, cast("Any", file), self.report.font)
        except ArtifactTooLarge as error:
            raise PermanentFailure(str(error)) from error
        artifact = file.artifact
        return {
            "title": document.title,
            "rows": {name: len(dataset.rows) for name, dataset in data.items()},
            "left_out": left_out,
            "size_bytes": artifact.size_bytes,
            "sha256": artifact.sha256,
            "artifact": artifact.to_json(),
        }

    def _data(
        self, definition: Definition, values: dict[str, Any], context: JobContext
    ) -> dict[str, Dataset]:
        from workers.reports.dataset import from_function, from_sql
        from workers.sources.source import find_source, reading

        most_rows = self.report.most_rows
        if definition.function is not None:
            return from_function(definition.function, values, most_rows=most_rows, context=context)
        name = definition.source
        source = find_source(name, self.settings.sources, self.settings.database_url)
        timeout = self.report.statement_timeout
        with no_second_try("the report"), reading(name, source, timeout) as connection:
            return from_sql(connection, definition, values, most_rows=most_rows, context=context)
