"""Dead jobs in Sentry, as its own SDK sends them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

import tally
from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind
from tally.integrations.sentry import Sentry
from tally.integrations.sentry_event import frames_in
from tally.testing import QueueInTest, memory
from tests.unit.runtime.attempts import claimed
from workers.runtime.attempts.observers import tell_observers
from workers.runtime.process_hooks import ProcessHooks

pytestmark = pytest.mark.usefixtures("own_middleware")


@tally.job_type("charge", secret_fields=("card",), max_retries=2, retry_delays=[60])
def charge(payload: dict[str, Any]) -> None:
    """Ends as it is told."""
    sentry_sdk.add_breadcrumb(message="asked the bank")
    local = "a local value: 4242"
    if payload["way"] == "later":
        raise tally.Snooze(30)
    if payload["way"] == "never":
        raise tally.PermanentFailure("no such customer")
    raise ValueError(f"card {payload['card']} is refused, {len(local)}")


class Kept(Transport):
    """Keeps what would be sent."""

    sent: ClassVar[list[Envelope]] = []
    flushed: ClassVar[list[float]] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.sent.append(envelope)

    def flush(self, timeout: float, callback: Any = None) -> None:
        self.flushed.append(timeout)


@pytest.fixture(autouse=True)
def sentry() -> Iterator[None]:
    Kept.sent.clear()
    Kept.flushed.clear()
    sentry_sdk.init(
        dsn="https://key@example.org/1",
        transport=Kept,
        traces_sample_rate=1.0,
        default_integrations=False,
        auto_enabling_integrations=False,
    )
    yield
    sentry_sdk.get_client().close(timeout=0)
    sentry_sdk.get_global_scope().set_client(None)


@pytest.fixture
def jobs() -> Iterator[QueueInTest]:
    with memory(job_packages=[__name__]) as queue:
        yield queue


def _items(kind: str) -> list[dict[str, Any]]:
    items = [item for envelope in Kept.sent for item in envelope.items if item.type == kind]
    return [json.loads(item.get_bytes()) for item in items]


def _to_the_end(jobs: QueueInTest) -> None:
    for _ in range(4):
        jobs.drain(raise_errors=False)
        jobs.travel(minutes=10)


def test_a_dead_job_is_reported_once(jobs: QueueInTest) -> None:
    tally.use(Sentry())
    job = charge.enqueue({"way": "wrong", "card": "4111-1111"}, tenant="acme")

    _to_the_end(jobs)

    assert job.view().failures == 3
    [event] = _items("event")
    assert event["level"] == "error"
    assert event["contexts"]["job"] == {
        "id": job.id,
        "trace_id": "",
    }
    assert event["tags"] == {
        "job_type": "charge",
        "queue": "normal",
        "attempt": 3,
        "outcome": "failed",
        "reason": "exception",
        "tenant": "acme",
    }
    [exception] = event["exception"]["values"]
    assert (exception["type"], exception["value"]) == (
        "ValueError",
        "card [hidden] is refused, 19",
    )
    frame = exception["stacktrace"]["frames"][-1]
    assert (frame["function"], frame["filename"]) == ("charge", "test_sentry.py")
    assert frame["context_line"].startswith("raise ValueError(")


def test_what_led_to_it_is_there_and_no_secret_is(jobs: QueueInTest) -> None:
    tally.use(Sentry())
    charge.enqueue({"way": "wrong", "card": "4111-1111"})

    _to_the_end(jobs)

    [event] = _items("event")
    assert [crumb["message"] for crumb in event["breadcrumbs"]["values"]] == ["asked the bank"]
    sent = "".join(json.dumps(_items(kind)) for kind in ("event", "transaction"))
    assert "4111" not in sent
    assert "a local value" not in sent


@pytest.mark.parametrize(("report", "levels"), [("all", 3), ("first", 2), ("dead", 1)])
def test_how_much_is_reported_can_be_said(jobs: QueueInTest, report: Any, levels: int) -> None:
    tally.use(Sentry(report))
    charge.enqueue({"way": "wrong", "card": "4111-1111"})

    _to_the_end(jobs)

    assert [event["level"] for event in _items("event")] == ["warning"] * (levels - 1) + ["error"]


def test_a_signal_is_no_error_but_a_permanent_failure_is_a_dead_job(jobs: QueueInTest) -> None:
    tally.use(Sentry("all"))
    charge.enqueue({"way": "later"})
    charge.enqueue({"way": "never"})

    jobs.drain(raise_errors=False)

    [event] = _items("event")
    assert event["exception"]["values"][0]["type"] == "PermanentFailure"
    statuses = [each["contexts"]["trace"].get("status") for each in _items("transaction")]
    assert statuses == [None, "internal_error"]
    assert [crumb["message"] for crumb in event["breadcrumbs"]["values"]] == ["asked the bank"]


def test_an_attempt_is_a_transaction_in_the_trace_of_the_call(jobs: QueueInTest) -> None:
    tally.use(Sentry())
    with sentry_sdk.start_transaction(name="POST /orders") as request:
        charge.enqueue({"way": "later"})
    jobs.drain()

    called, ran = _items("transaction")
    [publish] = called["spans"]
    assert (publish["op"], publish["description"]) == ("queue.publish", "charge")
    assert (ran["transaction"], ran["contexts"]["trace"]["op"]) == ("charge", "queue.task.tally")
    assert ran["contexts"]["trace"]["trace_id"] == request.trace_id
    assert ran["contexts"]["trace"]["parent_span_id"] == publish["span_id"]


def test_what_one_job_notes_is_not_seen_by_the_next(jobs: QueueInTest) -> None:
    tally.use(Sentry())
    for _ in range(2):
        charge.enqueue({"way": "never"})

    jobs.drain(raise_errors=False)

    assert [len(event["breadcrumbs"]["values"]) for event in _items("event")] == [1, 1]


def test_a_job_that_died_elsewhere_is_reported_too() -> None:
    tally.use(Sentry())
    error = AttemptError("poison", "ProcessDied", "the job's process ended by signal 9")

    tell_observers([(claimed(), Outcome(OutcomeKind.FAILED, error=error))])

    [event] = _items("event")
    assert event["exception"]["values"][0]["value"] == "the job's process ended by signal 9"
    assert event["tags"]["reason"] == "poison"


def test_what_is_left_is_sent_when_the_process_ends() -> None:
    tally.use(Sentry())
    hooks = ProcessHooks("child")
    hooks.open()
    hooks.close()

    assert Kept.flushed == [2.0]


def test_of_a_chain_the_frames_of_the_last_exception_are_taken_and_any_text_is_borne() -> None:
    chain = """Traceback (most recent call last):
  File "/a/one.py", line 1, in first
    one()
KeyError: 1

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/a/two.py", line 22, in second
    two()
  File "/v/site-packages/lib.py", line 3, in third
ValueError: 2
"""
    assert [(f["filename"], f["lineno"], f["function"], f["in_app"]) for f in frames_in(chain)] == [
        ("two.py", 22, "second", True),
        ("lib.py", 3, "third", False),
    ]
    assert frames_in("") == frames_in("no traceback at all") == []
