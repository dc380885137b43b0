"""No action without a name: written down before it is done, and what came of it after.

While the audit log cannot be written, the whole entry goes to the process log instead and the action
goes on: an operator must be able to pause a queue while Postgres is away. With ``api.audit_required``
it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from backend.domain.api_key import Credential
from backend.domain.audit import ActionOutcome, ActorKind, AuditActor, Channel
from backend.domain.errors import InvalidRequest, MigrationError, Unavailable

if TYPE_CHECKING:
    from backend.api.call import Call

log = structlog.get_logger("tally.audit")

#: Ids that are written out; the count says how many there were.
_MOST_IDS = 1000


class AuditTrail(Protocol):
    """Where entries are kept for good, as `AuditService` does it."""

    def record(self, action: str, actor: AuditActor, **details: Any) -> object:
        """Adds one row to the end of the log; raises HistoryUnavailable."""


class AuditNote:
    """What an action says about itself while it runs."""

    def __init__(self) -> None:
        self.details: dict[str, Any] = {}

    def did(
        self,
        ids: Sequence[str] = (),
        *,
        affected: int | None = None,
        before: Any = None,
        after: Any = None,
    ) -> None:
        """What was affected, and how it was before and after."""
        self.details = {
            "affected_ids": tuple(ids[:_MOST_IDS]),
            "affected": len(ids) if affected is None else affected,
            "before": before,
            "after": after,
        }


@contextmanager
def audited(call: Call, what: str, *, reason: str = "") -> Iterator[AuditNote]:
    """Writes the intent, lets the action happen, and writes what came of it."""
    write = _writer(call, what, reason)
    write(outcome=ActionOutcome.INTENDED)
    note = AuditNote()
    try:
        yield note
    except Exception as error:
        refused = isinstance(error, InvalidRequest)
        outcome = ActionOutcome.REFUSED if refused else ActionOutcome.FAILED
        why = {"error": getattr(error, "code", type(error).__name__), "message": str(error)}
        write(outcome=outcome, after=why)
        raise
    write(outcome=ActionOutcome.DONE, **note.details)


def note_refusal(call: Call, why: str) -> None:
    """Writes down that somebody we know tried what they may not."""
    write = _writer(call, f"route:{call.operation}", "")
    write(outcome=ActionOutcome.REFUSED, after={"error": "not_allowed", "message": why})


def actor_of(call: Call) -> AuditActor:
    """The caller, as the audit log names them."""
    who = call.who
    is_person = who.credential is Credential.JWT or call.channel is Channel.DASHBOARD
    kind = ActorKind.PERSON if is_person else ActorKind.TOKEN
    return AuditActor(who.name, kind, who.role, call.address, call.channel, who.full_id)


def _writer(call: Call, what: str, reason: str) -> Callable[..., None]:
    trail, required = call.parts.audit, call.parts.settings.audit_required
    actor = actor_of(call)
    shared = {
        "object": what,
        "reason": reason,
        "request_id": call.request_id,
        "trace_id": call.trace.trace_id,
    }

    def write(**details: Any) -> None:
        try:
            trail.record(call.operation, actor, **shared, **details)
        except (Unavailable, MigrationError) as error:
            if required and details["outcome"] is ActionOutcome.INTENDED:
                raise
            tell_log(call.operation, actor, {**shared, **details}, error)

    return write


def tell_log(action: str, actor: AuditActor, details: Mapping[str, Any], error: Exception) -> None:
    """The last resort: the entry as a line of the process log."""
    log.error(
        "audit.not_recorded",
        cause=str(error),
        action=action,
        actor=actor.name,
        role=actor.role,
        source=actor.source,
        **details,
    )
