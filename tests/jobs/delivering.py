"""A job type that tells another program something, and whose destinations are watched."""

from __future__ import annotations

import urllib3
from pydantic import BaseModel

from backend.domain.jobs.options.breaker import Breaker
from workers.base_worker import job_type

#: One that rests for a moment, for tests that wait until it tries again.
BREAKER = Breaker(by="url", failures=5, rest=0.5, longest_rest=2)


class Delivery(BaseModel):
    """What is sent, and where to."""

    url: str
    number: int


@job_type("push", breaker=BREAKER, retry_delays=(0.5,), max_retries=9)
def push(delivery: Delivery) -> int:
    """Sends its number."""
    sent = {"number": delivery.number}
    return urllib3.request("POST", delivery.url, json=sent, retries=False, timeout=10).status
