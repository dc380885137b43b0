"""Job types of a small shop, as an application declares them."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel

from tally import (
    BaseWorker,
    JobContext,
    PermanentFailure,
    QueueService,
    RetryLater,
    Snooze,
    job_type,
)

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


@job_type("close_order")
def close_order(order: dict[str, Any]) -> None:
    """Enqueues a receipt."""
    queue.enqueue_job("send_receipt", {"order_id": order["order_id"]})


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
