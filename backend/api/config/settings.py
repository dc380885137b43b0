"""All settings of Tally, their defaults and meanings, in one table.

Order of precedence: arguments, environment (``TALLY_…``, nested with ``__``), the file, the
stores of a `tally dev` that runs in the project, defaults.
``REDIS_URL`` and ``JOB_QUEUE_DATABASE_URL`` (or ``DATABASE_URL``) are read without a prefix.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from pydantic import AliasChoices, Field, ValidationError
from pydantic import field_validator as checks
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from backend.api.config.aliases import names_of
from backend.api.config.api_settings import ApiSettings
from backend.api.config.dashboard_settings import DashboardSettings
from backend.api.config.engine_settings import (
    DeadLetterSettings,
    HistorySettings,
    LogSettings,
    RedisSettings,
    RetrySettings,
    SchedulerSettings,
    SmtpSettings,
    WorkerSettings,
)
from backend.api.config.explain import explain, unknown_variables
from backend.api.config.given_by import place_of
from backend.api.config.left_by_dev import stores_left_by_dev
from backend.api.config.record_settings import (
    CallbackSettings,
    EventSettings,
    LedgerSettings,
    OutboxSettings,
)
from backend.api.config.schedule_settings import ScheduleSettings
from backend.api.config.section import Listed
from backend.api.config.settings_file import find_file
from backend.api.config.store_urls import (
    STORES,
    check_postgres_url,
    check_redis_url,
    check_schema_name,
    without_login,
)
from backend.api.config.telemetry_settings import MetricsSettings
from backend.api.config.worker_settings import (
    ArtifactSettings,
    BackupSettings,
    MailSettings,
    ReportSettings,
    SourceSettings,
    WebhookSettings,
)
from backend.domain.errors import ConfigurationError
from backend.domain.jobs.options.bounds import LARGEST_JSON_BYTES, RESULT_BYTES


class Settings(BaseSettings):
    """Everything that can be set. Unknown names are refused."""

    model_config = SettingsConfigDict(
        env_prefix="TALLY_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    redis_url: str = Field(
        "redis://127.0.0.1:6379/0",
        validation_alias=AliasChoices("redis_url", "REDIS_URL", "TALLY_REDIS_URL"),
        description="`memory:` keeps jobs in the process that enqueues them, for tests and trials.",
    )
    database_url: str = Field(
        "postgresql://tally@127.0.0.1:5432/tally",
        validation_alias=AliasChoices(
            # The first one that is set counts. In the environment `database_url` means DATABASE_URL.
            *("JOB_QUEUE_DATABASE_URL", "DATABASE_URL", "TALLY_DATABASE_URL", "database_url")
        ),
        description="The jobs database: one of its own, or an application's with `database_schema`.",
    )
    read_url: str = Field(
        "",
        validation_alias=AliasChoices("read_url", "JOB_QUEUE_READ_URL", "TALLY_READ_URL"),
        description="A replica of the jobs database for search, statistics and exports; empty: the "
        "jobs database itself. One job's page is always read there.",
    )
    database_schema: str = Field(
        "",
        validation_alias=AliasChoices(
            *("database_schema", "JOB_QUEUE_SCHEMA", "TALLY_DATABASE_SCHEMA")
        ),
        description="Schema of our tables, made by `tally migrate`; empty: the account's search path.",
    )
    job_packages: Listed[str] = Field(
        (), description="Packages whose decorated functions are job types, besides our own."
    )
    middleware: Listed[str] = Field(
        (),
        description="Middleware in the order of its layers, the outermost first: `package.module:Name`.",
    )
    job_queue_enabled: bool = Field(
        True,
        validation_alias=AliasChoices("job_queue_enabled", "JOB_QUEUE_ENABLED"),
        description="false starts the web process without a worker inside.",
    )
    job_enqueue_mode: Literal["direct", "outbox"] = Field(
        "direct",
        validation_alias=AliasChoices("job_enqueue_mode", "JOB_ENQUEUE_MODE"),
        description="outbox: the API accepts jobs in Postgres, whether Redis is there or not.",
    )
    max_payload_bytes: int = Field(
        256 * 1024, ge=1, le=LARGEST_JSON_BYTES, description="Largest payload accepted."
    )
    max_result_bytes: int = Field(
        RESULT_BYTES,
        ge=1,
        le=LARGEST_JSON_BYTES,
        description="Largest result kept; a job that returns more fails for good.",
    )
    redis: RedisSettings = RedisSettings()
    retry: RetrySettings = RetrySettings()
    worker: WorkerSettings = WorkerSettings()
    scheduler: SchedulerSettings = SchedulerSettings()
    history: HistorySettings = HistorySettings()
    outbox: OutboxSettings = OutboxSettings()
    ledger: LedgerSettings = LedgerSettings()
    events: EventSettings = EventSettings()
    callbacks: CallbackSettings = CallbackSettings()
    dlq: DeadLetterSettings = DeadLetterSettings()
    smtp: SmtpSettings = SmtpSettings()
    mail: MailSettings = Field(default_factory=MailSettings)
    webhook: WebhookSettings = WebhookSettings()
    report: ReportSettings = Field(default_factory=ReportSettings)
    artifacts: ArtifactSettings = Field(default_factory=ArtifactSettings)
    backup: BackupSettings = Field(default_factory=BackupSettings)
    sources: dict[str, SourceSettings] = Field(
        default_factory=dict, description="Databases that exports and reports read, by name."
    )
    api: ApiSettings = ApiSettings()
    dashboard: DashboardSettings = DashboardSettings()
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()
    schedules: dict[str, ScheduleSettings] = Field(
        default_factory=dict, description="Recurring jobs by name."
    )

    @checks("redis_url")
    @classmethod
    def _of_redis(cls, url: str) -> str:
        return check_redis_url(url)

    @checks("database_url")
    @classmethod
    def _of_postgres(cls, url: str) -> str:
        return check_postgres_url(url)

    @checks("read_url")
    @classmethod
    def _of_replica(cls, url: str) -> str:
        return check_postgres_url(url) if url else ""

    @checks("database_schema")
    @classmethod
    def _of_postgres_schema(cls, name: str) -> str:
        return check_schema_name(name)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What `repr` shows, and with it debuggers, error trackers and assertions: no passwords."""
        for name, value in super().__repr_args__():
            yield name, without_login(value) if name in STORES else value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the file, then a `tally dev` that runs here."""
        own = (_FileSource(settings_cls), _DevSource(settings_cls))
        return (init_settings, env_settings, *own)


class _OwnSource(PydanticBaseSettingsSource):
    """Values by the names of settings, wherever they were found."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Under the names by which the environment's values come: two names would be two values."""
        fields = self.settings_cls.model_fields
        firsts = {own: names[0] for own, field in fields.items() if (names := names_of(field))}
        return {firsts.get(name, name): value for name, value in self.values().items()}

    def values(self) -> Mapping[str, Any]:
        """What is found."""
        raise NotImplementedError


