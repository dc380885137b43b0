"""Spans of OpenTelemetry for calls that enqueue and for attempts: ``pip install tally-queue[otel]``."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal
from uuid import UUID

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import tally
from tally.integrations import messaging_conventions as names

__all__ = ["OpenTelemetry"]

#: A first attempt that begins so soon after its job was made is a child of what made it.
_SOON_SECONDS = 60.0
_UUID_OF_TIME = 7
_W3C = TraceContextTextMapPropagator()


class OpenTelemetry(tally.Middleware):
    """One span for each call that enqueues and one for each attempt, linked by W3C Trace Context.

    ``provider`` is the global one when it is left out. ``relation`` says how an attempt's span belongs
    to the one that enqueued it: always by a link; with ``child`` it is its child too, with ``link`` never,
    with ``auto`` if it is the first attempt and begins within a minute. Payloads, results and the words
    of errors are not sent: a span has the error's class and where it was raised.
    """

    def __init__(
        self,
        provider: trace.TracerProvider | None = None,
        *,
        relation: Literal["auto", "link", "child"] = "auto",
    ) -> None:
        self._provider = provider or trace.get_tracer_provider()
        self._tracer = self._provider.get_tracer("tally", tally.__version__)
        self._relation = relation

    @contextmanager
    def around_enqueue(self, drafts: Sequence[tally.Draft]) -> Iterator[None]:
        """A span of kind producer; the jobs of the call carry it."""
        said = drafts[0].options
        parent = None if trace.get_current_span().get_span_context().is_valid else _context_of(said)
        with self._tracer.start_as_current_span(
            names.SEND,
            context=parent,
            kind=SpanKind.PRODUCER,
            attributes=names.of_call(len(drafts)),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            carried = _injected()
            for draft in drafts:
                draft.options.update(carried)
            with _telling(span):
                yield
            _name_by_queue(span, drafts)

    @contextmanager
    def around_attempt(self, context: tally.JobContext) -> Iterator[None]:
        """A span of kind consumer; calls of the handler and jobs that it enqueues follow from it."""
        made_in = _context_of(
            {"traceparent": context.traceparent, "tracestate": context.tracestate}
        )
        made_by = trace.get_current_span(made_in).get_span_context() if made_in else None
        with self._tracer.start_as_current_span(
            f"{names.PROCESS} {context.queue}",
            context=made_in if self._is_child(context) else otel_context.Context(),
            kind=SpanKind.CONSUMER,
            attributes=names.of_attempt(context),
            links=[Link(made_by)] if made_by is not None and made_by.is_valid else [],
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            carried = _injected()
            if carried:
                context.traceparent = carried["traceparent"]
                context.tracestate = carried.get("tracestate", "")
            with _telling(span):
                yield

    def _is_child(self, context: tally.JobContext) -> bool:
        if self._relation != "auto":
            return self._relation == "child"
        return context.attempt == 1 and _age_seconds(context.job_id) <= _SOON_SECONDS

    @contextmanager
    def around_process(self, kind: str) -> Iterator[None]:  # noqa: ARG002 - each kind has its own tail
        """Sends what is left when the process ends."""
        yield
        flush = getattr(self._provider, "force_flush", None)
        if flush is not None:
            flush(2000)


def _context_of(said: Any) -> otel_context.Context | None:
    """The span that a job carries; None for none that can be read."""
    carrier = {name: said[name] for name in ("traceparent", "tracestate") if said.get(name)}
    found = _W3C.extract(carrier, context=otel_context.Context())
    return found if trace.get_current_span(found).get_span_context().is_valid else None


def _injected() -> dict[str, str]:
    """The current span as jobs carry it."""
    carried: dict[str, str] = {}
    _W3C.inject(carried)
    return carried


def _age_seconds(job_id: str) -> float:
    """Since its id was made; nobody knows that of an id of the caller's own."""
    try:
        made = UUID(job_id[:36])
    except ValueError:
        return 0.0
    if made.version != _UUID_OF_TIME:
        return 0.0
    return time.time() - (made.int >> 80) / 1000


@contextmanager
def _telling(span: Span) -> Iterator[None]:
    """Notes on the span what goes wrong, without its words: they may quote the payload."""
    try:
        yield
    except (tally.Snooze, tally.StopRequested):
        raise
    except BaseException as raised:
        frames = "".join(traceback.format_tb(raised.__traceback__)[-40:])
        span.set_attribute(names.ERROR_TYPE, type(raised).__name__)
        span.add_event("exception", names.of_exception(raised, frames))
        span.set_status(Status(StatusCode.ERROR, type(raised).__name__))
        raise


def _name_by_queue(span: Span, drafts: Sequence[tally.Draft]) -> None:
    queues = {draft.queue for draft in drafts}
    if len(queues) == 1:
        [queue] = queues
        span.update_name(f"{names.SEND} {queue}")
        span.set_attribute(names.DESTINATION, queue)
    if len(drafts) == 1:
        span.set_attribute(names.MESSAGE_ID, drafts[0].job_id)
