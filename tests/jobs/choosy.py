"""Job types with rules about what is tried again: each as a thread runs it, and as a child does."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tally import Exponential, Failure, Retry, RetryLater, TimeLimitReached, job_type


class CardDeclined(Exception):
    """Trying again does not help."""


class NetError(Exception):
    """It may."""


async def _raise(error: BaseException) -> None:
    raise error


async def _in_a_group(*errors: BaseException) -> None:
    async with asyncio.TaskGroup() as tasks:
        for error in errors:
            tasks.create_task(_raise(error))


def _judged(failure: Failure) -> bool | float | None:
    words = str(failure.exception)
    if words == "raise":
        raise LookupError("the rule itself is broken")
    return {"never": False, "soon": 0.05, "nonsense": "often"}.get(words)  # type: ignore[return-value]


RULES = Retry(
    1, Exponential(0.01, jitter=0), give_up_on=(CardDeclined, TimeLimitReached), when=_judged
)


def _fail(payload: dict[str, Any]) -> None:
    match payload["how"]:
        case "card":
            raise CardDeclined("refused")
        case "card in a group":
            asyncio.run(_in_a_group(NetError("away"), CardDeclined("refused")))
        case "later in a group":
            asyncio.run(_in_a_group(RetryLater("busy", delay=0.02)))
        case "too long":
            while True:
                time.sleep(0.01)
        case words:
            raise NetError(words)


@job_type("choosy", retry=RULES, timeout=600)
def choosy(payload: dict[str, Any]) -> None:
    """Fails as it is told, in a thread."""
    _fail(payload)


@job_type("choosy_alone", retry=RULES, timeout=600, isolation="process")
def choosy_alone(payload: dict[str, Any]) -> None:
    """Fails as it is told, in a child."""
    _fail(payload)
