"""Keeps the house: prints, cleans up, makes backups."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from io import FileIO
from typing import Any

from backend.api.config.worker_settings import ArtifactSettings, BackupSettings
from backend.domain.errors import ArtifactError
from workers.artifacts.open_store import open_store
from workers.base_worker import BaseWorker, JobContext, StopRequested, job_type
from workers.maintenance.backups import BackupFolder, backup_name
from workers.maintenance.dump import dump
from workers.maintenance.payloads import Backup, Cleanup, LogMessage
from workers.maintenance.pg_dump_program import find_pg_dump, major_of_server
from workers.maintenance.printed_line import printed_line


class MaintenanceWorker(BaseWorker):
    """Serves the job types that need no lane of their own."""

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self.artifact_settings: ArtifactSettings = settings.artifacts
        self.backup_settings: BackupSettings = settings.backup
        self.artifacts = open_store(self.artifact_settings)

    @job_type("log_message", timeout=10)
    def log_message(self, log_message: LogMessage, context: JobContext) -> dict[str, str]:
        """Prints ``[2026-01-02 12:34:56] message`` on standard output; the time is UTC."""
        line = printed_line(log_message.message, context.now())
        print(line, flush=True)
        return {"printed": line}

    @job_type("cleanup", role="operator", tenants=False, priority="low", timeout=600)
    def cleanup(self, cleanup: Cleanup, context: JobContext) -> dict[str, Any]:
        """Deletes expired artifacts and what crashed jobs left half written. A test run only counts."""
        # No other job of this worker writes workbooks.
        from workers.exports.workbook_folder import clear_abandoned

        now, before = context.now(), self._left_before(context)
        is_dry = cleanup.dry_run or context.is_test
        expired = [artifact for artifact in self.artifacts.all() if artifact.is_expired(now)]
        for done, artifact in enumerate(expired if not is_dry else (), 1):
            if context.canceled:
                raise StopRequested("canceled between files")
            self.artifacts.delete(artifact.id)
            context.progress(done, len(expired), artifact.name)
        return {
            "expired": len(expired),
            "bytes": sum(artifact.size_bytes for artifact in expired),
            "unfinished": self.artifacts.sweep(before, dry_run=is_dry)
            + clear_abandoned(before, dry_run=is_dry),
            "dry_run": is_dry,
        }

    @job_type(
        "backup", role="operator", tenants=False, priority="low", isolation="process", timeout=3600
    )
    def backup(self, _backup: Backup, context: JobContext) -> dict[str, Any]:
        """Writes a ``pg_dump`` of the jobs database to backup.folder. A test run only looks for pg_dump."""
        server = 0 if context.is_test else major_of_server(self.settings.database_url)
        program = find_pg_dump(self.backup_settings.pg_dump, server)
        if context.is_test:
            return {"name": None, "answer": "test run: pg_dump was found, nothing was written"}
        folder = BackupFolder(self.backup_settings.folder)
        try:
            folder.sweep(context.job_id, self._left_before(context))
            kept = folder.write(
                backup_name(context.now(), context.job_id),
                lambda file: dump(
                    program,
                    self.settings.database_url,
                    file.fileno(),
                    partial(_look, file, context),
                    schema=self.settings.database_schema,
                ),
            )
            removed = folder.keep(self.backup_settings.keep)
        except OSError as error:
            raise ArtifactError(f"the backup cannot be written: {error}") from error
        return {**kept._asdict(), "removed": removed}

    def _left_before(self, context: JobContext) -> datetime:
        """What was last written before then, and is not being written, was left by a crash."""
        return context.now() - timedelta(hours=self.artifact_settings.partial_hours)


def _look(file: FileIO, context: JobContext) -> None:
    if context.canceled:
        raise StopRequested("canceled while the database was copied")
    size = file.seek(0, 2)
    context.progress(size, None, f"{size:,} bytes")
