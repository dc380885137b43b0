"""The engine's figures: enqueueing, draining, latency, lateness, memory.

``./benchmarks/run.sh`` prints the table; ``--quick`` takes a tenth of the jobs.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psutil
from rq import Queue, SimpleWorker

from benchmarks.jobs import rq_noop
from benchmarks.rows import Row, percentiles, show
from benchmarks.stand import Stand, stand, wait_until


def one_by_one(at: Stand, jobs: int) -> Row:
    """enqueue_job, again and again."""
    at.clear()
    service = at.platform.queue_service
    rates = []
    for _ in range(3):
        began = time.perf_counter()
        for number in range(jobs):
            service.enqueue_job("noop", {"n": number})
        rates.append(jobs / (time.perf_counter() - began))
    return "enqueue one by one", f"{statistics.median(rates):,.0f} jobs/s", "at least 5,000"


def in_bulk(at: Stand, jobs: int) -> Row:
    """enqueue_many."""
    requests = [{"job_type": "noop", "payload": {"n": number}} for number in range(jobs)]
    rates = []
    for _ in range(3):
        at.clear()
        began = time.perf_counter()
        at.platform.queue_service.enqueue_many(requests)
        rates.append(jobs / (time.perf_counter() - began))
    return "enqueue in bulk", f"{statistics.median(rates):,.0f} jobs/s", "at least 20,000"


def drain(at: Stand, jobs: int, processes: int, *, slots: int = 1, recorder: bool = False) -> float:
    """Jobs a second from the first tenth to the last job; the backlog is there before the workers."""
    at.clear()
    at.fill(jobs)
    worker = ("workers", "--lane=default", f"--concurrency={slots}")
    if recorder:
        with at.running("backend.cli.main", "recorder"):
            return _drained(at, jobs, worker, processes)
    return _drained(at, jobs, worker, processes)


def _drained(at: Stand, jobs: int, worker: tuple[str, ...], processes: int) -> float:
    with at.running(*worker, count=processes):
        wait_until(lambda: at.count("finished") >= jobs // 10)
        first, began = at.count("finished"), time.perf_counter()
        wait_until(lambda: at.count("finished") >= jobs)
        return (at.count("finished") - first) / (time.perf_counter() - began)


def drains(at: Stand, jobs: int) -> list[Row]:
    """No-op jobs, history events on."""
    rows = []
    for title, processes, recorder, slots, promise in (
        ("drain, one process", 1, False, 1, "at least 9,000"),
        ("drain, two processes", 2, False, 1, "at least 11,500"),
        ("drain, one process of 10 slots", 1, False, 10, ""),
        ("drain, recorder writing to Postgres", 1, True, 1, "at least 5,000"),
    ):
        rates = [drain(at, jobs, processes, slots=slots, recorder=recorder) for _ in range(3)]
        rows.append((title, f"{statistics.median(rates):,.0f} jobs/s", promise))
    return rows


def backlog(at: Stand, deep: int) -> list[Row]:
    """The same drain in front of a small and of a very large backlog: 20,000 jobs are timed."""
    at.clear()
    shallow = statistics.median(drain(at, 20_000, 1) for _ in range(3))
    at.clear()
    at.fill(deep)
    memory = at.platform.redis.info("memory")["used_memory"]
    with at.running("workers", "--lane=default", "--concurrency=1"):
        wait_until(lambda: at.count("finished") >= 2_000)
        first, began = at.count("finished"), time.perf_counter()
        wait_until(lambda: at.count("finished") >= first + 40_000)
        rate = (at.count("finished") - first) / (time.perf_counter() - began)
    return [
        (
            f"drain in front of {deep:,} jobs",
            f"{rate:,.0f} jobs/s, {rate / shallow:.2f} of 20,000",
            "at least 0.90",
        ),
        ("memory of a queued job in Redis", f"{memory / deep:,.0f} bytes, its event included", ""),
    ]


def pickup(at: Stand, jobs: int) -> Row:
    """From enqueue_job to the handler's first line, on an idle worker."""
    at.clear()
    with at.running("workers", "--lane=default", "--concurrency=1"):
        at.workers_ready(1)
        time.sleep(1)
        waits = []
        for _ in range(jobs):
            sent = time.time()
            job_id = at.platform.queue_service.enqueue_job("stamp", {})
            waits.append((at.platform.queue_service.wait(job_id, 10).result - sent) * 1000)
            time.sleep(0.002)
    return "enqueue to start on an idle worker", percentiles(waits, "ms"), "p99 at most 2 ms"


