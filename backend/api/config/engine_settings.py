"""Settings of the engine: Redis, retries, workers, scheduler, history, dead letters, mail, logs."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, TypedDict

from pydantic import BeforeValidator, Field, SecretStr
from pydantic import field_validator as checks

from backend.api.config.section import Listed, Place, Seconds, Section, within
from backend.domain.jobs.options import bounds
from backend.domain.jobs.queue_name import Priority


class RedisSettings(Section):
    """How Redis is used."""

    prefix: str = Field("rq", description="Key prefix; RQ's tools read it from RQ_KEY_PREFIX.")
    beside_rq: bool = Field(
        False,
        description="RQ may keep jobs of its own under the same prefix, in queues of its own.",
    )
    lean_jobs: bool = Field(
        False,
        description="Leave out of a job's hash what most jobs have: a third of its memory. Only once "
        "no process of 0.1 runs: it could not read such jobs.",
    )
    backlog_limit: int = Field(0, ge=0, description="Most jobs waiting in one queue; 0: no limit.")
    stream_limit: int = Field(
        2_000_000, ge=0, description="Most events waiting for the recorder; 0: no limit."
    )
    stream_full: Literal["refuse", "shed"] = Field(
        "refuse",
        description="At stream_limit: refuse takes no new job until the recorder has caught up; shed "
        "takes them and drops the oldest events, which the record then lacks for good.",
    )
    result_ttl: Annotated[int, within(bounds.RESULT_TTL)] = Field(
        3600,
        description="Seconds a finished job stays in Redis; without its result, ten seconds at least.",
    )

    @property
    def refused_at(self) -> int:
        """How many waiting events make new jobs be refused; 0: none do."""
        return self.stream_limit if self.stream_full == "refuse" else 0


class RetrySettings(Section):
    """What happens after a failed attempt, unless a job type or call says otherwise."""

    delays: Listed[Annotated[float, within(bounds.RETRY_DELAY)]] = Field(
        (60, 300, 900),
        max_length=bounds.MOST_RETRY_DELAYS,
        description="Seconds before each retry.",
    )
    jitter: float = Field(0.1, ge=0, le=1, description="Share by which each delay is spread.")


def _grace(value: Any) -> Any:
    if value == "limit":
        return value
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = math.nan
    if not bounds.GRACE.holds(seconds):
        raise ValueError(f"must be {bounds.GRACE.words}, or limit")
    return seconds


#: Seconds, or as long as the job's own time limit allows.
Grace = Annotated[float | Literal["limit"], BeforeValidator(_grace)]


_WEIGHTS = {"high": 7, "normal": 2, "low": 1}


class WorkerSettings(Section):
    """How worker processes behave."""

    processes: int = Field(1, ge=1, description="Worker processes per lane.")
    concurrency: int = Field(10, ge=1, le=1000, description="Slots of a worker process.")
    lane_concurrency: dict[str, Annotated[int, Field(ge=1, le=1000)]] = Field(
        default_factory=dict, description="Slots by lane, where they differ."
    )
    async_slots: int = Field(
        100,
        ge=1,
        le=10_000,
        description="Async jobs that a worker process runs at once, besides those in its slots.",
    )
    lane_async_slots: dict[str, Annotated[int, Field(ge=1, le=10_000)]] = Field(
        default_factory=dict, description="The same by lane, where they differ."
    )
    event_loop: Literal["asyncio", "uvloop"] = Field(
        "asyncio",
        description="The loop of async jobs; `uvloop` needs the extra of that name.",
    )
    loop_block_warning_seconds: Seconds = Field(
        1, description="Seconds for which a job may block the event loop before it is named."
    )
    heartbeat: Seconds = Field(30, description="Seconds between heartbeats.")
    lease: Seconds = Field(90, description="Seconds a lease lives without a heartbeat.")
    grace: Grace = Field(
        30,
        description="Seconds a stopping worker lets its running jobs finish; `limit`: until their own "
        "time limits end them.",
    )
    lane_grace: dict[str, Grace] = Field(
        default_factory=dict, description="The same by lane, where they differ."
    )
    open_timeout: Seconds = Field(
        600, description="Seconds a starting process may take to open its workers."
    )
    unknown_type_patience_seconds: float = Field(
        600,
        ge=0,
        le=86_400,
        description="How long a job waits for a worker that knows its type, or its version of it, as "
        "during a deploy; 0: it fails at once.",
    )
    batch_seconds: Seconds = Field(
        0.01, description="A worker claims ahead no more than about this much work."
    )
    batch_limit: int = Field(32, ge=1, le=200, description="Most jobs claimed ahead.")
    recycle_jobs: int = Field(
        0,
        ge=0,
        description="Replace a process after so many jobs; it finishes what it runs. 0: never.",
    )
    memory_limit_mb: int = Field(
        1024,
        ge=0,
        description="Replace a worker process above so many MB; it finishes what it runs. 0: never.",
    )
    memory_kill_mb: int | None = Field(
        None,
        ge=0,
        description="Kill a worker process above so many MB, for it did not get rid of its jobs fast "
        "enough. Not given: twice worker.memory_limit_mb; 0: never.",
    )
    child_memory_limit_mb: int = Field(
        2048, ge=0, description="Address space of an isolated job's process; 0: no limit."
    )
    child_cpu_seconds: int = Field(
        0, ge=0, description="CPU time of an isolated job, which is ended above it; 0: no limit."
    )
    child_file_mb: int = Field(
        0, ge=0, description="Largest file an isolated job may write; 0: no limit."
    )
    weights: dict[str, int] = Field(
        default_factory=lambda: dict(_WEIGHTS),
        description="Guaranteed share of claims while all priorities have jobs waiting; 0: none. One that "
        "is not given keeps its default.",
    )

    @checks("weights")
    @classmethod
    def _of_priorities(cls, weights: dict[str, int]) -> dict[str, int]:
        if set(weights) - set(Priority) or min(weights.values(), default=0) < 0:
            raise ValueError("give high, normal and low a weight from 0")
        # Without the others, whoever gives more to one would take from them what keeps them going.
        return _WEIGHTS | weights

    @checks("memory_kill_mb")
    @classmethod
    def _above_the_limit(cls, kill: int | None, info: Any) -> int | None:
        limit = info.data.get("memory_limit_mb", 0)
        if kill and kill <= limit:
            raise ValueError(f"must be above worker.memory_limit_mb ({limit}), or 0")
        return kill

    @checks("lease")
    @classmethod
    def _outlives_heartbeats(cls, lease: float, info: Any) -> float:
        heartbeat = info.data.get("heartbeat", 0)
        if lease < 2 * heartbeat:
            raise ValueError(f"must be at least twice the heartbeat ({heartbeat:g} s)")
        return lease

    def grace_of(self, lane: str) -> float:
        """The grace period of a lane in seconds; infinite where it is that of the jobs."""
        grace = self.lane_grace.get(lane, self.grace)
        return math.inf if grace == "limit" else grace

    @property
    def kill_above_mb(self) -> int:
        """Above how many MB a worker process is killed; 0: never."""
        return 2 * self.memory_limit_mb if self.memory_kill_mb is None else self.memory_kill_mb


class SchedulerSettings(Section):
    """How due jobs are promoted and lost ones rescued."""

    leader_lease: Seconds = Field(3, description="Seconds until another scheduler takes over.")
    promote_batch: int = Field(200, ge=1, le=500, description="Jobs moved in one step.")
    missed_after: Seconds = Field(30, description="Seconds after which an unfired tick was missed.")
    missed_runs_limit: int = Field(
        100, ge=1, description="Most ticks that missed_runs: all makes up for."
    )
    overdue_after: Seconds = Field(15, description="Seconds after which a missing tick is shown.")
    rescue_grace: float = Field(
        2, ge=0, description="Seconds an expired lease must stand still before it is taken."
    )


class HistorySettings(Section):
    """How the recorder writes Postgres."""

    batch: int = Field(2000, ge=1, le=20_000, description="Most events written in one transaction.")
    finished_days: int = Field(30, ge=1, description="Days finished jobs are kept.")
    failed_days: int = Field(
        90,
        ge=1,
        description="Days failed jobs are kept; those in the dead-letter queue until they leave it.",
    )
    days_by_type: dict[str, Annotated[int, Field(ge=1)]] = Field(
        default_factory=dict, description="Days that jobs of one type are kept, however they ended."
    )
    anchor_file: Place | None = Field(
        None,
        description="Where the heads of the audit chains are noted too; best on another account's "
        "disk, so that who may change the database cannot change it.",
    )


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
    ca_file: Place | None = Field(
        None, description="Certificates to trust instead of the system's."
    )


class LogChoice(TypedDict):
    """The settings of logs, by the words of `set_up_logs`."""

    level: str
    style: Literal["auto", "json", "text"]
    libraries: str
    setup: Literal["tally", "keep"]
    capture: bool


class LogSettings(Section):
    """What processes write to standard error."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["auto", "json", "text"] = Field(
        "auto", description="auto: text on a terminal, JSON elsewhere."
    )
    libraries: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "WARNING", description="What the libraries that Tally brings along say, from this level on."
    )
    setup: Literal["tally", "keep"] = Field(
        "tally",
        description="keep: Python's logging stays as the application sets it up; only Tally's own lines go "
        "its way.",
    )

    capture: bool = Field(
        True,
        description="What handlers write with logging and structlog, from info on, stays with the attempt.",
    )

    def said(self) -> LogChoice:
        """What `set_up_logs` takes."""
        return {
            "level": self.level,
            "style": self.format,
            "libraries": self.libraries,
            "setup": self.setup,
            "capture": self.capture,
        }
