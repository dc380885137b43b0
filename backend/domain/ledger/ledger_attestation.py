"""The event that tells the record where a job stands, when the one that should have told it was lost."""

from __future__ import annotations

from backend.domain.jobs.job_event import EventKind
from backend.domain.jobs.job_state import JobState
from backend.domain.ledger.ledger import LiveFacts, RecordedFacts, stream_id_of
from backend.domain.ledger.ledger_judgement import given_back_unbegun
from backend.domain.ledger.ledger_ports import Attestation

#: Who acts, and why, where an event names somebody.
BY, WHY = "tally reconcile", "the record had missed it"


def attestation_for(live: LiveFacts, recorded: RecordedFacts, outcome: str) -> Attestation | None:
    """The event for one job; None when no event can tell it. ``outcome`` is a result or error as JSON.

    An attempt that is still open on record is ended by it, so that history has no loose end.
    """
    by_hand = Attestation(EventKind.REPRIORITISED, actor=BY, body=WHY)
    if live.state == recorded.state:
        return by_hand
    was_started = recorded.state == JobState.STARTED
    loose_end = Attestation(
        EventKind.RELEASED,
        stream_id_of(recorded.fence) if was_started else "",
        recorded.attempt if was_started else 0,
        recorded.worker if was_started else "",
    )
    match JobState(live.state):
        case JobState.FINISHED | JobState.FAILED | JobState.CANCELED:
            return _end(live, recorded, outcome, by_hand)
        case JobState.SCHEDULED:
            return _given_back(live, recorded, loose_end)._replace(
                kind=EventKind.SNOOZED, due_ms=live.due_ms
            )
        case JobState.QUEUED:
            return _waits_again(live, recorded, loose_end, by_hand)
    return None


def _waits_again(
    live: LiveFacts, recorded: RecordedFacts, loose_end: Attestation, by_hand: Attestation
) -> Attestation:
    if recorded.state == JobState.FAILED:
        return by_hand._replace(kind=EventKind.REDRIVEN)
    if recorded.state != JobState.STARTED:
        return loose_end._replace(kind=EventKind.PROMOTED)
    return _given_back(live, recorded, loose_end)


def _given_back(live: LiveFacts, recorded: RecordedFacts, loose_end: Attestation) -> Attestation:
    if recorded.state != JobState.STARTED or not given_back_unbegun(live, recorded):
        return loose_end
    return loose_end._replace(attempt=0, fence="", taken_back=loose_end.fence)


def _end(
    live: LiveFacts, recorded: RecordedFacts, outcome: str, by_hand: Attestation
) -> Attestation:
    was_failed = recorded.state == JobState.FAILED and live.fence_version == recorded.fence
    if live.state == JobState.FINISHED and was_failed:
        return by_hand._replace(kind=EventKind.RESOLVED)
    kind = EventKind(live.state)
    # A start that was given back unbegun is no attempt, and leaves its fence behind.
    has_fence = live.attempt > 0 and live.fence_version > 0
    ends_attempt = has_fence and recorded.status_version <= live.fence_version
    if kind is EventKind.CANCELED and not ends_attempt:
        return by_hand._replace(kind=kind)
    body = "" if kind is EventKind.CANCELED else outcome
    return Attestation(kind, live.fence, live.attempt, live.worker, body)
