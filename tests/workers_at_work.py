"""Runs a shipped worker's job as a worker process would: payload checked, context given, opened, closed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from backend.api.config.settings import SmtpSettings
from backend.api.config.worker_settings import (
    ArtifactSettings,
    BackupSettings,
    MailSettings,
    ReportSettings,
    SourceSettings,
    WebhookSettings,
)
from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from backend.domain.jobs.job_type import JobType
from workers.base_worker import JobContext
from workers.job_types.finding import declared_in
from workers.runtime.attempts.job_contexts import MOST_CHECKPOINT_BYTES


@dataclass(frozen=True)
class Settings:
    """The sections that the workers read."""

    smtp: SmtpSettings
    artifacts: ArtifactSettings
    mail: MailSettings
    webhook: WebhookSettings
    report: ReportSettings
    backup: BackupSettings
    sources: dict[str, SourceSettings] = field(default_factory=dict)
    database_url: str = ""
    database_schema: str = ""

    def but(self, **sections: Any) -> Settings:
        """The same with some sections replaced."""
        return replace(self, **sections)


def settings_for(folder: Path) -> Settings:
    """Settings that write nowhere else than below ``folder``."""
    return Settings(
        smtp=SmtpSettings(security="none", port=9, sender="Tally <tally@example.com>"),
        artifacts=ArtifactSettings(folder=folder / "artifacts"),
        mail=MailSettings(templates=folder / "templates"),
        webhook=WebhookSettings(),
        report=ReportSettings(),
        backup=BackupSettings(folder=folder / "backups"),
    )


@dataclass
class Steps:
    """What a job said about its progress."""

    said: list[tuple[float, float | None, str]] = field(default_factory=list)

    def __call__(self, done: float, total: float | None, note: str) -> None:
        self.said.append((done, total, note))


class Kept:
    """The checkpoints of one job, as large as Redis' may be."""

    def __init__(self) -> None:
        self.text = ""

    def load(self) -> Any:
        return json.loads(self.text) if self.text else None

    def save(self, value: Any) -> None:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        if len(text.encode()) > MOST_CHECKPOINT_BYTES:
            raise ValueError(f"a checkpoint may have {MOST_CHECKPOINT_BYTES} bytes as JSON")
        self.text = text


def context(job_id: str = "job-1", **values: Any) -> JobContext:
    """The context of a first attempt."""
    return JobContext(**{"job_id": job_id, "job_type": "test", "attempt": 1, **values})


class AtWork:
    """One worker, opened, with the job types that its module declares."""

    def __init__(self, module: ModuleType, settings: Any) -> None:
        self.types = {kind.name: kind for kind in declared_in(module, RetryPolicy())}
        workers = {kind.worker for kind in self.types.values() if kind.worker}
        self._instances = {worker: worker(settings) for worker in workers}

    def __enter__(self) -> AtWork:
        for instance in self._instances.values():
            instance.open()
        return self

    def __exit__(self, *_: object) -> None:
        for instance in self._instances.values():
            instance.close()

    def run(self, name: str, payload: dict[str, Any], given: JobContext | None = None) -> Any:
        """One attempt; raises what the handler raises, or pydantic's error for the payload."""
        kind = self.types[name]
        assert kind.payload is not None
        return self._bound(kind)(kind.payload.model_validate(payload), given or context())

    def _bound(self, kind: JobType) -> Callable[..., Any]:
        if kind.worker is None:
            return kind.handler
        return kind.handler.__get__(self._instances[kind.worker])  # type: ignore[no-any-return]
