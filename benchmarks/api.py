"""The HTTP API beside the engine: requests a second, latency at half of that, jobs in bulk.

    python -m benchmarks.api [--requests 2000]

The server is ``tally api`` as in production: its default threads, access log on, history in Postgres for
the audit log; only the rate limits are off. The load comes from two processes with 16 connections in all.
Latency is counted from the moment at which a request was to be sent, whether it could be or not.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

from backend.quickstart.free_port import free_port
from benchmarks.load import Load, put
from benchmarks.rows import Row, percentiles, show
from benchmarks.stand import Stand, stand, wait_until

_KEY = "benchmark-bootstrap-key"
_JOB = {"job_type": "noop", "payload": {"n": 1}}
_IN_BULK = 100
_WARM = 300
_ROUNDS = 3


def redis_alone(at: Stand, jobs: int) -> float:
    """Jobs a second of enqueue_job from one process: what HTTP is to be compared with."""
    began = time.perf_counter()
    for _ in range(jobs):
        at.platform.queue_service.enqueue_job("noop", {"n": 1})
    return jobs / (time.perf_counter() - began)


def single(at: Stand, requests: int, processes: int) -> Iterator[Row]:
    """One job a request: as many as it can, then half as many."""
    name = f"POST /api/jobs, {processes} web process{'es' * (processes > 1)}"
    with _api(at, processes) as port:
        load = Load(port, _post("/api/jobs", _JOB), requests)
        put(load._replace(requests=_WARM))
        # By turns, so that what else the machine does falls on both.
        rounds = [(put(load).per_second, redis_alone(at, requests)) for _ in range(_ROUNDS)]
        most = statistics.median(rate for rate, _ in rounds)
        ratio = statistics.median(rate / alone for rate, alone in rounds)
        yield name, f"{most:,.0f} requests/s, {ratio:.2f} of enqueue_job", ""
        half = put(load._replace(rate=most / 2)).milliseconds
        yield f"- latency at {most / 2:,.0f} a second", percentiles(half, "ms"), "p99 under 50 ms"
        alone = statistics.median(alone for _, alone in rounds)
        yield "- enqueue_job in between", f"{alone:,.0f} jobs/s", "for comparison"


def bulk(at: Stand, requests: int) -> Row:
    """A hundred jobs a request."""
    with _api(at, 1) as port:
        body = {"jobs": [_JOB] * _IN_BULK}
        load = Load(port, _post("/api/jobs/bulk", body), requests, connections=2)
        put(load._replace(requests=10))
        rate = put(load).per_second * _IN_BULK
    return f"POST /api/jobs/bulk, {_IN_BULK} jobs each", f"{rate:,.0f} jobs/s", ""


@contextmanager
def _api(at: Stand, processes: int) -> Iterator[int]:
    at.clear()
    port = free_port(0)
    at.environment |= {
        "TALLY_API__PORT": str(port),
        "TALLY_API__PROCESSES": str(processes),
        "TALLY_API__BOOTSTRAP_KEY": _KEY,
        "TALLY_API__RATES__KEY_PER_SECOND": "0",
        "TALLY_API__RATES__ADDRESS_PER_SECOND": "0",
        "TALLY_LOG__LEVEL": "INFO",
    }
    # The lines of the access log are written, but nobody wants to read them here.
    with open(os.devnull, "wb") as log, at.running("backend.cli.main", "api", output=log):  # noqa: PTH123
        wait_until(lambda: _is_ready(port), patience=30, pause=0.1)
        yield port


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _post(path: str, body: object) -> bytes:
    """A request as it goes over the wire, made once."""
    text = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {_KEY}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
    )
    return head.encode() + text


def main() -> None:
    """Prints each row as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    requests = parser.parse_args().requests
    with stand() as at:
        for processes in (1, 2):
            for row in single(at, requests, processes):
                show(row)
        show(bulk(at, max(20, requests // 10)))


if __name__ == "__main__":
    main()
