"""Each action at a shell is a row of the audit log: who, what, why, and what came of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from backend.cli.identity import who
from backend.cli.parts import audit_service
from backend.cli.printing import say
from backend.domain.audit import ActionOutcome, ActorKind, AuditActor, Channel
from backend.domain.errors import InvalidRequest, MigrationError, Unavailable

log = structlog.get_logger("tally.audit")


@contextmanager
def audited(action: str, what: str, reason: str = "") -> Iterator[dict[str, Any]]:
    """Writes the intent, lets the action happen, and writes what came of it.

    The block may put ``after``, ``affected_ids`` and ``affected`` into what it is given. While the
    audit log cannot be written the action goes on, and the entry goes to the log: an operator must be
    able to pause a queue while Postgres is away.
    """
    trail = _Trail(action, what, reason)
    trail.write(ActionOutcome.INTENDED)
    details: dict[str, Any] = {}
    try:
        yield details
    except Exception as error:
        refused = isinstance(error, InvalidRequest)
        why = {"error": getattr(error, "code", type(error).__name__), "message": str(error)}
        trail.write(ActionOutcome.REFUSED if refused else ActionOutcome.FAILED, after=why)
        raise
    trail.write(ActionOutcome.DONE, **details)


class _Trail:
    """The rows of one action. Once the log could not be written it is not tried again."""

    def __init__(self, action: str, what: str, reason: str) -> None:
        actor = who()
        self._actor = AuditActor(
            actor.name, ActorKind.PERSON, actor.role, actor.address, Channel.CLI
        )
        self._action = action
        self._shared = {"object": what, "reason": reason, "request_id": secrets.token_hex(8)}
        self._lost = False

    def write(self, outcome: ActionOutcome, **details: Any) -> None:
        """One row."""
        entry = {**self._shared, **details}
        if not self._lost:
            self._lost = not self._recorded(outcome, entry)
        if self._lost:
            log.error(
                "audit.not_recorded",
                action=self._action,
                actor=self._actor.name,
                outcome=outcome.value,
                **entry,
            )

    def _recorded(self, outcome: ActionOutcome, entry: dict[str, Any]) -> bool:
        try:
            audit_service().record(self._action, self._actor, outcome=outcome, **entry)
        except (Unavailable, MigrationError) as error:
            say(f"tally: the audit log cannot be written: {error}")
            return False
        return True
