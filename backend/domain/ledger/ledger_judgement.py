"""Judges what Redis and the record say of one job. Pure: facts in, faults and remedies out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from backend.domain.jobs.job_state import FINAL_STATES, JobState
from backend.domain.ledger.ledger import Fault, FaultKind, LiveFacts, Places, RecordedFacts

#: Less than that two clocks and the rounding of scores make of one time.
_ANOTHER_TIME_MS = 1000
WAITING = frozenset({JobState.SCHEDULED, JobState.DEFERRED, JobState.QUEUED, JobState.STARTED})


class Remedy(StrEnum):
    """What puts a job right."""

    #: Into the place where its state belongs, once, and out of every other.
    RESEAT = "reseat"
    #: The same, in the state that the record tells: it has ended, or runs.
    FOLLOW_RECORD = "follow_record"
    #: Made again from the record, in the place of an older copy.
    REMAKE = "remake"
    #: Out of Redis: it was discarded.
    TAKE_OUT = "take_out"
    #: Asked once more to stop.
    REMIND = "remind"
    #: Made again from the record.
    RESTORE = "restore"
    #: Brought by the relay again.
    SEND_AGAIN = "send_again"
    #: Its row is written from what Redis knows.
    WRITE_ROW = "write_row"
    #: The record is told once more where it stands.
    ATTEST = "attest"


class Evidence(NamedTuple):
    """Everything known of one job at one moment."""

    live: LiveFacts
    places: Places
    recorded: RecordedFacts | None
    #: The outbox says that it was sent; what is on record, if anything, is an earlier job of its id.
    was_sent: bool = False
    #: What it would run with, as JSON text; None where nobody looked.
    payload: str | None = None


def faults_of(evidence: Evidence, *, with_record: bool = True) -> list[Fault]:
    """Everything that is wrong with a job; nothing when it is well."""
    found = [*_in_redis(evidence.live, evidence.places)]
    if with_record:
        found += _against_record(evidence)
    queue = _queue_of(evidence)
    return [Fault(kind, evidence.live.job_id, queue, detail) for kind, detail in found]


def is_sound(live: LiveFacts) -> bool:
    """Whether all that Redis says of a job agrees, as far as lists are not concerned."""
    places = {live.home: 1} if live.state == JobState.QUEUED else {}
    return bool(live.state) and not [*_in_redis(live, places)]


def remedies_for(evidence: Evidence, faults: list[Fault]) -> list[Remedy]:
    """What to do about the faults of one job, in order."""
    kinds = {fault.kind for fault in faults}
    remedies = []
    if kinds & {FaultKind.GHOST, FaultKind.DOUBLED, FaultKind.STUCK, FaultKind.STRAY}:
        remedies.append(Remedy.RESEAT)
    if FaultKind.LOST in kinds:
        is_on_record = evidence.recorded is not None and _is_to_be_in_redis(evidence.recorded)
        remedies.append(Remedy.RESTORE if is_on_record else Remedy.SEND_AGAIN)
    if FaultKind.MISSING_ROW in kinds:
        remedies.append(Remedy.WRITE_ROW)
    if FaultKind.WRONG_STATE in kinds and evidence.recorded is not None:
        if record_is_right(evidence.live, evidence.recorded) or words_missed(evidence):
            return [_following(evidence.live, evidence.recorded)]
        remedies.append(Remedy.ATTEST)
    return remedies


def _following(live: LiveFacts, recorded: RecordedFacts) -> Remedy:
    """What makes Redis say what the record says."""
    if recorded.is_discarded:
        return Remedy.TAKE_OUT
    if recorded.state in {JobState.FINISHED, JobState.CANCELED} or not recorded.is_accepted:
        return Remedy.FOLLOW_RECORD
    if recorded.state != JobState.STARTED or not still_runs(live, recorded):
        return Remedy.REMAKE
    is_asked = recorded.is_asked_to_stop and live.state == JobState.STARTED
    return Remedy.REMIND if is_asked else Remedy.FOLLOW_RECORD


def still_runs(live: LiveFacts, recorded: RecordedFacts) -> bool:
    """Whether the attempt that is under way on record has its lease."""
    return live.has_lease and live.fence_version == recorded.fence


def record_is_right(live: LiveFacts, recorded: RecordedFacts) -> bool:
    """Of two that disagree: whether the record knows later news than Redis.

    It does when Redis was restored from an older copy, or when somebody wrote into a hash by hand:
    our steps leave an instant or a fence behind that tells when, and dead jobs in their list.
    """
    if live.state not in set(JobState):
        return True
    if not recorded.is_true_to_its_events:
        return False
    if live.was_failed_by_others and recorded.state in WAITING:
        return True
    return _is_older(live, recorded)


def _is_older(live: LiveFacts, recorded: RecordedFacts) -> bool:
    if recorded.is_discarded:
        return live.changed_ms <= recorded.changed_ms
    if live.state in FINAL_STATES:
        return live.ended_ms < recorded.changed_ms
    if live.state == JobState.STARTED:
        return live.fence_version <= recorded.status_version
    return _waits_as_before(live, recorded)


def _waits_as_before(live: LiveFacts, recorded: RecordedFacts) -> bool:
    if live.state == recorded.state or given_back_unbegun(live, recorded):
        return False
    if recorded.state == JobState.STARTED:
        return live.attempt < recorded.attempt
    return live.changed_ms <= recorded.changed_ms


def given_back_unbegun(live: LiveFacts, recorded: RecordedFacts) -> bool:
    """Whether Redis knows that the last start on record was taken back, because its handler never began."""
    return live.attempt < recorded.attempt and live.returns > recorded.returns


def words_missed(evidence: Evidence) -> str:
    """What was said of a job of which Redis does not know, though both have it in one state.

    Empty for nothing.
    """
    live, recorded = evidence.live, evidence.recorded
    if recorded is None or live.state != recorded.state:
        return ""
    if has_other_payload(evidence):
        return "the record has a later payload than Redis"
    if live.attempt < recorded.attempt and not given_back_unbegun(live, recorded):
        return "the record has a later attempt than Redis"
    if live.state == JobState.SCHEDULED and _is_for_another_time(live, recorded):
        return "the record has another time for it than Redis"
    if recorded.is_asked_to_stop and not live.asked_to_stop and still_runs(live, recorded):
        return "somebody asked that it be canceled, of which Redis does not know"
    return ""


def has_other_payload(evidence: Evidence) -> bool:
    """Whether the record has another payload for a job than that with which it would run."""
    changed = evidence.recorded.changed_payload if evidence.recorded else ""
    if not changed or evidence.payload is None or changed == evidence.payload:
        return False
    try:
        return bool(json.loads(changed) != json.loads(evidence.payload))
    except (ValueError, RecursionError):
        return True


def _is_for_another_time(live: LiveFacts, recorded: RecordedFacts) -> bool:
    if recorded.run_at is None or not live.due_ms:
        return False
    due_ms = recorded.run_at.timestamp() * 1000
    # Where no time was told, for it was at once, the record has the moment of the event, by whatever clock.
    is_told = round(due_ms) != (recorded.status_version >> 20) + 1
    return is_told and abs(due_ms - live.due_ms) >= _ANOTHER_TIME_MS


def _queue_of(evidence: Evidence) -> str:
    if evidence.live.queue:
        return evidence.live.queue
    if evidence.recorded is not None:
        return evidence.recorded.queue
    queues = [place for place in evidence.places if place.startswith("queue:")]
    return queues[0].removeprefix("queue:") if queues else ""


def _in_redis(live: LiveFacts, places: Places) -> Iterator[tuple[FaultKind, str]]:
    lists = {place: times for place, times in places.items() if not place.startswith("holders:")}
    if not live.state:
        yield from _strays(live, [*places])
        return
    if live.state not in set(JobState):
        yield FaultKind.WRONG_STATE, f"its state is {live.state!r}, which is none"
        return
    yield from _homelessness(live, lists)
    yield from _surplus(live, lists)
    yield from _leases(live, places)


def _strays(live: LiveFacts, places: list[str]) -> Iterator[tuple[FaultKind, str]]:
    found = sorted(places)
    found += ["schedule"] if live.due_ms else []
    found += ["leases"] if live.has_lease else []
    found += ["dead-letter queue"] if live.is_listed_dead or live.in_failed_registry else []
    if found:
        yield FaultKind.STRAY, f"no such job, but an entry in {', '.join(found)}"


def _homelessness(live: LiveFacts, lists: Places) -> Iterator[tuple[FaultKind, str]]:
    if live.state == JobState.QUEUED and live.home not in lists:
        other = f", but in {', '.join(sorted(lists))}" if lists else ""
        yield FaultKind.GHOST, f"it is queued and not in {live.home}{other}"
    if live.state == JobState.SCHEDULED and not (live.due_ms and live.in_scheduled_registry):
        yield FaultKind.GHOST, "it is scheduled and in no schedule"
    if live.state == JobState.FAILED and not (live.is_listed_dead and live.in_failed_registry):
        yield FaultKind.GHOST, "it is dead and not in the dead-letter queue"


def _surplus(live: LiveFacts, lists: Places) -> Iterator[tuple[FaultKind, str]]:
    home = live.home if live.state == JobState.QUEUED else ""
    surplus = [f"{place} {times} times" for place, times in lists.items() if times > 1]
    surplus += [place for place in lists if place != home]
    if live.state != JobState.SCHEDULED and (live.due_ms or live.in_scheduled_registry):
        surplus.append("the schedule")
    if live.state != JobState.FAILED and (live.is_listed_dead or live.in_failed_registry):
        surplus.append("the dead-letter queue")
    if surplus:
        yield FaultKind.DOUBLED, f"it is {live.state} and in {', '.join(sorted(surplus))}"


def _leases(live: LiveFacts, places: Places) -> Iterator[tuple[FaultKind, str]]:
    kept = "" if live.state in FINAL_STATES else f"holders:{live.kept_gate}"
    slots = sorted(place for place in places if place.startswith("holders:") and place != kept)
    if live.state == JobState.STARTED:
        if not live.has_lease:
            yield FaultKind.STUCK, "it is started and has no lease: nobody would miss its worker"
        elif not live.in_started_registry:
            yield FaultKind.STUCK, "it is started and RQ's started registry does not list it"
    elif live.has_lease or live.in_started_registry:
        yield FaultKind.STUCK, f"it is {live.state} and has a lease"
    elif slots:
        yield FaultKind.STUCK, f"it is {live.state} and keeps a slot of {', '.join(slots)}"


def _against_record(evidence: Evidence) -> Iterator[tuple[FaultKind, str]]:
    live, recorded = evidence.live, evidence.recorded
    if not live.state:
        yield from _loss(recorded, evidence.was_sent)
    elif recorded is None:
        yield FaultKind.MISSING_ROW, f"it is {live.state} in Redis and not on record"
    elif not recorded.is_accepted:
        yield FaultKind.MISSING_ROW, f"it is {live.state} in Redis, its acceptance is not on record"
    elif live.state != recorded.state:
        who = ": another program than ours failed it, such as a stock RQ worker"
        told = who if live.was_failed_by_others and recorded.state in WAITING else ""
        yield FaultKind.WRONG_STATE, f"Redis says {live.state}, the record {recorded.state}{told}"
    elif recorded.is_discarded:
        yield FaultKind.WRONG_STATE, "it is dead in Redis, the record says that it was discarded"
    elif live.queue != recorded.queue:
        yield FaultKind.WRONG_STATE, f"Redis says queue {live.queue}, the record {recorded.queue}"
    elif missed := words_missed(evidence):
        yield FaultKind.WRONG_STATE, missed


def _is_to_be_in_redis(recorded: RecordedFacts) -> bool:
    is_dead = recorded.state == JobState.FAILED and not recorded.is_discarded
    return is_dead or recorded.state in WAITING


def _loss(recorded: RecordedFacts | None, was_sent: bool) -> Iterator[tuple[FaultKind, str]]:
    if recorded is not None and _is_to_be_in_redis(recorded):
        yield FaultKind.LOST, f"the record says {recorded.state}, Redis does not know it"
    elif was_sent:
        yield FaultKind.LOST, "the outbox sent it, Redis and the record do not know it"
