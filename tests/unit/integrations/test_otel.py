"""Spans of OpenTelemetry, as its own SDK exports them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanKind, StatusCode

import tally
from tally.integrations.otel import OpenTelemetry
from tally.testing import QueueInTest, memory
from tests.effort import calls_of
from workers.base_worker import JobContext
from workers.runtime.attempts.attempt_hooks import attempt_hooks
from workers.runtime.process_hooks import ProcessHooks

pytestmark = pytest.mark.usefixtures("own_middleware")

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
_headers: list[dict[str, str]] = []


@tally.job_type("charge", secret_fields=("card",), max_retries=1, retry_delays=[60])
def charge(payload: dict[str, Any], context: tally.JobContext) -> None:
    """Ends as it is told, and calls somebody."""
    _headers.append(context.trace_headers())
    if payload.get("way") == "wrong":
        raise ValueError(f"card {payload['card']} is refused")
    if payload.get("way") == "later":
        raise tally.Snooze(30)
    if payload.get("way") == "on":
        receipt.enqueue({})


@tally.job_type("receipt", lane="mail")
async def receipt(payload: dict[str, Any], context: tally.JobContext) -> None:
    """Calls somebody too."""
    _headers.append(context.trace_headers())


class Tracing:
    """A provider of one's own, and what it exported."""

    def __init__(self) -> None:
        self.provider = TracerProvider()
        self.exporter = InMemorySpanExporter()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))

    def spans(self) -> dict[str, ReadableSpan]:
        """By name."""
        return {span.name: span for span in self.exporter.get_finished_spans()}


@pytest.fixture
def tracing() -> Tracing:
    _headers.clear()
    tracing = Tracing()
    tally.use(OpenTelemetry(tracing.provider))
    return tracing


@pytest.fixture
def jobs() -> Iterator[QueueInTest]:
    with memory(job_packages=[__name__]) as queue:
        yield queue


def _attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def _parent_of(span: ReadableSpan) -> int:
    return span.parent.span_id if span.parent else 0


def _id_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return span.context.span_id


def test_a_request_its_call_its_job_and_what_that_enqueues_are_one_trace(
    jobs: QueueInTest, tracing: Tracing
) -> None:
    with tracing.provider.get_tracer("web").start_as_current_span("POST /orders") as request:
        job = charge.enqueue({"way": "on"})
    jobs.drain()

    spans = tracing.spans()
    chain = ["send normal", "process normal", "send normal:mail", "process normal:mail"]
    before = request.get_span_context().span_id
    for name in chain:
        assert _parent_of(spans[name]) == before, name
        before = _id_of(spans[name])
    assert {span.context.trace_id for span in spans.values() if span.context} == {
        request.get_span_context().trace_id
    }
    assert job.view().trace_id == f"{request.get_span_context().trace_id:032x}"


def test_what_follows_a_job_is_in_its_trace(jobs: QueueInTest, tracing: Tracing) -> None:
    charge.enqueue({"way": "well"}, on_success="receipt")
    jobs.drain()

    spans = tracing.spans()
    assert spans.keys() == {"send normal", "process normal", "process normal:mail"}
    assert len({span.context.trace_id for span in spans.values() if span.context}) == 1
    assert _parent_of(spans["process normal:mail"]) == _id_of(spans["send normal"])


def test_spans_say_what_the_conventions_ask_for(jobs: QueueInTest, tracing: Tracing) -> None:
    job = charge.enqueue({}, tenant="acme")
    jobs.drain()

    sent, processed = tracing.spans()["send normal"], tracing.spans()["process normal"]
    assert (sent.kind, processed.kind) == (SpanKind.PRODUCER, SpanKind.CONSUMER)
    shared = {
        "messaging.system": "tally",
        "messaging.destination.name": "normal",
        "messaging.message.id": job.id,
    }
    assert _attributes(sent) == {
        **shared,
        "messaging.operation.type": "send",
        "messaging.operation.name": "send",
    }
    assert _attributes(processed) == {
        **shared,
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.client.id": "worker-in-test",
        "tally.job_type": "charge",
        "tally.attempt": 1,
        "tally.tenant": "acme",
    }
    assert [link.context.span_id for link in processed.links] == [_id_of(sent)]
    assert processed.status.status_code is StatusCode.UNSET


def test_many_jobs_of_one_call_share_its_span(jobs: QueueInTest, tracing: Tracing) -> None:
    charge.enqueue_many([{}, {}, {}])
    jobs.drain()

    [sent] = [s for s in tracing.exporter.get_finished_spans() if s.name.startswith("send")]
    processed = [s for s in tracing.exporter.get_finished_spans() if s.name.startswith("process")]
    assert _attributes(sent)["messaging.batch.message_count"] == 3
    assert "messaging.message.id" not in _attributes(sent)
    assert [_parent_of(span) for span in processed] == [_id_of(sent)] * 3


def test_a_retry_is_a_trace_of_its_own_linked_to_what_enqueued_it(
    jobs: QueueInTest, tracing: Tracing
) -> None:
    charge.enqueue({"way": "wrong", "card": "4111-1111"})
    jobs.drain(raise_errors=False)
    jobs.travel(minutes=5)
    jobs.drain(raise_errors=False)

    sent, first, second = tracing.exporter.get_finished_spans()
    assert _parent_of(first) == _id_of(sent)
    assert second.parent is None
    assert [link.context.span_id for link in second.links] == [_id_of(sent)]


