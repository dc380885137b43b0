"""Middleware stands around calls that enqueue: it changes drafts, refuses them, learns their ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import structlog

import tally
from tally.testing import QueueInTest, memory
from tests.effort import calls_of

pytestmark = pytest.mark.usefixtures("own_middleware")


@tally.job_type("charge")
def charge(payload: dict[str, Any]) -> None:
    """Does nothing."""


@tally.job_type("ship")
def ship(payload: dict[str, Any]) -> None:
    """Does nothing."""


@pytest.fixture
def jobs() -> Iterator[QueueInTest]:
    with memory(job_packages=[__name__]) as queue:
        yield queue


class Noting(tally.Middleware):
    """Notes what it sees."""

    def __init__(self, name: str = "", seen: list[Any] | None = None) -> None:
        self.name = name
        self.seen: list[Any] = [] if seen is None else seen

    @contextmanager
    def around_enqueue(self, drafts: Sequence[tally.Draft]) -> Iterator[None]:
        self.seen.append(f"{self.name}(")
        yield
        self.seen.append(f"{self.name})")


class Labelling(tally.Middleware):
    """Writes a tenant on each job."""

    @contextmanager
    def around_enqueue(self, drafts: Sequence[tally.Draft]) -> Iterator[None]:
        for draft in drafts:
            draft.options.setdefault("tenant", "acme")
            draft.payload = {**draft.payload, "checked": True}
            draft.priority = "high"
        yield


class Refusing(tally.Middleware):
    """Lets nothing through."""

    @contextmanager
    def around_enqueue(self, drafts: Sequence[tally.Draft]) -> Iterator[None]:
        raise tally.InvalidRequest("not on a Sunday")
        yield


class FailingAfterwards(tally.Middleware):
    """Raises when the jobs are accepted."""

    def __init__(self, failure: BaseException) -> None:
        self._failure = failure

    @contextmanager
    def around_enqueue(self, drafts: Sequence[tally.Draft]) -> Iterator[None]:
        yield
        raise self._failure


class Swallowing(tally.Middleware):
    """Lets nobody see what went wrong."""

    @contextmanager
    def around_enqueue(self, drafts: Sequence[tally.Draft]) -> Iterator[None]:
        try:
            yield
        except tally.TallyError:
            return


def test_a_draft_is_enqueued_as_middleware_leaves_it(jobs: QueueInTest) -> None:
    tally.use(Labelling())

    job = jobs.job(tally.QueueService().enqueue_job("charge", {"n": 1}))

    assert (job.labels.tenant, job.queue, job.payload) == (
        "acme",
        "high",
        {"n": 1, "checked": True},
    )


def test_declared_functions_and_many_jobs_pass_through_it_too(jobs: QueueInTest) -> None:
    tally.use(Labelling())

    made = [charge.enqueue({"n": 1}), *charge.enqueue_many([{"n": 2}, {"n": 3}])]

    assert {job.view().labels.tenant for job in made} == {"acme"}


def test_the_first_is_the_outermost_and_one_call_is_one_passage(jobs: QueueInTest) -> None:
    seen: list[Any] = []
    tally.use(Noting("a", seen))
    tally.use(Noting("b", seen))

    tally.QueueService().enqueue_many([{"job_type": "charge"}, {"job_type": "charge"}])

    assert seen == ["a(", "b(", "b)", "a)"]


def test_it_learns_what_became_of_each_draft(jobs: QueueInTest) -> None:
    class Learning(tally.Middleware):
        @contextmanager
        def around_enqueue(self, drafts: Sequence[tally.Draft]) -> Iterator[None]:
            assert [draft.job_id for draft in drafts] == ["", ""]
            yield
            learnt.extend((draft.job_id, draft.created) for draft in drafts)

    learnt: list[tuple[str, bool]] = []
    tally.use(Learning())
    request: Any = {"job_type": "charge", "payload": {}, "job_id": "one"}

    ids = tally.QueueService().enqueue_many([request, request])

    assert ids == ["one", "one"]
    assert learnt == [("one", True), ("one", False)]


def test_one_of_some_types_sees_no_other(jobs: QueueInTest) -> None:
    tally.use(Labelling(), job_types=["ship"])

    charged, shipped = tally.QueueService().enqueue_many(
        [{"job_type": "charge", "payload": {}}, {"job_type": "ship", "payload": {}}]
    )

    assert [jobs.job(each).labels.tenant for each in (charged, shipped)] == ["", "acme"]


def test_a_refusal_reaches_the_caller_and_nothing_is_enqueued(jobs: QueueInTest) -> None:
    tally.use(Noting())
    tally.use(Refusing())

    with pytest.raises(tally.InvalidRequest, match="not on a Sunday") as refused:
        tally.QueueService().enqueue_many([{"job_type": "charge"}, {"job_type": "ship"}])

    assert refused.value.__notes__ == ["raised by the middleware Refusing.around_enqueue"]
    assert jobs.waiting() == []


@pytest.mark.parametrize("failure", [ValueError("too late"), SystemExit(3)], ids=type)
def test_what_is_raised_once_the_jobs_are_accepted_is_logged_and_the_caller_has_the_id(
    jobs: QueueInTest, failure: BaseException
) -> None:
    tally.use(FailingAfterwards(failure))

    with structlog.testing.capture_logs() as lines:
        job_id = tally.QueueService().enqueue_job("charge", {})

    assert jobs.job(job_id).state == "queued"
    [line] = lines
    assert line == {
        "event": "middleware.failed",
        "log_level": "error",
        "middleware": "FailingAfterwards",
        "hook": "around_enqueue",
        "exc_info": True,
    }


def test_no_middleware_swallows_the_callers_error(jobs: QueueInTest) -> None:
    tally.use(Swallowing())

    with pytest.raises(tally.UnknownJobType):
        tally.QueueService().enqueue_job("chrage", {})
    for request in ({"payload": {}}, ("charge", {})):
        with pytest.raises(tally.InvalidOption, match="a mapping with a job_type"):
            tally.QueueService().enqueue_many([request])  # type: ignore[list-item]


def test_the_same_instance_twice_is_one(jobs: QueueInTest) -> None:
    noting = Noting("a")
    tally.use(noting)
    tally.use(noting)

    charge.enqueue({})

    assert noting.seen == ["a(", "a)"]


def test_without_any_a_call_costs_what_it_cost(jobs: QueueInTest) -> None:
    """Also with one that leaves enqueueing alone: it is not asked."""
    service = tally.QueueService()
    service.enqueue_job("charge", {})
    before = calls_of(lambda: service.enqueue_job("charge", {}))

    tally.use(tally.Middleware())

    assert calls_of(lambda: service.enqueue_job("charge", {})) == before


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (object(), "derive its class from tally.Middleware"),
        (tally.Middleware, "derive its class from tally.Middleware"),
    ],
)
def test_what_is_no_middleware_is_refused(wrong: Any, words: str) -> None:
    with pytest.raises(tally.ConfigurationError, match=words):
        tally.use(wrong)


def test_hooks_that_would_never_run_are_refused() -> None:
    class Undecorated(tally.Middleware):
        def around_attempt(self, context: tally.JobContext) -> Any:
            yield

    class Undecorated2(tally.Middleware):
        async def around_async_attempt(self, context: tally.JobContext) -> Any:  # type: ignore[override]
            yield

    class NeverAwaited(tally.Middleware):
        async def on_ended(self, ended: tally.AttemptEnd) -> None:  # type: ignore[override]
            """Nobody awaits it."""

    for wrong, words in [
        (Undecorated(), r"put @contextlib.contextmanager above it"),
        (Undecorated2(), r"put @contextlib.asynccontextmanager above it"),
        (NeverAwaited(), "NeverAwaited.on_ended is an async function"),
    ]:
        with pytest.raises(tally.ConfigurationError, match=words):
            tally.use(wrong)
