"""All settings of Tally, their defaults and meanings, in one table.

Order of precedence: arguments, environment (``TALLY_…``, nested with ``__``), the YAML file, defaults.
``REDIS_URL`` and ``DATABASE_URL`` (or ``JOB_QUEUE_DATABASE_URL``) are read without a prefix.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic import field_validator as checks
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from backend.api.config.explain import explain
from backend.api.config.yaml_file import find_file, read_yaml
from backend.domain.errors import ConfigurationError
from backend.domain.queue_name import Priority

Seconds = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """A group of settings; a name that is not one of them is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RedisSettings(Section):
    """How Redis is used."""

    prefix: str = Field("rq", description="Key prefix; RQ's tools read it from RQ_KEY_PREFIX.")
    backlog_limit: int = Field(0, ge=0, description="Most jobs waiting in one queue; 0: no limit.")
    stream_limit: int = Field(
        2_000_000, ge=0, description="Most events waiting for the recorder; 0: no limit."
    )
    result_ttl: int = Field(3600, ge=0, description="Seconds a finished job stays in Redis.")


class RetrySettings(Section):
    """What happens after a failed attempt, unless a job type or call says otherwise."""

    delays: tuple[float, ...] = Field((60, 300, 900), description="Seconds before each retry.")
    jitter: float = Field(0.1, ge=0, le=1, description="Share by which each delay is spread.")


class WorkerSettings(Section):
    """How worker processes behave."""

    processes: int = Field(1, ge=1, description="Worker processes per lane.")
    concurrency: int = Field(10, ge=1, le=1000, description="Slots of a worker process.")
    lane_concurrency: dict[str, int] = Field(
        default_factory=dict, description="Slots by lane, where they differ."
    )
    heartbeat: Seconds = Field(30, description="Seconds between heartbeats.")
    lease: Seconds = Field(90, description="Seconds a lease lives without a heartbeat.")
    grace: float = Field(
        30, ge=0, description="Seconds a stopping worker lets its running jobs finish."
    )
    batch_seconds: Seconds = Field(
        0.01, description="A worker claims ahead no more than about this much work."
    )
    batch_limit: int = Field(32, ge=1, le=200, description="Most jobs claimed ahead.")
    recycle_jobs: int = Field(
        0, ge=0, description="Restart a process after so many jobs; 0: never."
    )
    memory_limit_mb: int = Field(
        1024, ge=0, description="Restart a worker process above this many MB; 0: no limit."
    )
    child_memory_limit_mb: int = Field(
        2048, ge=0, description="Address space of an isolated job's process; 0: no limit."
    )
    child_cpu_seconds: int = Field(
        0, ge=0, description="CPU time of an isolated job's process; 0: no limit."
    )
    child_file_mb: int = Field(
        0, ge=0, description="Largest file an isolated job may write; 0: no limit."
    )
    weights: dict[str, int] = Field(
        default_factory=lambda: {"high": 7, "normal": 2, "low": 1},
        description="Guaranteed share of claims while all priorities have jobs waiting.",
    )

    @checks("weights")
    @classmethod
    def _of_priorities(cls, weights: dict[str, int]) -> dict[str, int]:
        if set(weights) - set(Priority) or min(weights.values(), default=0) < 0:
            raise ValueError("give high, normal and low a weight from 0")
        return weights

    @checks("lease")
    @classmethod
    def _outlives_heartbeats(cls, lease: float, info: Any) -> float:
        heartbeat = info.data.get("heartbeat", 0)
        if lease < 2 * heartbeat:
            raise ValueError(f"must be at least twice the heartbeat ({heartbeat:g} s)")
        return lease


class SchedulerSettings(Section):
    """How due jobs are promoted and lost ones rescued."""

    leader_lease: Seconds = Field(3, description="Seconds until another scheduler takes over.")
    promote_batch: int = Field(200, ge=1, le=500, description="Jobs moved in one step.")
    rescue_grace: float = Field(
        2, ge=0, description="Seconds an expired lease must stand still before it is taken."
    )


