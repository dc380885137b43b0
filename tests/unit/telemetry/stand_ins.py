"""A broker that knows what a test says, or is away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.domain.errors import QueueUnavailable
from backend.domain.history.history_ports import StreamLag
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.queue_state import QueueState, WorkerState
from backend.domain.schedules.freeze import FrozenWindow
from backend.telemetry.metrics.server_facts import ServerFacts

NOW = datetime(2026, 2, 1, tzinfo=UTC)


class StillClock:
    """A clock that stands."""

    def now(self) -> datetime:
        """Always the same instant."""
        return NOW

    def monotonic(self) -> float:
        """Always nothing."""
        return 0.0


class StandInBroker:
    """Queues and workers as given; ``away`` makes every question fail."""

    def __init__(self, names: Sequence[str] = ("high",), *, away: bool = False) -> None:
        self.names = list(names)
        self.away = away

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a scrape should not need {name}")

    def queue_names(self) -> list[str]:
        """The queues."""
        if self.away:
            raise QueueUnavailable("gone")
        return self.names

    def queue_states(self, names: Sequence[str]) -> list[QueueState]:
        """Each with one job that has waited for ten seconds."""
        counts = dict.fromkeys(JobState, 0) | {JobState.QUEUED: 1, JobState.FAILED: 2}
        since = NOW - timedelta(seconds=10)
        return [QueueState(name, counts, 3, 0, since, paused=False) for name in names]

    def dead_count(self) -> int:
        """How many are dead."""
        return 2

    def frozen(self) -> list[FrozenWindow]:
        """Nothing is."""
        return []

    def workers(self) -> list[WorkerState]:
        """One that works, one that is lost."""
        return [_worker("busy", 4, 3), _worker("lost", 4, 0)]


class StandInFacts:
    """Facts of a Redis at ease."""

    def read(self) -> ServerFacts:
        """The facts."""
        return ServerFacts(1024, 4096, False, 3, 0, 0.0, 2)


def no_lag() -> StreamLag:
    """Everything is on record."""
    return StreamLag(0, 0.0)


def _worker(state: str, slots: int, busy: int) -> WorkerState:
    return WorkerState(
        *("w", "email", ("high:email",), "host", 1, state),
        *(False, slots, busy, "", 0, 0, 0, "", None, None),
    )
