"""Spans of OpenTelemetry for calls that enqueue and for attempts: ``pip install tally-queue[otel]``."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Literal

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode

import tally
from tally.integrations import messaging_conventions as names
from tally.integrations.span_contexts import age_seconds, carried_by, span_context_of

__all__ = ["OpenTelemetry"]

#: An attempt runs wherever its worker does: what that does otherwise is not around it.
_NOWHERE = otel_context.Context()
#: A first attempt that begins so soon after its job was made is a child of what made it.
_SOON_SECONDS = 60.0


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
        parent = None
        if not trace.get_current_span().get_span_context().is_valid:
            said = drafts[0].options
            made_by = span_context_of(said.get("traceparent") or "", said.get("tracestate") or "")
            parent = made_by and trace.set_span_in_context(trace.NonRecordingSpan(made_by))
        with self._tracer.start_as_current_span(
            names.SEND,
            context=parent,
            kind=SpanKind.PRODUCER,
            attributes=names.of_call(len(drafts)),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            made = span.get_span_context()
            for draft in drafts if made.is_valid else ():
                _hand_on(draft, made)
            try:
                yield
            except BaseException as raised:
                _tell(span, raised)
                raise
            _name_by_queue(span, drafts)

    def around_attempt(self, context: tally.JobContext) -> AbstractContextManager[None]:
        """A span of kind consumer; calls of the handler and jobs that it enqueues follow from it."""
        return _AttemptSpan(self._begin, context)

    def _begin(self, context: tally.JobContext) -> Span:
        made_by = span_context_of(context.traceparent, context.tracestate)
        within = _NOWHERE
        if made_by is not None and self._is_child(context):
            within = trace.set_span_in_context(trace.NonRecordingSpan(made_by), within)
        span = self._tracer.start_span(
            f"{names.PROCESS} {context.queue}",
            context=within,
            kind=SpanKind.CONSUMER,
            attributes=names.of_attempt(context),
            links=[Link(made_by)] if made_by is not None else (),
        )
        made = span.get_span_context()
        if made.is_valid:
            context.traceparent, context.tracestate = carried_by(made)
        return span

    def _is_child(self, context: tally.JobContext) -> bool:
        if self._relation != "auto":
            return self._relation == "child"
        return context.attempt == 1 and age_seconds(context.job_id) <= _SOON_SECONDS

    @contextmanager
    def around_process(self, kind: str) -> Iterator[None]:  # noqa: ARG002 - each kind has its own tail
        """Sends what is left when the process ends."""
        yield
        flush = getattr(self._provider, "force_flush", None)
        if flush is not None:
            flush(2000)


class _AttemptSpan:
    """The span of one attempt is the current one.

    Not `start_as_current_span`, and no generator: their context managers cost as much as the span itself.
    """

    __slots__ = ("_begin", "_context", "_span", "_token")

    def __init__(
        self, begin: Callable[[tally.JobContext], Span], context: tally.JobContext
    ) -> None:
        self._begin = begin
        self._context = context

    def __enter__(self) -> None:
        self._span = self._begin(self._context)
        self._token = otel_context.attach(trace.set_span_in_context(self._span))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace_back: TracebackType | None,
    ) -> None:
        try:
            if raised is not None:
                _tell(self._span, raised)
        finally:
            otel_context.detach(self._token)
            self._span.end()


def _tell(span: Span, raised: BaseException) -> None:
    """Notes on the span what went wrong, without its words: they may quote the payload."""
    if isinstance(raised, tally.Snooze | tally.StopRequested):
        return
    frames = "".join(traceback.format_tb(raised.__traceback__)[-40:])
    span.set_attribute(names.ERROR_TYPE, type(raised).__qualname__)
    span.add_event("exception", names.of_exception(raised, frames))
    span.set_status(Status(StatusCode.ERROR, type(raised).__qualname__))


def _hand_on(draft: tally.Draft, made: SpanContext) -> None:
    traceparent, tracestate = carried_by(made)
    carried = {"traceparent": traceparent, "tracestate": tracestate}
    draft.options.update({name: said for name, said in carried.items() if said})


def _name_by_queue(span: Span, drafts: Sequence[tally.Draft]) -> None:
    queues = {draft.queue for draft in drafts}
    if len(queues) == 1:
        [queue] = queues
        span.update_name(f"{names.SEND} {queue}")
        span.set_attribute(names.DESTINATION, queue)
    if len(drafts) == 1:
        span.set_attribute(names.MESSAGE_ID, drafts[0].job_id)
