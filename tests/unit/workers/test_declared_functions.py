"""A declared function stays its author's, and knows how to enqueue itself."""

from __future__ import annotations

import asyncio
import inspect
import json
import pickle
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, Field

from backend.bootstrap import current
from backend.domain.errors import (
    ConfigurationError,
    InvalidOption,
    InvalidPayload,
    InvalidResult,
    JobCanceled,
    JobFailed,
)
from backend.domain.jobs.attempts.outcome import AttemptError
from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from backend.domain.jobs.job import EnqueueReply, JobView, NewJob
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.job_type import JobTypeCatalogue
from backend.domain.jobs.options.follow_ups import follow_ups_of
from backend.services.jobs.job_intake import IntakeRules, JobIntake
from backend.services.queue_service import QueueService
from tests.unit.runtime.attempts import run
from workers.base_worker import BaseWorker, JobContext, job_type, task
from workers.job_types.finding import declared_in
from workers.job_types.job_handle import Job


class Greeting(BaseModel):
    name: str
    times: int = Field(1, alias="howOften")


@dataclass
class Greeted:
    at: datetime
    ids: set[UUID]


@job_type("greet")
def greet(payload: Greeting, context: JobContext) -> str:
    """Greets."""
    return f"{payload.name} {context.attempt}"


@job_type("see")
def see(payload: Greeting) -> Greeted:
    raise RuntimeError("blind")


@task("charge", lane="money")
def charge(order: UUID, copy: int = 1, *, json: str = "") -> str:
    return f"{order} {copy} {json}"


@task
def add(x: int, y: int = 2) -> int:
    return x + y


class Mailer(BaseWorker):
    lane = "mail"

    @job_type("mail")
    def mail(self, payload: Greeting) -> None: ...


class Shelf:
    """A `JobQueue` that keeps what it is given, and answers with jobs that are put there."""

    def __init__(self) -> None:
        self.jobs: list[NewJob] = []
        self.view: JobView | None = None

    def enqueue(self, jobs: Sequence[NewJob]) -> list[EnqueueReply]:
        self.jobs += jobs
        return [EnqueueReply(job.id, created=True) for job in jobs]

    def find(self, job_id: str) -> JobView | None:
        return self.view

    def wait(self, job_id: str, timeout: float) -> bool:
        return True


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """The queue of this process, without job packages."""
    shelf, ids = Shelf(), iter(range(1000))
    intake = JobIntake(
        JobTypeCatalogue(default_retry=RetryPolicy((7.0,))),
        IntakeRules(),
        new_id=lambda: f"id-{next(ids)}",
        now=lambda: datetime.now(UTC),
    )
    service = QueueService(shelf, intake)
    monkeypatch.setattr(current, "queue", lambda: service)
    return shelf


def _view(state: JobState, **fields: Any) -> JobView:
    return JobView("id-0", "see", "normal", state, {}, fields.pop("attempt", 1), 3, **fields)


def test_it_is_the_function_that_was_written() -> None:
    def handler(payload: Greeting, context: JobContext) -> str: ...

    assert job_type("own")(handler) is handler
    assert pickle.loads(pickle.dumps(greet)) is greet  # noqa: S301 - made in this line
    assert (greet.__name__, greet.__doc__) == ("greet", "Greets.")
    assert inspect.isfunction(greet)
    assert greet(Greeting(name="Ada"), JobContext("a", "greet", 4)) == "Ada 4"
    with pytest.raises(RuntimeError) as raised:
        see(Greeting(name="Ada"))
    frames = traceback.extract_tb(raised.value.__traceback__)
    assert [frame.name for frame in frames][1:] == ["see"]


def test_enqueued_it_needs_no_job_packages(shelf: Shelf) -> None:
    job = greet.enqueue(Greeting(name="Ada"), priority="high", tags=["vip"])

    [new] = shelf.jobs
    assert (job.id, job.created, repr(job)) == ("id-0", True, "Job(id='id-0', created=True)")
    assert (new.job_type, str(new.queue), new.payload) == ("greet", "high", '{"name":"Ada"}')
    assert new.options == {"tags": ["vip"], "retry_delays": [7.0]}


def test_a_payload_by_its_fields_is_stored_as_the_model_is(shelf: Shelf) -> None:
    greet.delay(name="Ada", howOften=2)

    assert shelf.jobs[0].payload == '{"name":"Ada","howOften":2}'


def test_what_does_not_fit_the_model_is_refused_when_it_is_enqueued(shelf: Shelf) -> None:
    with pytest.raises(InvalidPayload, match="'greet': name: Field required"):
        greet.delay(howOften=2)
    with pytest.raises(TypeError, match=r"greet.delay\(\) takes the fields of its payload by name"):
        greet.delay("Ada")  # type: ignore[call-arg]
    assert shelf.jobs == []


def test_options_can_be_held_for_all_that_is_enqueued(shelf: Shelf) -> None:
    low = greet.using(priority="low", tenant="acme")
    low.enqueue_many([Greeting(name="Ada"), Greeting(name="Bob")], tenant="other")
    low.delay(name="Cyd")

    told = [(str(job.queue), job.options["tenant"], job.payload) for job in shelf.jobs]
    assert told == [
        ("low", "other", '{"name":"Ada"}'),
        ("low", "other", '{"name":"Bob"}'),
        ("low", "acme", '{"name":"Cyd"}'),
    ]


def test_one_is_said_to_follow_another_with_a_payload_or_arguments(shelf: Shelf) -> None:
    greet.enqueue(
        Greeting(name="Ada"),
        on_success=greet.with_payload(Greeting(name="Bob", howOften=2)),
        on_failure=add.with_arguments(1, y=2),
    )

    follow_ups = follow_ups_of(shelf.jobs[0].options)
    assert [(each.job_type, each.payload) for each in follow_ups] == [
        ("greet", {"name": "Bob", "howOften": 2}),
        (add.name, {"x": 1, "y": 2}),
    ]


