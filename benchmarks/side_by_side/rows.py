"""The rows of the table: what each figure is, whether more is better, and what it should come to."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """``goal`` is of the best of the others where ``of_best``, else a figure of its own."""

    title: str
    unit: str
    higher_is_better: bool = True
    goal: float | None = None
    of_best: bool = True

    def better(self, one: float, other: float) -> float:
        """How many times ``one`` is as good as ``other``: above 1 it is better."""
        return one / other if self.higher_is_better else other / one

    def holds(self, figure: float, best: float | None) -> bool | None:
        """Whether the goal is met; None without one, or without others to compare."""
        if self.goal is None or (self.of_best and best is None):
            return None
        bound = self.goal * best if self.of_best and best is not None else self.goal
        return figure >= bound if self.higher_is_better else figure <= bound


def _least(title: str, unit: str, goal: float | None = None, *, of_best: bool = False) -> Row:
    return Row(title, unit, higher_is_better=False, goal=goal, of_best=of_best)


#: In the order of the table. A figure that ends in ``_us`` is time of a processor for one job.
ROWS = {
    "enqueue": Row("enqueue one by one", "jobs/s", goal=1.2),
    "enqueue_client_us": _least("enqueue one by one: the caller's processor time", "µs a job"),
    "enqueue_server_us": _least("enqueue one by one: Redis' processor time", "µs a job"),
    "bulk": Row("enqueue in bulk", "jobs/s", goal=1.1),
    "bulk_server_us": _least("enqueue in bulk: Redis' processor time", "µs a job"),
    "drain_1": Row("drain, one process", "jobs/s", goal=1.4),
    "drain_1_worker_us": _least("drain, one process: the workers' processor time", "µs a job"),
    "drain_1_server_us": _least("drain, one process: Redis' processor time", "µs a job"),
    "drain_1_file_bytes": _least(
        "drain, one process: written to the append-only file", "bytes a job"
    ),
    "drain_2": Row("drain, two processes", "jobs/s", goal=1.25),
    "drain_2_server_us": _least("drain, two processes: Redis' processor time", "µs a job"),
    "drain_async": Row("drain, one process, async handlers", "jobs/s"),
    "drain_async_worker_us": _least(
        "drain, one process, async handlers: the workers' processor time", "µs a job"
    ),
    "async_of_plain": Row("drain, async handlers against plain ones", "", goal=0.67, of_best=False),
    "recorded": Row(
        "drain while a recorder writes to Postgres", "jobs/s", goal=5000, of_best=False
    ),
    "pickup_p50": _least("pickup by an idle worker, p50", "ms", 0.6, of_best=True),
    "pickup_p99": _least("pickup by an idle worker, p99", "ms", 0.75, of_best=True),
    "lateness_p50": _least("lateness of delayed jobs, p50", "ms"),
    "lateness_p99": _least("lateness of delayed jobs, p99", "ms", 3.0),
    "waits": Row("waits of 50 ms, one process", "jobs/s", goal=6500, of_best=False),
    "waits_best": Row(
        "waits of 50 ms, one process; Tally's async handlers, others as they do it best",
        "jobs/s",
        goal=1.2,
    ),
    "promotion": Row("promotion of jobs that are all due", "jobs/s", goal=10_000, of_best=False),
    "waiting_bytes": _least("a waiting job in Redis", "bytes", 800),
    "waiting_bytes_lean": _least("a waiting job in Redis, redis.lean_jobs on", "bytes", 800),
    "memory_first": _least("idle supervisor, resident", "MB", 20),
    "memory_worker": _least("idle worker process, resident", "MB", 32),
    "memory_all": _least("all idle processes of one worker, resident", "MB"),
    "shallow": Row("drain, small backlog", "jobs/s"),
    "deep": Row("drain, large backlog", "jobs/s"),
    "deep_of_shallow": Row(
        "drain, large backlog against a small one", "", goal=0.95, of_best=False
    ),
    "shallow_server_us": _least("drain, small backlog: Redis' processor time", "µs a job"),
    "deep_server_us": _least("drain, large backlog: Redis' processor time", "µs a job"),
}
