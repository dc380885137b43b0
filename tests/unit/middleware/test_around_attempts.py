"""Middleware stands around attempts, and what it raises is the attempt's failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any

import pytest

import tally
from backend.domain.jobs.attempts.outcome import OutcomeKind
from backend.domain.jobs.hooks.in_use import IN_USE
from backend.domain.jobs.job_type import JobType
from tally.testing import memory, run_job
from tests.effort import calls_of
from tests.unit.runtime.attempts import claimed, run
from workers.job_types.middleware import refuse_unknown_types
from workers.runtime.attempts import attempt
from workers.runtime.attempts.attempt_hooks import attempt_hooks

pytestmark = pytest.mark.usefixtures("own_middleware")

_tenant: ContextVar[str] = ContextVar("tenant", default="")


class Noting(tally.Middleware):
    """Notes what passes."""

    def __init__(self, name: str, seen: list[Any]) -> None:
        self.name, self.seen = name, seen

    @contextmanager
    def around_attempt(self, context: tally.JobContext) -> Iterator[None]:
        self.seen.append(f"{self.name}(")
        try:
            yield
        except BaseException as raised:
            self.seen.append(f"{self.name} {type(raised).__name__}")
            raise
        self.seen.append(f"{self.name})")


class Raising(tally.Middleware):
    """Raises before the handler, or after it."""

    def __init__(self, raised: BaseException, *, after: bool = False) -> None:
        self.raised, self.after = raised, after

    @contextmanager
    def around_attempt(self, context: tally.JobContext) -> Iterator[None]:
        if not self.after:
            raise self.raised
        yield
        raise self.raised


def _fails(_payload: Any) -> None:
    raise ValueError("bad luck")


def test_the_first_is_the_outermost_and_the_handler_is_innermost() -> None:
    seen: list[Any] = []
    tally.use(Noting("a", seen))
    tally.use(Noting("b", seen))

    outcome = run(lambda _payload: seen.append("job") or 7)

    assert (outcome.kind, outcome.result) == (OutcomeKind.FINISHED, "7")
    assert seen == ["a(", "b(", "job", "b)", "a)"]


def test_what_the_handler_raises_passes_through_and_is_not_the_middlewares() -> None:
    seen: list[Any] = []
    tally.use(Noting("a", seen))

    outcome = run(_fails)

    assert seen == ["a(", "a ValueError"]
    assert outcome.error is not None
    assert (outcome.error.error, outcome.error.message) == ("ValueError", "bad luck")


def test_context_variables_reach_the_handler_and_end_with_it() -> None:
    class Tenant(tally.Middleware):
        @contextmanager
        def around_attempt(self, context: tally.JobContext) -> Iterator[None]:
            _tenant.set(context.tenant)
            yield

    tally.use(Tenant())

    outcome = run(lambda _payload: _tenant.get(), tenant="acme")

    assert outcome.result == '"acme"'
    assert _tenant.get() == ""


def test_current_job_is_known_in_it() -> None:
    class Asking(tally.Middleware):
        @contextmanager
        def around_attempt(self, context: tally.JobContext) -> Iterator[None]:
            known.append(tally.current_job() is context)
            yield

    known: list[bool] = []
    tally.use(Asking())

    run(lambda _payload: None)

    assert known == [True]


@pytest.mark.parametrize("after", [False, True])
def test_what_a_middleware_raises_fails_the_attempt_by_name(after: bool) -> None:
    tally.use(Raising(KeyError("tenant"), after=after))

    outcome = run(lambda _payload: 7)

    assert outcome.kind is OutcomeKind.RETRIED
    assert outcome.error is not None
    assert outcome.error.message == "'tenant' (raised by the middleware Raising.around_attempt)"
    assert "raised by the middleware Raising.around_attempt" in outcome.error.traceback


@pytest.mark.parametrize(
    ("signal", "kind"),
    [
        (tally.RetryLater(delay=5), OutcomeKind.RETRIED),
        (tally.Snooze(5), OutcomeKind.SNOOZED),
        (tally.PermanentFailure("no"), OutcomeKind.FAILED),
        (tally.TimeLimitReached(), OutcomeKind.RETRIED),
        (SystemExit(3), OutcomeKind.RETRIED),
    ],
)
def test_signals_work_from_middleware(signal: BaseException, kind: OutcomeKind) -> None:
    tally.use(Raising(signal))

    assert run(lambda _payload: 7).kind is kind


def test_one_that_fails_before_the_handler_undoes_those_around_it() -> None:
    seen: list[Any] = []
    tally.use(Noting("a", seen))
    tally.use(Raising(ValueError("no")))

    run(lambda _payload: seen.append("job"))

    assert seen == ["a(", "a ValueError"]


def test_one_that_swallows_makes_the_attempt_finish_without_a_result() -> None:
    class Swallowing(tally.Middleware):
        @contextmanager
        def around_attempt(self, context: tally.JobContext) -> Iterator[None]:
            try:
                yield
            except ValueError:
                return

    tally.use(Swallowing())

    assert run(_fails)[:2] == (OutcomeKind.FINISHED, "")


def test_a_hook_that_gives_no_context_manager_fails_the_attempt_by_name() -> None:
    class Wrong(tally.Middleware):
        def around_attempt(self, context: tally.JobContext) -> Any:
            return None

    tally.use(Wrong())

    error = run(lambda _payload: 7).error

    assert error is not None
    assert error.error == "TypeError"
    assert "raised by the middleware Wrong.around_attempt" in error.message


def test_types_that_it_is_not_for_pass_by() -> None:
    seen: list[Any] = []
    tally.use(Noting("a", seen), job_types=["ship"])

    run(lambda _payload: None)

    assert seen == []
    assert attempt_hooks("greet") is None


def test_a_payload_that_does_not_fit_never_comes_to_it() -> None:
    seen: list[Any] = []
    tally.use(Noting("a", seen))

    run(lambda _payload: None, claimed()._replace(data=b"[]"))

    assert seen == []


def test_without_any_an_attempt_costs_what_it_cost() -> None:
    class Elsewhere(tally.Middleware):
        def on_ended(self, ended: tally.AttemptEnd) -> None:
            """Leaves attempts alone."""

    def handler(_payload: Any) -> None:
        """Does nothing."""

    def cost() -> int:
        prepared = attempt.prepare(JobType("greet", handler), None)
        job, context = claimed(), tally.JobContext("a", "greet", 1)
        return calls_of(lambda: attempt.run(prepared, job, context))

    before = cost()

    tally.use(Elsewhere())
    tally.use(Noting("a", []), job_types=["ship"])

    assert cost() == before


class Awaiting(tally.Middleware):
    """Awaits on both sides of an async handler."""

    def __init__(self, seen: list[str]) -> None:
        self.seen = seen

    @asynccontextmanager
    async def around_async_attempt(self, context: tally.JobContext) -> AsyncIterator[None]:
        await asyncio.to_thread(self.seen.append, "async")
        self.seen.append("async(")
        yield
        self.seen.append("async)")

    @contextmanager
    def around_attempt(self, context: tally.JobContext) -> Iterator[None]:
        self.seen.append("sync(")
        yield


def test_around_an_async_handler_what_awaits_is_preferred_and_order_kept() -> None:
    seen: list[str] = []
    tally.use(Noting("a", seen))
    tally.use(Awaiting(seen))
    hooks = attempt_hooks("greet")
    assert hooks is not None

    async def handler() -> int:
        async with hooks.around_async(tally.JobContext("a", "greet", 1)):
            seen.append("job")
            return 7

    assert asyncio.run(handler()) == 7
    assert seen == ["a(", "async", "async(", "job", "async)", "a)"]


def test_what_an_async_hook_raises_is_blamed_and_what_passes_is_not() -> None:
    class Failing(tally.Middleware):
        @asynccontextmanager
        async def around_async_attempt(self, context: tally.JobContext) -> AsyncIterator[None]:
            yield
            raise KeyError("late")

    tally.use(Failing())
    hooks = attempt_hooks("greet")
    assert hooks is not None

    async def handler(raised: Exception | None) -> None:
        async with hooks.around_async(tally.JobContext("a", "greet", 1)):
            if raised is not None:
                raise raised

    with pytest.raises(KeyError) as late:
        asyncio.run(handler(None))
    with pytest.raises(ValueError, match="bad luck") as passing:
        asyncio.run(handler(ValueError("bad luck")))

    assert late.value.__notes__ == ["raised by the middleware Failing.around_async_attempt"]
    assert not hasattr(passing.value, "__notes__")


_seen: list[str] = []


@tally.job_type("wait_a_turn_in_here")
async def wait_a_turn(payload: dict[str, Any], context: tally.JobContext) -> int:
    """Awaits something."""
    await asyncio.to_thread(_seen.append, "job")
    return 7


def test_an_async_handler_runs_inside_of_both_kinds() -> None:
    _seen.clear()
    tally.use(Noting("a", _seen))
    tally.use(Awaiting(_seen))

    with memory(job_packages=[__name__]):
        result = run_job(wait_a_turn).result

    assert result == 7
    assert _seen == ["a(", "async", "async(", "job", "async)", "a)"]


def test_a_middleware_for_a_type_that_a_worker_does_not_know_is_refused() -> None:
    tally.use(Noting("a", []), job_types=["ship", "chrage"])
    tally.use(Noting("b", []))

    with pytest.raises(tally.ConfigurationError) as refused:
        refuse_unknown_types(IN_USE.all, ["ship", "charge"])

    assert "Noting is for the job type 'chrage'" in str(refused.value)
    assert "did you mean 'charge'?" in str(refused.value)
    refuse_unknown_types(IN_USE.all, ["ship", "chrage"])
