"""Which jobs are meant: the one filter of lists, search, dead letters and bulk actions."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import datetime

from backend.domain.errors import InvalidOption
from backend.domain.jobs.attempts.outcome import AttemptError
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_state import JobState
from backend.domain.text.nearest_name import suggestion

_TEXTS = (
    "job_type", "queue", "tag", "tenant", "trace_id", "context_id", "environment", "worker", "error_text",
    "error_kind",
)  # fmt: skip


def is_storable(text: str) -> bool:
    """Whether any text on record can be equal to this one: Postgres knows no NUL and no half characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Every condition given must hold; an empty one matches every job. Instants are aware."""

    job_type: str = ""
    queue: str = ""
    #: None of them: any state.
    states: frozenset[JobState] = frozenset()
    tag: str = ""
    tenant: str = ""
    trace_id: str = ""
    context_id: str = ""
    environment: str = ""
    #: The worker of the last attempt.
    worker: str = ""
    #: Any part of the last error's class and message, in upper or lower case; of a job in Redis also
    #: its reason.
    error_text: str = ""
    #: The last error's class and nothing else, as groups of failures are named.
    error_kind: str = ""
    #: Accepted at or after; accepted before.
    accepted_since: datetime | None = None
    accepted_until: datetime | None = None
    #: Died at or after; died before. Only dead jobs did.
    died_after: datetime | None = None
    died_before: datetime | None = None

    def __post_init__(self) -> None:
        for name in _TEXTS:
            if not is_storable(getattr(self, name)):
                raise InvalidOption(f"{name} holds what is no character", field=name)
        # A state is equal to its word, so callers write the word, and some a single one.
        said = (self.states,) if isinstance(self.states, str) else self.states
        object.__setattr__(self, "states", frozenset(_state(word) for word in said))

    def narrowed(self, states: Set[JobState]) -> JobFilter | None:
        """The same for jobs in one of these states; None when it means none of them."""
        both = self.states & states if self.states else frozenset(states)
        return replace(self, states=both) if both else None

    def takes(self, job: JobView) -> bool:
        """Whether a job in Redis is meant."""
        died_at = job.ended_at if job.state is JobState.FAILED else None
        return (
            self._names(job)
            and self._went_wrong(job.error)
            and _within(job.created_at, self.accepted_since, self.accepted_until)
            and _within(died_at, self.died_after, self.died_before)
        )

    def _names(self, job: JobView) -> bool:
        labels = job.labels
        asked = (
            (self.job_type, job.job_type),
            (self.queue, job.queue),
            (self.worker, job.worker),
            (self.trace_id, labels.trace_id),
            (self.tenant, labels.tenant),
            (self.context_id, labels.context_id),
            (self.environment, labels.environment),
        )
        return (
            (not self.states or job.state in self.states)
            and (not self.tag or self.tag in labels.tags)
            and all(wanted in {"", found} for wanted, found in asked)
        )

    def _went_wrong(self, error: AttemptError | None) -> bool:
        if self.error_kind not in {"", error.error if error else ""}:
            return False
        if not self.error_text:
            return True
        return error is not None and (
            self.error_text == error.reason
            or self.error_text.lower() in f"{error.error}: {error.message}".lower()
        )


def _state(word: str) -> JobState:
    try:
        return JobState(word)
    except ValueError:
        names = [state.value for state in JobState]
        raise InvalidOption(
            f"there is no state {word!r}{suggestion(str(word), names)}; there are {', '.join(names)}",
            field="states",
        ) from None


def _within(at: datetime | None, first: datetime | None, end: datetime | None) -> bool:
    if first is None and end is None:
        return True
    return at is not None and (first is None or at >= first) and (end is None or at < end)