def test_a_failure_is_told_without_its_words_and_a_snooze_is_none(
    jobs: QueueInTest, tracing: Tracing
) -> None:
    charge.enqueue({"way": "wrong", "card": "4111-1111"})
    charge.enqueue({"way": "later"})
    jobs.drain(raise_errors=False)

    failed, snoozed = [
        span for span in tracing.exporter.get_finished_spans() if span.kind is SpanKind.CONSUMER
    ]
    assert failed.status.status_code is StatusCode.ERROR
    assert _attributes(failed)["error.type"] == "ValueError"
    [event] = failed.events
    assert (event.attributes or {})["exception.type"] == "ValueError"
    assert "in charge" in str((event.attributes or {})["exception.stacktrace"])
    assert "4111" not in failed.to_json()
    assert (snoozed.status.status_code, snoozed.events) == (StatusCode.UNSET, ())


def test_a_call_that_is_refused_is_an_error_of_its_span(
    jobs: QueueInTest, tracing: Tracing
) -> None:
    with pytest.raises(tally.UnknownJobType):
        tally.QueueService().enqueue_job("chrage", {})

    [span] = tracing.exporter.get_finished_spans()
    assert (span.name, _attributes(span)["error.type"]) == ("send", "UnknownJobType")


@pytest.mark.parametrize(
    ("relation", "is_child"), [("auto", True), ("child", True), ("link", False)]
)
def test_how_an_attempt_belongs_to_its_call_can_be_said(
    jobs: QueueInTest, relation: Any, is_child: bool
) -> None:
    tracing = Tracing()
    tally.use(OpenTelemetry(tracing.provider, relation=relation))
    charge.enqueue({})
    jobs.drain()

    sent, processed = tracing.exporter.get_finished_spans()
    assert (_parent_of(processed) == _id_of(sent)) is is_child
    assert [link.context.span_id for link in processed.links] == [_id_of(sent)]


def test_a_first_attempt_that_comes_late_is_no_child(
    jobs: QueueInTest, tracing: Tracing, monkeypatch: pytest.MonkeyPatch
) -> None:
    charge.enqueue({})
    now = time.time()
    monkeypatch.setattr("tally.integrations.span_contexts.time.time", lambda: now + 61)
    jobs.drain()

    assert tracing.spans()["process normal"].parent is None


def test_the_span_of_a_caller_without_a_tracer_is_the_parent_and_its_state_goes_on(
    jobs: QueueInTest, tracing: Tracing
) -> None:
    charge.enqueue({}, traceparent=CALLER, tracestate="vendor=1")
    jobs.drain()

    sent = tracing.spans()["send normal"]
    assert f"{_parent_of(sent):016x}" == CALLER.split("-")[2]
    [headers] = _headers
    assert headers["tracestate"] == "vendor=1"


def test_calls_of_the_handler_follow_from_its_attempt(jobs: QueueInTest, tracing: Tracing) -> None:
    charge.enqueue({})
    jobs.drain()

    [headers] = _headers
    processed = tracing.spans()["process normal"]
    assert processed.context is not None
    version, trace, span, _flags = headers["traceparent"].split("-")
    assert (version, int(trace, 16), int(span, 16)) == (
        "00",
        processed.context.trace_id,
        _id_of(processed),
    )


def test_without_a_tracer_the_callers_span_is_handed_on_whole(jobs: QueueInTest) -> None:
    _headers.clear()
    charge.enqueue({"way": "on"}, traceparent=CALLER, tracestate="vendor=1")
    jobs.drain()

    assert _headers == [{"traceparent": CALLER, "tracestate": "vendor=1"}] * 2


def test_what_is_left_is_sent_when_the_process_ends() -> None:
    flushed: list[int] = []

    class Provider(TracerProvider):
        def force_flush(self, timeout_millis: int = 30_000) -> bool:
            flushed.append(timeout_millis)
            return True

    tally.use(OpenTelemetry(Provider()))
    hooks = ProcessHooks("worker")
    hooks.open()
    assert flushed == []
    hooks.close()

    assert flushed == [2000]


def test_an_attempt_costs_little_more_than_the_span_itself(tracing: Tracing) -> None:
    tracer = tracing.provider.get_tracer("bare")

    hooks = attempt_hooks("charge")
    assert hooks is not None

    def attempt() -> None:
        context = JobContext("0190-one", "charge", 1, "normal", traceparent=CALLER, worker="w1")
        with hooks.around(context):
            pass

    def bare() -> None:
        attributes = {f"name.{number}": "text" for number in range(7)}
        link = Link(trace.SpanContext(1, 1, is_remote=True))
        span = tracer.start_span("bare", attributes={**attributes, "last": 1}, links=[link])
        otel_context.detach(otel_context.attach(trace.set_span_in_context(span)))
        span.end()

    for warm_up in (attempt, bare):
        warm_up()
    # The general ways to read and write a context, and to hold a span, took a hundred; what is around an
    # attempt took thirty while it was held by Python's own context managers.
    assert calls_of(attempt) - calls_of(bare) < 42
