"""What type checkers say of calls over HTTP: each mistake is found, or its comment is refused.

Nothing here is run.
"""

from __future__ import annotations

from typing import Any, TypedDict, assert_type

from pydantic import BaseModel

from tally.client import ClientJob, TallyClient


class Greeting(BaseModel):
    name: str


class Order(TypedDict):
    item: str


class Receipt(BaseModel):
    number: int


def right(client: TallyClient) -> None:
    """Everything that callers may say."""
    greet = client.job_type("greet", Greeting, result=str)
    assert_type(greet.enqueue(Greeting(name="Ada"), priority="high"), ClientJob[str])
    assert_type(greet.enqueue_many([Greeting(name="Ada")], delay=5)[0].result(), str)
    order = client.job_type("order", Order, result=Receipt.model_validate)
    assert_type(order.enqueue({"item": "tea"}, tags=["vip"]).result(timeout=1), Receipt)
    assert_type(client.job_type("order", Order).enqueue({"item": "tea"}), ClientJob[Any])


def wrong(client: TallyClient) -> None:
    """What they may not."""
    greet = client.job_type("greet", Greeting, result=str)
    greet.enqueue({"name": "Ada"})  # type: ignore[arg-type]
    greet.enqueue(Greeting(name="Ada"), priority="urgent")  # type: ignore[arg-type]
    greet.enqueue(Greeting(name="Ada"), dealy=5)  # type: ignore[call-arg]
    greet.enqueue(Greeting(name="Ada"), session=None)  # type: ignore[call-arg]
    order = client.job_type("order", Order)
    order.enqueue({"itme": "tea"})  # type: ignore[typeddict-item]
