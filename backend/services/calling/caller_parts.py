"""What stands behind a caller's service, each part made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from backend.domain.errors import ConfigurationError

if TYPE_CHECKING:
    # Whoever only enqueues need not read them.
    from backend.domain.ports import Inspection
    from backend.services.actions.families import Actions
    from backend.services.finding.dead_letters import DeadLetters
    from backend.services.finding.history_service import HistoryService
    from backend.services.finding.search_service import SearchService
    from backend.services.finding.why_service import WhyService
    from backend.services.jobs.preview_service import PreviewService
    from backend.services.jobs.rehearsals import Rehearsals


class CallerParts(Protocol):
    """The services and actions of one deployment, as Python callers need them."""

    @property
    def actions(self) -> Actions:
        """Everything that changes something, each a row of the audit log."""

    @property
    def inspection(self) -> Inspection:
        """The read side of the live truth."""

    @property
    def search(self) -> SearchService:
        """Jobs wherever they are."""

    @property
    def history(self) -> HistoryService:
        """The record alone."""

    @property
    def dead_letters(self) -> DeadLetters:
        """The dead-letter queue."""

    @property
    def why(self) -> WhyService:
        """What keeps a job."""

    @property
    def previews(self) -> PreviewService:
        """What would happen."""

    @property
    def rehearsals(self) -> Rehearsals:
        """Test runs."""


class Reaches:
    """A service that reaches them, if it was told how."""

    _reach: Callable[[], CallerParts] | None = None
    _reached: CallerParts | None = None

    @property
    def _parts(self) -> CallerParts:
        """Made at the first use: whoever only enqueues opens no way to the record."""
        if self._reached is None:
            if self._reach is None:
                raise ConfigurationError(
                    "this QueueService was made to enqueue and to look alone; QueueService() does the rest"
                )
            self._reached = self._reach()
        return self._reached