class _FileSource(_OwnSource):
    def values(self) -> Mapping[str, Any]:
        """Those of the file that `find_file` finds."""
        file = find_file(os.environ)
        return file.content() if file else {}


class _DevSource(_OwnSource):
    def values(self) -> Mapping[str, Any]:
        """The stores that are running here."""
        return stores_left_by_dev(os.environ)


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process; raises `ConfigurationError` that names each wrong one."""
    unknown = unknown_variables(os.environ, Settings)
    if unknown:
        raise ConfigurationError("\n".join(unknown))
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise ConfigurationError(explain(error, Settings, _place)) from error
    except SettingsError as error:
        # pydantic says "error parsing value for field …"; what was wrong with it is the cause.
        raise ConfigurationError(f"{error}: it must be JSON ({error.__cause__})") from error


def _place(names: Sequence[str]) -> str:
    return place_of(names, Settings, os.environ, find_file(os.environ))


_handed_on: list[Settings] = []


def adopt(settings: Settings) -> None:
    """From here on these are the settings of this process, whatever environment and file say."""
    _handed_on[:] = [settings]
    default_settings.cache_clear()


def were_handed_on() -> bool:
    """Whether another process told this one its settings."""
    return bool(_handed_on)


@lru_cache(maxsize=1)
def default_settings() -> Settings:
    """The settings that were handed on to this process, else those of environment and file, read once."""
    return _handed_on[0] if _handed_on else load_settings()
