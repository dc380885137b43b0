"""Dead jobs in Sentry, once each: ``pip install tally-queue[sentry]``."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import sentry_sdk
from sentry_sdk.scope import Scope, use_isolation_scope

import tally
from tally.integrations.sentry_event import event_of

__all__ = ["Sentry"]

_OP = "queue.task.tally"
#: Scopes of failed attempts that wait for their outcome; one whose lease is lost never gets one.
_MOST_SCOPES = 1000


class Sentry(tally.Middleware):
    """Reports jobs that are given up, a transaction for each attempt, and what led to it as breadcrumbs.

    ``report`` may be ``dead`` (a job once, when it is given up), ``first`` (its first failure, and when
    it is given up) or ``all`` (each failed attempt). What is sent is what Tally keeps of an error: without
    local variables, and with the secrets of payloads masked. `sentry_sdk.init` is the application's.
    """

    def __init__(self, report: Literal["dead", "first", "all"] = "dead") -> None:
        self._report = report
        self._scopes: OrderedDict[str, Scope] = OrderedDict()

    @contextmanager
    def around_enqueue(self, drafts: Sequence[tally.Draft]) -> Iterator[None]:
        """A span in the caller's transaction; the jobs carry it."""
        with sentry_sdk.start_span(op="queue.publish", name=drafts[0].job_type) as span:
            if carried := _traceparent(span.to_traceparent()):
                for draft in drafts:
                    draft.options.setdefault("traceparent", carried)
            yield

    @contextmanager
    def around_attempt(self, context: tally.JobContext) -> Iterator[None]:
        """A scope and a transaction of its own."""
        quiet: BaseException | None = None
        with sentry_sdk.isolation_scope() as scope:
            _describe(scope, context)
            carried = {"sentry-trace": _sentry_trace(context)} if context.traceparent else {}
            made = sentry_sdk.continue_trace(carried, op=_OP, name=context.job_type, source="task")
            with sentry_sdk.start_transaction(made):
                try:
                    yield
                except (tally.Snooze, tally.StopRequested) as signal:
                    # The transaction would call it an error.
                    quiet = signal
                except BaseException:
                    self._remember(context.fence, scope)
                    raise
        if quiet is not None:
            raise quiet

    def _remember(self, fence: str, scope: Scope) -> None:
        self._scopes[fence] = scope
        while len(self._scopes) > _MOST_SCOPES:
            self._scopes.popitem(last=False)

    def on_ended(self, ended: tally.AttemptEnd) -> None:
        """Reports what is to be reported, now that it is on the books."""
        scope = self._scopes.pop(ended.fence, None)
        if ended.error is None or not self._is_wanted(ended):
            return
        around = use_isolation_scope(scope) if scope else sentry_sdk.isolation_scope()
        with around:
            sentry_sdk.capture_event(event_of(ended))

    def _is_wanted(self, ended: tally.AttemptEnd) -> bool:
        if ended.is_dead:
            return True
        if ended.outcome not in {"retried", "crashed"}:
            return False
        return self._report == "all" or (self._report == "first" and ended.attempt == 1)

    @contextmanager
    def around_process(self, kind: str) -> Iterator[None]:  # noqa: ARG002 - each kind has its own tail
        """Sends what is left when the process ends."""
        yield
        sentry_sdk.flush(2.0)


def _describe(scope: Scope, context: tally.JobContext) -> None:
    scope.set_transaction_name(context.job_type, source="task")
    tags = {"job_type": context.job_type, "queue": context.queue, "attempt": context.attempt}
    for name, value in {**tags, "tenant": context.tenant}.items():
        if value:
            scope.set_tag(name, value)
    scope.set_context("job", {"id": context.job_id, "trace_id": context.trace_id})


def _traceparent(sentry_trace: str) -> str:
    """Sentry's form as W3C writes it; empty while nobody has decided whether the trace is sampled.

    W3C cannot say that, and the job would have to take it for no.
    """
    trace, span, *sampled = sentry_trace.split("-")
    return f"00-{trace}-{span}-0{sampled[0]}" if sampled else ""


def _sentry_trace(context: tally.JobContext) -> str:
    """The W3C form as Sentry writes it."""
    _, trace, span, flags = context.traceparent.split("-")[:4]
    return f"{trace}-{span}-{int(flags, 16) & 1}"
