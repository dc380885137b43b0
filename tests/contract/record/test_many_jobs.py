"""Jobs are found on record by what is known of them, page by page, and counted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backend.domain.history.history_statistics import TimeWindow
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_state import JobState
from tests.contract.record.chronicle import Chronicle

OPTIONS = {
    "tags": ["vip"],
    "tenant": "acme",
    "trace_id": "t",
    "context_id": "c",
    "environment": "staging",
}


@pytest.mark.parametrize(
    "condition",
    [
        {"job_type": "other"},
        {"queue": "high"},
        {"states": frozenset({JobState.FAILED})},
        {"states": frozenset({JobState.FAILED, JobState.CANCELED})},
        {"tag": "vip"},
        {"tenant": "acme"},
        {"trace_id": "t"},
        {"context_id": "c"},
        {"environment": "staging"},
        {"worker": "w1"},
        {"error_kind": "ValueError"},
        {"error_text": "valueerror: NO"},
    ],
    ids=lambda condition: next(iter(condition)),
)
def test_each_condition_finds_what_it_says(chronicle: Chronicle, condition: dict[str, Any]) -> None:
    chronicle.scene.waiting()
    meant = chronicle.scene.dead(queue="high", job_type="other", options=OPTIONS)
    chronicle.scene.scheduled()

    chronicle.write()

    assert chronicle.search(**condition) == [meant]


def test_conditions_must_all_hold_and_none_takes_all_the_newest_first(
    chronicle: Chronicle,
) -> None:
    ids = []
    for _ in range(3):
        ids.append(chronicle.scene.waiting())
        chronicle.broker.pass_time(1)
    chronicle.write()

    assert chronicle.search() == ids[::-1]
    assert chronicle.search(queue="normal", job_type="other") == []


def test_jobs_are_found_by_when_they_were_accepted_and_when_they_died(
    chronicle: Chronicle,
) -> None:
    early = chronicle.scene.dead()
    chronicle.broker.pass_time(100)
    late = chronicle.scene.dead()
    chronicle.write()
    between = chronicle.broker.clock.now() - timedelta(seconds=50)

    assert chronicle.search(accepted_since=between) == [late]
    assert chronicle.search(accepted_until=between) == [early]
    assert chronicle.search(died_after=between) == [late]
    assert chronicle.search(died_before=between) == [early]


def test_pages_follow_each_other_whatever_comes_meanwhile(chronicle: Chronicle) -> None:
    ids = []
    for _ in range(5):
        ids.append(chronicle.scene.waiting())
        chronicle.broker.pass_time(1)
    chronicle.write()
    first = chronicle.reader.search(JobFilter(), 2, None)
    chronicle.scene.waiting()
    chronicle.write()

    second = chronicle.reader.search(JobFilter(), 3, first.next)

    assert [job.id for job in (*first.jobs, *second.jobs)] == ids[::-1]
    assert second.next is None


def test_jobs_are_counted_by_state_also_within_a_window(chronicle: Chronicle) -> None:
    chronicle.scene.finished()
    chronicle.broker.pass_time(100)
    for state in ("failed", "scheduled", "canceled"):
        chronicle.scene.in_state(state)
    chronicle.write()
    now = chronicle.broker.clock.now()
    window = TimeWindow(now - timedelta(seconds=50), now + timedelta(seconds=1))

    every, late = chronicle.reader.count_by_state(None), chronicle.reader.count_by_state(window)

    ended = {JobState.FAILED: 1, JobState.SCHEDULED: 1, JobState.CANCELED: 1}
    assert {state: jobs for state, jobs in every.items() if jobs} == {
        **ended,
        JobState.FINISHED: 1,
    }
    assert {state: jobs for state, jobs in late.items() if jobs} == ended


def test_queues_say_what_is_in_them_and_leave_out_what_has_ended(chronicle: Chronicle) -> None:
    scene = chronicle.scene
    scene.finished(queue="high")
    waiting, _ = scene.waiting(), scene.scheduled()
    scene.do.discard([scene.dead(queue="low")], by="ada", reason="")
    scene.dead(queue="low")
    scene.started(queue="high:email")
    chronicle.write()

    email, low, normal = chronicle.reader.queues()

    assert (email.name, email.started, email.stuck) == ("high:email", 1, 0)
    assert (low.name, low.dead) == ("low", 1)
    assert (normal.name, normal.queued, normal.scheduled) == ("normal", 1, 1)
    assert normal.oldest_enqueued_at == scene.view(waiting).enqueued_at
