"""What the ledger makes of the facts of one job."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from backend.domain.jobs.job_event import EventKind
from backend.domain.jobs.job_state import JobState
from backend.domain.ledger.ledger import LiveFacts, RecordedFacts, stream_id_of
from backend.domain.ledger.ledger_attestation import attestation_for
from backend.domain.ledger.ledger_judgement import (
    Evidence,
    Remedy,
    faults_of,
    is_sound,
    record_is_right,
    remedies_for,
)
from backend.domain.ledger.ledger_ports import Attestation

MS = 1_700_000_000_000
QUEUED = LiveFacts("a", "queued", "normal", created_ms=MS, enqueued_ms=MS)
STARTED = LiveFacts(
    "a", "started", "normal", 1, fence=f"{MS + 5}-0", created_ms=MS, enqueued_ms=MS,
    started_ms=MS + 5, has_lease=True, in_started_registry=True,
)  # fmt: skip
FINISHED = LiveFacts(
    "a", "finished", "normal", 1, fence=f"{MS + 5}-0", created_ms=MS, enqueued_ms=MS,
    started_ms=MS + 5, ended_ms=MS + 9,
)  # fmt: skip


def _recorded(state: str, ms: int = MS, **fields: Any) -> RecordedFacts:
    version = ms << 20
    values: dict[str, Any] = {
        "job_id": "a",
        "state": state,
        "queue": "normal",
        "is_accepted": True,
        "status_version": version,
        "version": version,
        "fence": version if state == "started" else 0,
        "attempt": 1 if state == "started" else 0,
        "worker": "w",
        "event_state": state,
    }
    return RecordedFacts(**{**values, **fields})


def _judge(live: LiveFacts, recorded: RecordedFacts | None, **places: int) -> list[str]:
    found = faults_of(
        Evidence(live, places or ({live.home: 1} if live is QUEUED else {}), recorded)
    )
    return [fault.kind.value for fault in found]


def _remedies(live: LiveFacts, recorded: RecordedFacts | None) -> list[Remedy]:
    evidence = Evidence(live, {live.home: 1} if live.state == "queued" else {}, recorded)
    return remedies_for(evidence, faults_of(evidence))


@pytest.mark.parametrize(
    ("live", "state", "ms"),
    [(QUEUED, "queued", MS), (STARTED, "started", MS + 5), (FINISHED, "finished", MS + 9)],
)
def test_facts_that_agree_are_well(live: LiveFacts, state: str, ms: int) -> None:
    assert _judge(live, _recorded(state, ms)) == []
    assert is_sound(live)


@pytest.mark.parametrize("state", ["scheduled", "deferred", "queued", "started"])
def test_a_job_that_waits_on_record_and_is_nowhere_is_lost(state: str) -> None:
    assert _judge(LiveFacts("a"), _recorded(state)) == ["lost"]


@pytest.mark.parametrize("state", ["finished", "failed", "canceled"])
def test_a_job_that_is_over_may_leave_redis(state: str) -> None:
    assert _judge(LiveFacts("a"), _recorded(state, discarded_version=int(state == "failed"))) == []


def test_a_job_that_is_in_the_dead_letter_queue_on_record_and_is_nowhere_is_lost() -> None:
    assert _judge(LiveFacts("a"), _recorded("failed")) == ["lost"]


@pytest.mark.parametrize(
    ("recorded", "remedy"),
    [
        (None, Remedy.SEND_AGAIN),
        (_recorded("finished"), Remedy.SEND_AGAIN),
        (_recorded("queued"), Remedy.RESTORE),
    ],
)
def test_what_the_outbox_sent_is_lost_whatever_became_of_an_earlier_job_of_its_id(
    recorded: RecordedFacts | None, remedy: Remedy
) -> None:
    evidence = Evidence(LiveFacts("a"), {}, recorded, was_sent=True)
    faults = faults_of(evidence)

    assert [fault.kind for fault in faults] == ["lost"]
    assert remedies_for(evidence, faults) == [remedy]


def test_redis_is_right_about_an_end_that_the_record_missed() -> None:
    assert _remedies(FINISHED, _recorded("started", MS + 5)) == [Remedy.ATTEST]


def test_redis_is_right_even_if_the_job_ended_in_the_millisecond_it_began() -> None:
    at_once = LiveFacts("a", "finished", "normal", 1, fence=f"{MS}-1", started_ms=MS, ended_ms=MS)

    assert not record_is_right(at_once, _recorded("started", MS))


def test_the_record_is_right_about_an_end_that_redis_has_forgotten() -> None:
    assert _remedies(QUEUED, _recorded("finished", MS + 9)) == [Remedy.FOLLOW_RECORD]
    assert _remedies(STARTED, _recorded("finished", MS + 9)) == [Remedy.FOLLOW_RECORD]


def test_a_row_that_contradicts_its_own_event_is_never_right() -> None:
    changed = _recorded("finished", MS + 9, event_state="queued")

    assert _remedies(QUEUED, changed) == [Remedy.ATTEST]


def test_redis_is_right_about_a_start_that_the_record_missed() -> None:
    assert _remedies(STARTED, _recorded("queued", MS)) == [Remedy.ATTEST]


def test_a_redrive_that_the_record_missed_is_told_to_it() -> None:
    again = LiveFacts("a", "queued", "normal", 1, created_ms=MS, enqueued_ms=MS + 20)

    assert _remedies(again, _recorded("failed", MS + 9)) == [Remedy.ATTEST]


def test_a_state_that_is_none_follows_the_record() -> None:
    odd = LiveFacts("a", "lurking", "normal")

    assert _remedies(odd, _recorded("queued")) == [Remedy.REMAKE]


def test_a_stray_entry_of_a_lost_job_goes_before_the_job_comes_back() -> None:
    evidence = Evidence(LiveFacts("a"), {"queue:normal": 1}, _recorded("queued"))

    assert remedies_for(evidence, faults_of(evidence)) == [Remedy.RESEAT, Remedy.RESTORE]


def test_without_the_record_only_redis_is_judged() -> None:
    evidence = Evidence(FINISHED, {}, _recorded("started"))

    assert faults_of(evidence, with_record=False) == []


OPEN = _recorded("started", MS + 5)


@pytest.mark.parametrize(
    ("live", "recorded", "kind", "fence"),
    [
        (FINISHED, OPEN, EventKind.FINISHED, f"{MS + 5}-0"),
        (replace(QUEUED, attempt=1), OPEN, EventKind.RELEASED, f"{MS + 5}-0"),
        (QUEUED, _recorded("scheduled"), EventKind.PROMOTED, ""),
        (QUEUED, _recorded("failed"), EventKind.REDRIVEN, ""),
        (QUEUED, _recorded("queued", queue="low"), EventKind.REPRIORITISED, ""),
        (
            LiveFacts("a", "scheduled", "normal", due_ms=9, attempt=1),
            OPEN,
            EventKind.SNOOZED,
            f"{MS + 5}-0",
        ),
        (LiveFacts("a", "canceled", "normal"), _recorded("queued"), EventKind.CANCELED, ""),
        (
            FINISHED,
            _recorded("failed", MS + 7, fence=(MS + 5) << 20),
            EventKind.RESOLVED,
            "",
        ),
    ],
)
def test_an_attestation_ends_what_is_open_on_record(
    live: LiveFacts, recorded: RecordedFacts, kind: EventKind, fence: str
) -> None:
    told = attestation_for(live, recorded, "1")

    assert told is not None
    assert (told.kind, told.fence) == (kind, fence)


def test_an_attestation_takes_back_a_start_whose_handler_never_began() -> None:
    told = attestation_for(replace(QUEUED, returns=1), OPEN, "1")

    assert told == Attestation(EventKind.RELEASED, actor="w", taken_back=f"{MS + 5}-0")


def test_one_that_waits_for_its_time_is_told_so_too() -> None:
    waits = LiveFacts("a", "scheduled", "normal", due_ms=9, attempt=0, returns=1)

    told = attestation_for(waits, OPEN, "1")

    assert told == Attestation(EventKind.SNOOZED, actor="w", taken_back=f"{MS + 5}-0", due_ms=9)


def test_a_start_that_redis_has_not_given_back_is_an_attempt() -> None:
    told = attestation_for(replace(QUEUED, returns=1), replace(OPEN, returns=1), "1")

    assert told == Attestation(EventKind.RELEASED, f"{MS + 5}-0", 1, "w")


OLDER = replace(QUEUED, created_ms=MS, enqueued_ms=MS)
DEAD = LiveFacts(
    "a", "failed", "normal", 1, fence=f"{MS + 5}-0", created_ms=MS, enqueued_ms=MS,
    started_ms=MS + 5, ended_ms=MS + 9, is_listed_dead=True, in_failed_registry=True,
)  # fmt: skip


@pytest.mark.parametrize(
    ("live", "recorded", "remedy"),
    [
        (OLDER, _recorded("started", MS + 5), Remedy.REMAKE),
        (OLDER, _recorded("scheduled", MS + 9, attempt=1), Remedy.REMAKE),
        (OLDER, _recorded("failed", MS + 9), Remedy.REMAKE),
        (OLDER, _recorded("failed", MS + 9, discarded_version=(MS + 20) << 20), Remedy.TAKE_OUT),
        (DEAD, _recorded("failed", MS + 9, discarded_version=(MS + 20) << 20), Remedy.TAKE_OUT),
        (DEAD, _recorded("queued", MS + 20), Remedy.REMAKE),
        (DEAD, _recorded("finished", MS + 20), Remedy.FOLLOW_RECORD),
        (STARTED, _recorded("scheduled", MS + 9), Remedy.REMAKE),
        (STARTED, _recorded("started", MS + 5, is_asked_to_stop=True), Remedy.REMIND),
        # What Redis has done since, it tells by its instants and counts.
        (replace(OLDER, returns=1), _recorded("started", MS + 5), Remedy.ATTEST),
        (replace(OLDER, attempt=1), _recorded("started", MS + 5), Remedy.ATTEST),
        (replace(OLDER, enqueued_ms=MS + 20), _recorded("scheduled", MS + 9), Remedy.ATTEST),
        (replace(OLDER, enqueued_ms=MS + 20), _recorded("failed", MS + 9), Remedy.ATTEST),
    ],
)
def test_the_record_is_followed_where_redis_is_older(
    live: LiveFacts, recorded: RecordedFacts, remedy: Remedy
) -> None:
    assert _remedies(live, recorded) == [remedy]


@pytest.mark.parametrize(
    ("payload", "is_other"),
    [('{"n":1}', False), ('{ "n": 1 }', False), ('{"n":2}', True), ("none", True), (None, False)],
)
def test_a_payload_is_another_one_if_it_says_something_else(
    payload: str | None, *, is_other: bool
) -> None:
    evidence = Evidence(
        QUEUED, {QUEUED.home: 1}, _recorded("queued", changed_payload='{"n":1}'), payload=payload
    )

    found = remedies_for(evidence, faults_of(evidence))

    assert found == ([Remedy.REMAKE] if is_other else [])


@pytest.mark.parametrize(("ahead_ms", "is_other"), [(999, False), (1000, True), (-1000, True)])
def test_a_time_is_another_one_if_no_rounding_makes_it(ahead_ms: int, *, is_other: bool) -> None:
    due = datetime.fromtimestamp(MS / 1000, UTC)
    waits = LiveFacts("a", "scheduled", "normal", due_ms=MS + ahead_ms, in_scheduled_registry=True)

    assert (_remedies(waits, _recorded("scheduled", run_at=due)) == [Remedy.REMAKE]) is is_other


def test_a_time_that_nobody_told_is_no_other_one() -> None:
    """It was at once; the clock by which the event has its moment may be hours ahead."""
    at_once = datetime.fromtimestamp((MS + 1) / 1000, UTC)
    waits = LiveFacts("a", "scheduled", "normal", due_ms=MS - 9_000_000, in_scheduled_registry=True)

    assert _remedies(waits, _recorded("scheduled", run_at=at_once)) == []


def test_a_request_to_stop_that_redis_knows_of_is_not_made_again() -> None:
    asked = replace(STARTED, asked_to_stop="force")

    assert _remedies(asked, _recorded("started", MS + 5, is_asked_to_stop=True)) == []


def test_a_start_cannot_be_told_by_an_event() -> None:
    assert attestation_for(STARTED, _recorded("queued"), "") is None


def test_versions_and_stream_ids_are_the_same_thing() -> None:
    assert stream_id_of(STARTED.fence_version) == STARTED.fence
    assert LiveFacts("a", fence="nonsense").fence_version == 0


def test_every_state_can_be_judged() -> None:
    for state in JobState:
        live = LiveFacts("a", state, "normal")
        assert isinstance(faults_of(Evidence(live, {}, None)), list)


@pytest.mark.parametrize(
    ("state", "kept_gate", "found"),
    [
        ("queued", "key:crm:a", []),
        ("queued", "key:crm:b", ["stuck"]),
        ("queued", "", ["stuck"]),
        ("finished", "key:crm:a", ["stuck"]),
    ],
)
def test_a_place_is_kept_by_who_waits_and_by_nobody_who_has_ended(
    state: str, kept_gate: str, found: list[str]
) -> None:
    live = replace(QUEUED if state == "queued" else FINISHED, kept_gate=kept_gate)
    places = {"holders:key:crm:a": 1, **({live.home: 1} if state == "queued" else {})}

    kinds = [
        fault.kind.value for fault in faults_of(Evidence(live, places, None), with_record=False)
    ]

    assert kinds == found