class HistorySettings(Section):
    """How the recorder writes Postgres."""

    batch: int = Field(2000, ge=1, le=20_000, description="Most events written in one transaction.")
    finished_days: int = Field(30, ge=1, description="Days finished jobs are kept.")
    failed_days: int = Field(90, ge=1, description="Days failed jobs are kept.")


class DeadLetterSettings(Section):
    """Limits of the dead-letter queue in Redis; history keeps what is dropped."""

    max_jobs: int = Field(100_000, ge=0, description="Most dead jobs kept; 0: no limit.")
    max_days: float = Field(90, ge=0, description="Days a dead job is kept; 0: for ever.")


class SmtpSettings(Section):
    """The mail server that the email worker hands mails to."""

    host: str = "127.0.0.1"
    port: int = Field(25, ge=1, le=65535)
    security: Literal["none", "starttls", "tls"] = Field(
        "starttls", description="starttls and tls check the server's certificate."
    )
    username: str = ""
    password: SecretStr = SecretStr("")
    sender: str = Field("tally@localhost", description="The From address.")
    timeout: Seconds = Field(30, description="Seconds for each answer of the server.")
    ca_file: Path | None = Field(None, description="Certificates to trust instead of the system's.")


class LogSettings(Section):
    """What processes write to standard error."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["auto", "json", "text"] = Field(
        "auto", description="auto: text on a terminal, JSON elsewhere."
    )


class Settings(BaseSettings):
    """Everything that can be set. Unknown names are refused."""

    model_config = SettingsConfigDict(
        env_prefix="TALLY_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        populate_by_name=True,
    )

    redis_url: str = Field(
        "redis://127.0.0.1:6379/0",
        validation_alias=AliasChoices("redis_url", "REDIS_URL", "TALLY_REDIS_URL"),
    )
    database_url: str = Field(
        "postgresql://tally@127.0.0.1:5432/tally",
        validation_alias=AliasChoices(
            "database_url", "JOB_QUEUE_DATABASE_URL", "DATABASE_URL", "TALLY_DATABASE_URL"
        ),
        description="The jobs database, apart from the application's own.",
    )
    job_packages: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Packages whose decorated functions are job types, besides our own."
    )
    max_payload_bytes: int = Field(256 * 1024, ge=1, description="Largest payload accepted.")
    redis: RedisSettings = RedisSettings()
    retry: RetrySettings = RetrySettings()
    worker: WorkerSettings = WorkerSettings()
    scheduler: SchedulerSettings = SchedulerSettings()
    history: HistorySettings = HistorySettings()
    dlq: DeadLetterSettings = DeadLetterSettings()
    smtp: SmtpSettings = SmtpSettings()
    log: LogSettings = LogSettings()

    @checks("job_packages", mode="before")
    @classmethod
    def _from_commas(cls, value: Any) -> Any:
        return [word.strip() for word in value.split(",")] if isinstance(value, str) else value

    @checks("database_url")
    @classmethod
    def _with_driver(cls, url: str) -> str:
        """SQLAlchemy 2.1 reads the plain schemes as psycopg 3, which is not what we ship."""
        for scheme in ("postgresql://", "postgres://"):
            if url.startswith(scheme):
                return "postgresql+psycopg2://" + url.removeprefix(scheme)
        return url

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments (the YAML file's values come last among them), then the environment."""
        return (init_settings, env_settings, _YamlSource(settings_cls))


class _YamlSource(PydanticBaseSettingsSource):
    """The values of config/queue-config.yaml, or of the file that ``TALLY_CONFIG`` names."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        return read_yaml(find_file(os.environ))


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process; raises `ConfigurationError` that names each wrong one."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise ConfigurationError(explain(error, Settings)) from error


@lru_cache(maxsize=1)
def default_settings() -> Settings:
    """The settings from environment and file, read once."""
    return load_settings()
