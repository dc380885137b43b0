"""What type checkers say of declared functions: each mistake is found, or its comment is refused.

Nothing here is run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, TypedDict, assert_type

from pydantic import BaseModel

from tally import (
    BaseWorker,
    FollowUpRequest,
    Job,
    JobContext,
    current_job,
    job_type,
    lifespan,
    task,
)


class Greeting(BaseModel):
    name: str


class Line(TypedDict):
    sku: str


@dataclass
class Greeted:
    text: str


@job_type("greet", timeout=10, secret_fields=("name",))
def greet(payload: Greeting, context: JobContext) -> dict[str, str]:
    return {"said": f"{payload.name} {context.attempt}"}


@job_type("wave")
def wave(payload: Greeting) -> Greeted:
    return Greeted(payload.name)


@job_type("count", lane="numbers", priority="low", isolation="process")
def count(payload: dict[str, Any]) -> None:
    """Takes whatever there is."""


@job_type("pack")
def pack(payload: Line, context: JobContext) -> int:
    return len(payload["sku"]) + context.attempt


@job_type("tick")
def tick() -> int:
    return 1


class Mailer(BaseWorker):
    @job_type("mail")
    def mail(self, payload: Greeting, context: JobContext) -> int:
        return context.attempt

    @job_type("note")
    def note(self, payload: Greeting) -> str:
        return payload.name


@task
def add(x: int, y: int = 2) -> int:
    return x + y


@task("shop.charge", timeout=5)
def charge(order: int, *, currency: str) -> str:
    return f"{order} {currency}"


@job_type("fetch", timeout=10)
async def fetch(payload: Greeting, context: JobContext) -> Greeted:
    return Greeted(f"{payload.name} {context.attempt}")


@job_type("ping")
async def ping(payload: Greeting) -> int:
    return len(payload.name)


@job_type("beat")
async def beat() -> int:
    return 1


class Fetcher(BaseWorker):
    @job_type("get")
    async def get(self, payload: Greeting, context: JobContext) -> int:
        return context.attempt

    @job_type("put")
    async def put(self, payload: Greeting) -> str:
        return payload.name


@task
async def multiply(x: int, y: int = 2) -> int:
    return x * y


@lifespan
async def greetings() -> AsyncIterator[Greeted]:
    yield Greeted("hello")


@task("shop.refund", timeout=5)
async def refund(order: int, *, currency: str) -> str:
    return f"{order} {currency}"


def right(mailer: Mailer, context: JobContext) -> None:
    ada = Greeting(name="Ada")
    assert_type(
        greet.enqueue(ada, priority="high", tags=["vip"], session=None), Job[dict[str, str]]
    )
    assert_type(greet.enqueue(ada).result(), dict[str, str])
    assert_type(greet(ada, context), dict[str, str])
    assert_type(greet.delay(name="Ada"), Job[dict[str, str]])
    wave.enqueue(ada, on_success=greet.with_payload(ada), on_failure=add.with_arguments(1, y=2))
    assert_type(greet.with_payload(ada), FollowUpRequest)
    assert_type(greet.using(priority="low").enqueue(ada, delay=3), Job[dict[str, str]])
    assert_type([job.id for job in greet.enqueue_many([ada, ada], tenant="acme")], list[str])
    assert_type(wave.enqueue(ada).result(timeout=5), Greeted)
    count.enqueue({"a": 1})
    assert_type(pack.enqueue({"sku": "x"}), Job[int])
    assert_type(tick.enqueue(delay=60), Job[int])
    assert_type(Mailer.mail.enqueue(ada), Job[int])
    assert_type(Mailer.note.enqueue(ada), Job[str])
    assert_type(mailer.mail(ada, context), int)
    assert_type(add.delay(1, y=3), Job[int])
    assert_type(add(1), int)
    assert_type(add.using(priority="low", delay=3).delay(1), Job[int])
    assert_type(charge.delay(7, currency="eur"), Job[str])
    assert_type(greet.__name__, str)
    if (job := current_job()) is not None:
        job.progress(1, 2, "half")


async def right_in_a_loop() -> None:
    job = await greet.aenqueue(Greeting(name="Ada"), priority="normal")
    assert_type(await job.aresult(timeout=5), dict[str, str])
    assert_type(await charge.adelay(7, currency="eur"), Job[str])


async def right_of_async_handlers(fetcher: Fetcher, context: JobContext) -> None:
    ada = Greeting(name="Ada")
    assert_type(fetch.enqueue(ada, priority="high"), Job[Greeted])
    assert_type(await fetch(ada, context), Greeted)
    assert_type(await (await fetch.aenqueue(ada)).aresult(), Greeted)
    assert_type(await ping(ada), int)
    assert_type(ping.using(priority="low").enqueue(ada), Job[int])
    assert_type(beat.enqueue(), Job[int])
    assert_type(await beat(), int)
    assert_type(Fetcher.get.enqueue(ada), Job[int])
    assert_type(Fetcher.put.enqueue(ada), Job[str])
    assert_type(await fetcher.get(ada, context), int)
    assert_type(await multiply.adelay(1, y=3), Job[int])
    assert_type(await multiply(1), int)
    assert_type(await greetings(), Greeted)
    assert_type(refund.delay(7, currency="eur"), Job[str])
    assert_type(await refund(7, currency="eur"), str)


def wrong(context: JobContext) -> None:
    ada = Greeting(name="Ada")
    greet.enqueue({"name": "Ada"})  # type: ignore[arg-type]
    greet.enqueue(ada, priority="hi")  # type: ignore[arg-type]
    greet.enqueue(ada, prioritty="low")  # type: ignore[call-arg]
    add.delay("1")  # type: ignore[arg-type]
    add.delay(1, z=2)  # type: ignore[call-arg]
    add.using(delay="soon")  # type: ignore[arg-type]
    greet.with_payload({"name": "Ada"})  # type: ignore[arg-type]
    add.with_arguments("one")  # type: ignore[arg-type]
    charge.delay(1)  # type: ignore[call-arg]
    pack.enqueue({"sku": 3})  # type: ignore[typeddict-item]
    Mailer.mail.enqueue(3)  # type: ignore[arg-type]
    fetch.enqueue({"name": "Ada"})  # type: ignore[arg-type]
    multiply.delay("1")  # type: ignore[arg-type]
    refund.delay(1)  # type: ignore[call-arg]
    str.upper(greetings())  # type: ignore[arg-type]
    str.upper(fetch(ada, context))  # type: ignore[arg-type]


@job_type("late", timout=5)  # type: ignore[call-arg]
def late(payload: Greeting) -> None:
    """A misspelt option of a job type."""