def lateness(at: Stand, jobs: int) -> Row:
    """Jobs due at random moments: from their time to the handler's first line."""
    import random

    at.clear()
    service, dice = at.platform.queue_service, random.Random(7)  # noqa: S311 - repeatable
    with (
        at.running("backend.cli.main", "scheduler"),
        at.running("workers", "--lane=default", "--concurrency=4"),
    ):
        at.workers_ready(1)
        due = {}
        for _ in range(jobs):
            when = time.time() + 1 + dice.random() * 5
            due[service.enqueue_job("stamp", {}, run_at=datetime.fromtimestamp(when, UTC))] = when
        late = [(service.wait(job_id, 20).result - when) * 1000 for job_id, when in due.items()]
    return f"lateness of {jobs} delayed jobs", percentiles(late, "ms"), "p99 at most 50 ms"


def promotion(at: Stand, jobs: int) -> Row:
    """Many jobs that are all due when the scheduler starts: how fast it moves them to their queue."""
    at.clear()
    due = datetime.now(UTC) + timedelta(seconds=jobs / 8000 + 2)
    at.fill(jobs, run_at=due)
    wait_until(lambda: datetime.now(UTC) > due)
    with at.running("backend.cli.main", "scheduler"):
        wait_until(lambda: at.waiting() >= jobs // 100)
        first, began = at.waiting(), time.perf_counter()
        wait_until(lambda: at.waiting() >= jobs)
        rate = (jobs - first) / (time.perf_counter() - began)
    return f"promotion of {jobs:,} due jobs", f"{rate:,.0f} jobs/s", "at least 10,000"


def waiting_jobs(at: Stand) -> Row:
    """2,000 jobs of 50 ms that wait on something, on one process with 100 slots: ideal 1.0 s."""
    at.clear()
    took = []
    with at.running("workers", "--lane=default", "--concurrency=100"):
        at.workers_ready(1)
        at.fill(100, "wait_50ms")
        wait_until(lambda: at.count("finished") >= 100)
        for round_number in range(1, 4):
            began = time.perf_counter()
            at.fill(2000, "wait_50ms")
            done = 100 + 2000 * round_number
            wait_until(lambda done=done: at.count("finished") >= done)
            took.append(time.perf_counter() - began)
    return "2,000 jobs of 50 ms on 100 slots", f"{statistics.median(took):.2f} s", "at most 1.25 s"


def process_memory(at: Stand) -> Row:
    """Resident memory of an idle worker process."""
    at.clear()
    with at.running("workers", "--lane=default", "--concurrency=10") as processes:
        at.workers_ready(1)
        rss = psutil.Process(processes[0].pid).memory_info().rss
    return "memory of a worker process", f"{rss / 2**20:.0f} MB", ""


def beside_rq(at: Stand, jobs: int) -> list[Row]:
    """RQ's own queue and its fastest worker (no fork, no isolation), for the ratio."""
    at.clear()
    queue = Queue("rq-bench", connection=at.platform.redis)
    began = time.perf_counter()
    for _ in range(jobs):
        queue.enqueue(rq_noop)
    enqueued = jobs / (time.perf_counter() - began)
    began = time.perf_counter()
    SimpleWorker([queue], connection=at.platform.redis).work(burst=True, logging_level="ERROR")
    drained = jobs / (time.perf_counter() - began)
    return [
        ("RQ: enqueue one by one", f"{enqueued:,.0f} jobs/s", "for comparison"),
        ("RQ: drain, SimpleWorker", f"{drained:,.0f} jobs/s", "for comparison"),
    ]


def main() -> None:
    """Prints each row as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the jobs")
    parser.add_argument("--only", help="only measurements whose name holds this word")
    asked = parser.parse_args()
    scale = 10 if asked.quick else 1
    with stand() as at:
        measurements: dict[str, Callable[[], Row | list[Row]]] = {
            "enqueue": lambda: [one_by_one(at, 5000 // scale), in_bulk(at, 50_000 // scale)],
            "drain": lambda: drains(at, 60_000 // scale),
            "pickup": lambda: pickup(at, 1000 // scale),
            "lateness": lambda: lateness(at, 300 // scale),
            "promotion": lambda: promotion(at, 1_000_000 // scale),
            "waiting": lambda: waiting_jobs(at),
            "memory": lambda: process_memory(at),
            "backlog": lambda: backlog(at, 1_000_000 // scale),
            "rq": lambda: beside_rq(at, 2000 // scale),
        }
        for name, measure in measurements.items():
            if not asked.only or asked.only in name:
                show(measure())


if __name__ == "__main__":
    main()
