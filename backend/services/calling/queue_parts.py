"""What a queue service stands on; what opens a way to the record is made when it is first needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from backend.domain.errors import ConfigurationError, InvalidOption
from backend.domain.ports import JobQueue
from backend.locks.fork_locks import cached_property
from backend.services.calling.caller_parts import CallerParts
from backend.services.jobs.job_intake import JobIntake

if TYPE_CHECKING:
    from backend.services.events.outbox_service import OutboxService


class QueueParts:
    """Of one deployment, or of a test's stand-in for one."""

    def __init__(
        self,
        queue: JobQueue,
        intake: JobIntake,
        outbox: Callable[[], OutboxService] | None = None,
        reach: Callable[[], CallerParts] | None = None,
    ) -> None:
        """``reach`` makes what stands behind all but enqueueing."""
        self.queue = queue
        self.intake = intake
        self._make_outbox = outbox
        self._reach = reach

    @property
    def reaches_record(self) -> bool:
        """Whether there is more behind it than a queue."""
        return self._reach is not None

    @property
    def has_outbox(self) -> bool:
        """Whether jobs may be there, given by any process: which one that was, nobody can tell."""
        return self._make_outbox is not None

    @cached_property
    def outbox(self) -> OutboxService:
        """Callers without a session need no Postgres."""
        if self._make_outbox is None:
            raise InvalidOption("this service was wired without an outbox", field="session")
        return self._make_outbox()

    @cached_property
    def callers(self) -> CallerParts:
        """Whoever only enqueues opens no way to the record."""
        if self._reach is None:
            raise ConfigurationError(
                "this QueueService was made to enqueue and to look alone; QueueService() does the rest"
            )
        return self._reach()


class Reaches:
    """A service that reaches them."""

    _find_parts: Callable[[], QueueParts]

    @property
    def _parts(self) -> CallerParts:
        return self._find_parts().callers