def test_what_follows_has_no_options_of_its_own(shelf: Shelf) -> None:
    with pytest.raises(InvalidOption, match="what follows a job has no options of its own: delay"):
        greet.using(delay=3).with_payload(Greeting(name="Ada"))


def test_an_id_of_one_job_is_not_given_to_several(shelf: Shelf) -> None:
    both = [Greeting(name="Ada"), Greeting(name="Bob")]

    with pytest.raises(InvalidOption, match="job_id belongs to one job"):
        greet.enqueue_many(both, job_id="a")
    with pytest.raises(InvalidOption, match="idempotency_key belongs to one job"):
        greet.using(idempotency_key="k").enqueue_many(both)


def test_a_method_goes_to_the_lane_of_its_worker(shelf: Shelf) -> None:
    Mailer.mail.enqueue(Greeting(name="Ada"))

    assert str(shelf.jobs[0].queue) == "normal:mail"


def test_a_method_that_no_worker_would_find_is_refused(shelf: Shelf) -> None:
    class Hidden:
        @job_type("hidden")
        def mail(self, payload: Greeting) -> None: ...

    with pytest.raises(ConfigurationError, match="is a method, but not of a BaseWorker at the top"):
        Hidden.mail.enqueue(Greeting(name="Ada"))


def test_the_arguments_of_a_call_are_an_object_with_names(shelf: Shelf) -> None:
    order = UUID(int=7)

    charge.delay(order, json="x")
    add.delay(1)

    assert [job.payload for job in shelf.jobs] == [
        f'{{"order":"{order}","json":"x"}}',
        '{"x":1}',
    ]
    assert [job.job_type for job in shelf.jobs] == ["charge", f"{__name__}.add"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (add.delay, "add: missing a required argument: 'x'"),
        (lambda: add.delay(1, z=2), "add: got an unexpected keyword argument 'z'"),
        (lambda: add.delay("one"), "y.add': x: Input should be a valid integer"),
    ],
)
def test_a_call_that_could_not_be_made_is_refused(
    shelf: Shelf, call: Callable[[], Any], said: str
) -> None:
    with pytest.raises(InvalidPayload) as refused:
        call()

    assert said.removeprefix("y.") in str(refused.value)
    assert shelf.jobs == []


def test_a_worker_calls_a_task_with_its_arguments() -> None:
    module = ModuleType(__name__)
    module.charge = charge  # type: ignore[attr-defined]
    [kind] = declared_in(module, RetryPolicy())

    assert (kind.name, kind.lane, kind.takes_arguments) == ("charge", "money", True)
    payload = {"order": str(UUID(int=7)), "json": "x"}
    outcome = run(charge, payload=payload, model=kind.payload, takes_arguments=True)
    assert outcome.result == f'"{UUID(int=7)} 1 x"'


@pytest.mark.parametrize("handler", [lambda *args: None, lambda **kwargs: None, lambda x, /: None])
def test_a_task_whose_arguments_have_no_names_is_refused(handler: Callable[..., Any]) -> None:
    with pytest.raises(ConfigurationError, match="which has no name in a payload"):
        task("unnamed")(handler)


def test_an_option_that_there_is_not_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="no option 'timout', did you mean 'timeout'"):
        job_type("greet", timout=3)  # type: ignore[call-arg]


def test_a_task_of_the_program_that_was_started_needs_a_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def send(x: int) -> None: ...

    send.__module__ = "__main__"
    monkeypatch.setattr("__main__.__spec__", None)

    with pytest.raises(ConfigurationError, match=r'give the task one: @task\("send"\)'):
        task(send)
    assert task("send")(send).name == "send"


def test_the_result_is_what_the_handler_returned(shelf: Shelf) -> None:
    greeted = Greeted(datetime(2026, 6, 1, tzinfo=UTC), {UUID(int=3)})

    def sees() -> Greeted:
        return greeted

    job = see.enqueue(Greeting(name="Ada"))
    shelf.view = _view(JobState.FINISHED, result=json.loads(run(sees).result))

    assert job.result() == greeted


def test_a_result_that_does_not_fit_is_told_without_its_values(shelf: Shelf) -> None:
    job = see.enqueue(Greeting(name="Ada"))
    shelf.view = _view(JobState.FINISHED, result={"at": "secret", "ids": []})

    with pytest.raises(InvalidResult, match="'see' does not fit what its handler returns") as told:
        job.result()

    assert "secret" not in str(told.value)


def test_a_job_that_left_no_result_says_why(shelf: Shelf) -> None:
    job: Job[Greeted] = see.enqueue(Greeting(name="Ada"))
    error = AttemptError("exception", "RuntimeError", "blind", "Traceback …")

    shelf.view = _view(JobState.FAILED, attempt=4, error=error)
    with pytest.raises(JobFailed, match=r"failed after 4 attempts: RuntimeError: blind") as failed:
        job.result()
    assert (failed.value.error, failed.value.reason) == (error, "exception")
    assert failed.value.attempts == 4

    shelf.view = _view(JobState.CANCELED)
    with pytest.raises(JobCanceled, match="was canceled"):
        job.result()


async def _both_in_a_loop() -> tuple[str, Any]:
    job = await greet.aenqueue(Greeting(name="Ada"))
    return job.id, await job.aresult()


def test_enqueueing_and_waiting_leave_the_event_loop_free(shelf: Shelf) -> None:
    shelf.view = _view(JobState.FINISHED, result="Ada 1")

    assert asyncio.run(_both_in_a_loop()) == ("id-0", "Ada 1")
