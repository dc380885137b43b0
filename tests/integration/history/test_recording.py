"""What each thing that happens to a job leaves on record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from backend.broker.jobs import codec
from backend.domain.jobs.job_event import STATE_AFTER, EventKind, JobEvent, version_of
from backend.domain.jobs.job_state import JobState
from tests.integration.broker.bench import ERROR, new_job
from tests.integration.history.chronicle import Chronicle


def close_to_now(instant: datetime) -> bool:
    """Whether it was just now."""
    return abs(datetime.now(UTC) - instant) < timedelta(seconds=60)


def test_an_accepted_job_is_on_record_with_all_that_was_asked_for(chronicle: Chronicle) -> None:
    options = {"tags": ["a", "b c"], "tenant": "acme", "trace_id": "t1", "context_id": "c1"}
    payload = '{"text":"tab\\t, \\\\ and \\u0000, ünï","n":1.50}'
    chronicle.bench.seed(
        new_job("j", "low:email", payload=payload, options=options, max_attempts=4)
    )

    assert chronicle.record() == 1

    job = chronicle.job("j")
    [event] = chronicle.bench.events("j")
    assert (job["job_type"], job["queue"], job["status"]) == ("greet", "low:email", "queued")
    assert (job["attempt"], job["max_attempts"], job["is_test"]) == (0, 4, False)
    assert (job["tags"], job["tenant"], job["trace_id"]) == (["a", "b c"], "acme", "t1")
    assert (job["context_id"], job["options"]) == ("c1", options)
    assert job["position"] == version_of(event.id)
    assert close_to_now(job["created_at"])
    assert job["enqueued_at"] == job["created_at"]
    assert job["started_at"] is job["finished_at"] is job["run_at"] is None
    [kept] = chronicle.rows("SELECT payload::text FROM jobs")
    assert kept["payload"] == payload


def test_a_test_run_is_marked(chronicle: Chronicle) -> None:
    chronicle.bench.seed(new_job("j", options={"is_test": True}))

    chronicle.record()

    assert chronicle.job("j")["is_test"] is True


def test_a_delayed_job_is_scheduled_until_it_is_promoted(chronicle: Chronicle) -> None:
    job_id = chronicle.bench.scheduled()
    chronicle.record()
    scheduled = chronicle.job(job_id)

    chronicle.bench.make_due(job_id)
    chronicle.bench.promote()
    chronicle.record()

    promoted = chronicle.job(job_id)
    assert (scheduled["status"], scheduled["enqueued_at"]) == ("scheduled", None)
    assert scheduled["run_at"] - scheduled["created_at"] == timedelta(seconds=1000)
    assert (promoted["status"], promoted["run_at"]) == ("queued", None)
    assert promoted["enqueued_at"] >= promoted["created_at"]
    assert chronicle.kinds(job_id) == ["enqueued", "promoted"]


def test_a_started_job_names_its_worker(chronicle: Chronicle) -> None:
    job = chronicle.bench.started()

    chronicle.record()

    row = chronicle.job(job.id)
    assert (row["status"], row["worker"], row["attempt"]) == ("started", "w1", 1)
    assert row["fence"] == version_of(job.fence)
    assert close_to_now(row["started_at"])
    assert chronicle.results(job.id) == []


def test_a_finished_job_has_its_result_and_how_long_it_took(chronicle: Chronicle) -> None:
    job = chronicle.bench.started(options={"trace_id": "t1"})
    chronicle.bench.settle(job, "finished", body='{"sent":true}', result="e30=")

    chronicle.record()

    row, [result] = chronicle.job(job.id), chronicle.results(job.id)
    assert (row["status"], row["last_error"]) == ("finished", None)
    assert (result["attempt"], result["status"], result["worker"]) == (1, "finished", "w1")
    assert (result["result_payload"], result["trace_id"]) == ({"sent": True}, "t1")
    assert (result["job_type"], result["queue"], result["run_ms"]) == ("greet", "normal", 1.5)
    assert result["started_at"] == row["started_at"]
    assert result["ended_at"] == row["finished_at"]
    waited = row["started_at"] - row["enqueued_at"]
    assert result["wait_ms"] == waited / timedelta(milliseconds=1)


def test_an_error_is_on_record_in_short_with_the_job_and_in_full_with_the_attempt(
    chronicle: Chronicle,
) -> None:
    job = chronicle.bench.started()
    chronicle.bench.settle(job, "retried", delay=60_000, body=ERROR)

    chronicle.record()

    row, [result] = chronicle.job(job.id), chronicle.results(job.id)
    assert (row["status"], row["last_error"]) == ("scheduled", "ValueError: no")
    assert (row["error_kind"], row["error_reason"]) == ("ValueError", "exception")
    assert row["run_at"] - result["ended_at"] == timedelta(seconds=60)
    assert (result["status"], result["error_message"]) == ("retried", "no")
    assert (result["error_kind"], result["traceback"]) == ("ValueError", "…")


def test_a_job_that_succeeds_after_an_error_keeps_it_as_its_last(chronicle: Chronicle) -> None:
    job = chronicle.bench.started()
    chronicle.bench.settle(job, "retried", body=ERROR)
    chronicle.bench.make_due(job.id)
    chronicle.bench.promote()
    chronicle.bench.settle(chronicle.bench.claim()[0], "finished")

    chronicle.record()

    row = chronicle.job(job.id)
    assert (row["status"], row["attempt"]) == ("finished", 2)
    assert row["last_error"] == "ValueError: no"
    assert [result["status"] for result in chronicle.results(job.id)] == ["retried", "finished"]
    assert [result["attempt"] for result in chronicle.results(job.id)] == [1, 2]


def test_a_given_up_job_is_failed_and_over(chronicle: Chronicle) -> None:
    job_id = chronicle.bench.dead()

    chronicle.record()

    row = chronicle.job(job_id)
    assert (row["status"], row["last_error"]) == ("failed", "ValueError: no")
    assert close_to_now(row["finished_at"])


def test_putting_off_and_giving_back_are_attempts_without_an_error_of_the_job(
    chronicle: Chronicle,
) -> None:
    snoozed, released = chronicle.bench.started(), chronicle.bench.started()
    body = '{"reason":"snoozed","error":"Snooze","message":"not now"}'
    chronicle.bench.settle(snoozed, "snoozed", delay=5000, body=body)
    chronicle.bench.rescue(released)

    chronicle.record()

    assert chronicle.job(snoozed.id)["last_error"] is None
    assert chronicle.job(snoozed.id)["status"] == "scheduled"
    assert chronicle.job(released.id)["status"] == "queued"
    assert chronicle.results(snoozed.id)[0]["error_message"] == "not now"
    assert chronicle.results(released.id)[0]["status"] == "released"
    assert chronicle.results(released.id)[0]["run_ms"] is None


def test_a_crash_counts_as_an_error_even_when_nobody_could_describe_it(
    chronicle: Chronicle,
) -> None:
    job = chronicle.bench.started()
    chronicle.bench.rescue(job, "crashed")

    chronicle.record()

    assert chronicle.job(job.id)["last_error"] == "crashed"
    assert chronicle.results(job.id)[0]["error_kind"] == "crashed"


def test_each_attempt_waits_since_it_was_ready_itself(chronicle: Chronicle) -> None:
    job = chronicle.bench.started()
    chronicle.bench.rescue(job)
    again = chronicle.bench.claim()[0]
    chronicle.bench.settle(again, "finished")

    chronicle.record()

    first, second = chronicle.results(job.id)
    assert first["ready_version"] == chronicle.job(job.id)["position"]
    assert second["ready_version"] == first["version"]


def test_a_job_canceled_while_it_waits_has_no_attempt(chronicle: Chronicle) -> None:
    job_id = chronicle.bench.canceled()

    chronicle.record()

    row = chronicle.job(job_id)
    [canceled] = chronicle.rows("SELECT * FROM job_events WHERE kind = 'canceled'")
    assert (row["status"], row["attempt"], row["worker"]) == ("canceled", 0, None)
    assert close_to_now(row["finished_at"])
    assert (canceled["actor"], canceled["note"]) == ("ada", "changed my mind")
    assert chronicle.results(job_id) == []


def test_a_job_canceled_while_it_runs_stays_started_until_it_has_stopped(
    chronicle: Chronicle,
) -> None:
    job = chronicle.bench.started()
    chronicle.bench.cancel(job.id)
    chronicle.record()
    asked = chronicle.job(job.id)

    chronicle.bench.settle(job, "canceled")
    chronicle.record()

    assert asked["status"] == "started"
    assert chronicle.job(job.id)["status"] == "canceled"
    assert chronicle.job(job.id)["worker"] == "w1"
    assert chronicle.results(job.id)[0]["status"] == "canceled"


def test_a_redriven_job_is_queued_again_and_both_payloads_are_kept(chronicle: Chronicle) -> None:
    dead = chronicle.bench.dead()
    chronicle.bench.redrive(dead, data=codec.data_of("greet", '{"name":"Bob"}'))

    chronicle.record()

    row = chronicle.job(dead)
    [redriven] = chronicle.rows("SELECT * FROM job_events WHERE kind = 'redriven'")
    assert (row["status"], row["finished_at"]) == ("queued", None)
    assert (row["payload"], row["changed_payload"]) == ({"name": "Ada"}, {"name": "Bob"})
    assert (redriven["actor"], redriven["note"]) == ("ada", "fixed it")
    assert redriven["payload"] == {"name": "Bob"}


def test_a_redrive_without_a_change_changes_no_payload(chronicle: Chronicle) -> None:
    chronicle.bench.redrive(dead := chronicle.bench.dead())

    chronicle.record()

    assert chronicle.job(dead)["changed_payload"] is None


def test_a_discarded_job_has_failed_when_it_failed(chronicle: Chronicle) -> None:
    dead = chronicle.bench.dead()
    chronicle.record()
    before = chronicle.job(dead)

    chronicle.bench.discard(dead)
    chronicle.record()

    after = chronicle.job(dead)
    assert (after["status"], after["finished_at"]) == ("failed", before["finished_at"])
    assert (before["discarded_at"], close_to_now(after["discarded_at"])) == (None, True)


def test_a_job_resolved_by_hand_is_finished(chronicle: Chronicle) -> None:
    dead = chronicle.bench.dead()
    chronicle.bench.discard(dead, how="resolved")

    chronicle.record()

    assert chronicle.job(dead)["status"] == "finished"
    assert [result["status"] for result in chronicle.results(dead)] == ["failed"]


def test_a_job_that_changes_its_queue_stays_what_it_was(chronicle: Chronicle) -> None:
    job_id = chronicle.bench.scheduled()
    chronicle.bench.reprioritise(job_id, "high")

    chronicle.record()

    assert chronicle.job(job_id)["queue"] == "high"
    assert chronicle.job(job_id)["status"] == "scheduled"


def test_an_entry_that_was_no_job_leaves_a_line_and_no_job(chronicle: Chronicle) -> None:
    chronicle.bench.put_in_queue("ghost")
    chronicle.bench.claim()

    chronicle.record()

    assert chronicle.kinds("ghost") == ["dropped"]
    assert chronicle.rows("SELECT id FROM jobs") == []


def test_the_state_of_each_line_is_the_one_the_domain_says(chronicle: Chronicle) -> None:
    chronicle.bench.finished()
    chronicle.bench.redrive(chronicle.bench.dead())
    chronicle.bench.canceled()

    chronicle.record()

    for row in chronicle.rows("SELECT kind, status FROM job_events WHERE kind <> 'enqueued'"):
        assert row["status"] == STATE_AFTER[EventKind(row["kind"])]


def test_texts_that_postgres_cannot_hold_are_kept_as_far_as_they_go(chronicle: Chronicle) -> None:
    job = chronicle.bench.started()
    body = '{"reason":"exception","error":"E","message":"nul \\u0000 half \\ud800 tab \\t end"}'
    chronicle.bench.settle(job, "failed", body=body)

    assert chronicle.recorder().record_batch() == 3

    assert chronicle.results(job.id)[0]["error_message"] == "nul \ufffd half ? tab \t end"


def test_events_of_a_month_without_a_partition_make_one(chronicle: Chronicle) -> None:
    moment = int(datetime(2031, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp() * 1000)
    accepted = {"queue": "normal", "state": JobState.QUEUED, "job_type": "greet", "data": "{}"}
    chronicle.write(
        JobEvent(f"{moment}-0", "enqueued", "old", **accepted),
        JobEvent(f"{moment + 2000}-0", "enqueued", "new", **accepted),
    )

    found = chronicle.rows("SELECT job_id, tableoid::regclass::text AS month FROM job_events")

    assert sorted((row["job_id"], row["month"]) for row in found) == [
        ("new", "job_events_2032_01"),
        ("old", "job_events_2031_12"),
    ]
