"""Webhooks and mails through the whole stack: Redis, one worker process, a receiver on loopback.

    python -m benchmarks.workers [--only webhooks|mails] [--jobs 2000]

The worker is up and warm before the clock starts; it stops when the last job is finished. The receiver of
webhooks answers after 50 ms, so that jobs / slots x 50 ms is what nobody can beat.
"""

from __future__ import annotations

import argparse
import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.rows import Row, show
from benchmarks.sinks import hooks, listening, mails
from benchmarks.stand import Stand, stand, wait_until

_WARM = 100
_WAIT = 0.05
#: Seconds between looks at the books: seldom enough to cost the worker nothing.
_LOOK = 0.01
_SECRET = "whsec_" + base64.b64encode(b"benchmark" * 4).decode()


def webhooks(at: Stand, jobs: int) -> Iterator[Row]:
    """With the slots that a worker process has by default, and with many."""
    with listening(hooks) as port:
        at.environment |= {
            "TALLY_WEBHOOK__ALLOW_HTTP": "true",
            "TALLY_WEBHOOK__PORTS": f"[{port}]",
            "TALLY_WEBHOOK__ALLOWED_NETWORKS": '["127.0.0.0/8"]',
            "TALLY_WEBHOOK__SECRETS": json.dumps({"default": [_SECRET]}),
        }
        payload = {"url": f"http://127.0.0.1:{port}/hook", "body": {"event": "order.paid", "n": 1}}
        for slots in (at.platform.slots_of("webhook"), 50):
            with _worker(at, "webhook", slots):
                seconds = _seconds(at, "send_webhook", payload, jobs, "normal:webhook")
            ideal = jobs * _WAIT / slots
            figure = f"{seconds:.2f} s, ideal {ideal:.2f} s, ratio {seconds / ideal:.2f}"
            yield f"{jobs:,} webhooks of 50 ms, {slots} slots", figure, "at most 1.5 of the ideal"


def mail(at: Stand, jobs: int) -> Iterator[Row]:
    """With the slots that a worker process has by default."""
    with listening(mails) as port:
        at.environment |= {
            "TALLY_SMTP__HOST": "127.0.0.1",
            "TALLY_SMTP__PORT": str(port),
            "TALLY_SMTP__SECURITY": "none",
        }
        payload = {"to": "ada@example.com", "subject": "Your order", "text": "It is on its way."}
        slots = at.platform.slots_of("email")
        with _worker(at, "email", slots):
            seconds = _seconds(at, "send_email", payload, jobs, "high:email")
        yield f"{jobs:,} mails, {slots} slots", f"{jobs / seconds:,.0f} mails/s", "for the record"


@contextmanager
def _worker(at: Stand, lane: str, slots: int) -> Iterator[None]:
    at.clear()
    with at.running("workers", f"--lane={lane}", f"--concurrency={slots}"):
        at.workers_ready(1)
        yield


def _seconds(at: Stand, job_type: str, payload: Any, jobs: int, queue: str) -> float:
    """From the first enqueue to the end of the last job, the worker being warm."""
    service = at.platform.queue_service
    request = {"job_type": job_type, "payload": payload}
    service.enqueue_many([request] * _WARM)
    _wait_for(at, queue, _WARM)
    began = time.perf_counter()
    service.enqueue_many([request] * jobs)
    _wait_for(at, queue, _WARM + jobs)
    return time.perf_counter() - began


def _wait_for(at: Stand, queue: str, finished: int) -> None:
    wait_until(lambda: at.count("finished", queue) >= finished, patience=120, pause=_LOOK)


def main() -> None:
    """Prints each row as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("webhooks", "mails"))
    parser.add_argument("--jobs", type=int, default=2000)
    asked = parser.parse_args()
    with stand() as at:
        for name, measure in (("webhooks", webhooks), ("mails", mail)):
            for row in measure(at, asked.jobs) if asked.only in {None, name} else ():
                show(row)


if __name__ == "__main__":
    main()
