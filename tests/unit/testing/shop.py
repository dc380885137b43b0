"""Job types of a small shop, as an application declares them."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, Field

from tally import (
    BaseWorker,
    JobContext,
    JobEnded,
    PermanentFailure,
    QueueService,
    Rate,
    RetryLater,
    Snooze,
    current_job,
    job_type,
    task,
)

logger = logging.getLogger("shop")
#: Made when the module is imported, as applications do.
queue = QueueService()


class Receipt(BaseModel):
    """What a receipt is made of."""

    order_id: int
    #: A field that is called like an option.
    tags: list[str] = []


@job_type("send_receipt", priority="high", max_retries=2, retry_delays=[60.0])
def send_receipt(receipt: Receipt, context: JobContext) -> dict[str, Any]:
    """Fails for order 13."""
    context.log.info("sending", order=receipt.order_id)
    context.progress(1, 2, "half")
    context.progress(2, 2)
    if receipt.order_id == 13:
        raise ValueError("bad luck")
    return {"sent": receipt.order_id, "attempt": context.attempt, "tenant": context.tenant}


@job_type("call_courier", rate=Rate(2, per=60, burst=2))
def call_courier(order: dict[str, Any]) -> None:
    """Calls a service that bears no more; says so by the logging of an application."""
    logger.info("calling for order %s", order["order_id"])
    logger.debug("with the usual headers")


class Color(Enum):
    """Of a parcel."""

    RED = "red"


class Parcel(BaseModel):
    """What JSON has no values for."""

    due: datetime
    price: Decimal = Decimal("1.50")
    owner: UUID | None = None
    color: Color = Color.RED
    sizes: tuple[int, ...] = ()
    number: int = Field(0, alias="parcelNumber")
    receipt: Receipt | None = None


@job_type("send_parcel")
def send_parcel(parcel: Parcel) -> None:
    """Sends it."""


@job_type("close_order")
def close_order(order: dict[str, Any]) -> None:
    """Enqueues a receipt."""
    queue.enqueue_job("send_receipt", {"order_id": order["order_id"]})


@job_type("tell_support")
def tell_support(ended: JobEnded) -> str:
    """Asks what came of the job that it is told of."""
    job = queue.get_job(ended.job_id)
    return f"{ended.state}: {job.error.message if job.error else job.result}"


@task("mail_report")
def mail_report(to: str) -> str:
    """Says what it follows."""
    context = current_job()
    told = context.follows if context else None
    return f"{to}: {told.job_type} {told.state}" if told else f"{to}: nothing"


@job_type("ship", on_success=tell_support, on_failure="tell_support", max_retries=0)
def ship(order: dict[str, Any]) -> str:
    """Fails for order 13."""
    if order["order_id"] == 13:
        raise ValueError("bad luck")
    return "on its way"


@job_type("again")
def again(_: dict[str, Any]) -> None:
    """Enqueues itself."""
    queue.enqueue_job("again")


@job_type("signal")
def signal(payload: dict[str, Any]) -> None:
    """Ends as its payload says."""
    raise {
        "later": RetryLater("not yet", delay=30.0),
        "never": PermanentFailure("no such order"),
        "snooze": Snooze(30.0),
    }[payload["how"]]


@job_type("odd")
def odd(_: dict[str, Any]) -> object:
    """Returns what is no JSON."""
    return object()


@job_type("pages")
def pages(_: dict[str, Any], context: JobContext) -> Any:
    """Goes on where the attempt before it stopped."""
    done = context.checkpoint() or 0
    context.save_checkpoint(done + 1)
    return {"from": done, "canceled": context.canceled}


@job_type("wait_for")
def wait_for(payload: dict[str, Any]) -> Any:
    """Waits for another job."""
    return queue.wait(payload["job_id"]).result


@job_type("ask_price", max_retries=1, retry_delays=[60.0])
async def ask_price(order: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """Asks two suppliers at once, and orders a receipt; order 13 fails."""
    known = await asyncio.gather(*map(_price_of, ("left", "right")))
    context.log.info("asked", order=order["order_id"])
    context.progress(2, 2)
    if order["order_id"] == 13:
        raise ValueError("bad luck")
    job = await send_receipt.aenqueue(Receipt(order_id=order["order_id"]))
    return {"prices": known, "job": job.id, "same": current_job() is context}


async def _price_of(side: str) -> int:
    return await asyncio.to_thread(len, side)


@job_type("ask_again")
async def ask_again(order: dict[str, Any]) -> None:
    """Enqueues another without awaiting it, as older code does."""
    ask_price.enqueue(order)


@task
async def wait_a_turn() -> int:
    """Leaves a task behind that would go on for ever."""
    left = asyncio.get_running_loop().create_task(_say_when_ended())
    SAID.append(left.get_name())
    await asyncio.to_thread(left.get_name)
    return len(asyncio.all_tasks())


async def _say_when_ended() -> None:
    try:
        await asyncio.Event().wait()
    finally:
        SAID.append("ended")


SAID: list[str] = []


class Prices(BaseWorker):
    """A worker with something to open and close in the loop."""

    events: ClassVar[list[str]] = []

    async def aopen(self) -> None:
        """Notes the loop."""
        self.loop = asyncio.get_running_loop()
        self.events.append("aopen")

    async def aclose(self) -> None:
        """Notes whether it is the same."""
        self.events.append(f"aclose {self.loop is asyncio.get_running_loop()}")

    def close(self) -> None:
        """Notes it."""
        self.events.append("close")

    @job_type("look_up")
    async def look_up(self, _: dict[str, Any]) -> bool:
        """Whether it runs in the loop in which it was opened."""
        return self.loop is asyncio.get_running_loop()


class Printer(BaseWorker):
    """A worker with something to open and close."""

    events: ClassVar[list[str]] = []

    def open(self) -> None:
        """Notes it."""
        self.events.append("open")

    def close(self) -> None:
        """Notes it."""
        self.events.append("close")

    @job_type("print_label", isolation="process")
    def print_label(self, label: dict[str, Any]) -> str:
        """Prints."""
        self.events.append(label["text"])
        return label["text"]
