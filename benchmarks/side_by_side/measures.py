"""What is measured, each once for one entrant; the run repeats them in turn and takes medians."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime

from benchmarks.side_by_side.run_notes import STAMP, NothingRuns, wait_until
from benchmarks.side_by_side.servers import Appended
from benchmarks.side_by_side.stage import Stage
from benchmarks.side_by_side.worker_processes import WorkerProcesses, running

Figures = dict[str, float]
#: So many times the jobs that run at once are run at least: the first and the last of them are no measure.
_FULL_HOUSES = 6
#: Few enough that the append-only file need not be rewritten while they run.
_DRAINED = 30_000


def enqueue(at: Stage) -> Figures:
    """One by one, by a caller that is warm."""
    return _enqueued(at, at.jobs(5000), "enqueue", many=False)


def bulk(at: Stage) -> Figures:
    """As many at once as the queue takes."""
    if "enqueue_many" not in at.driver.can:
        return {}
    return _enqueued(at, at.jobs(50_000), "bulk", many=True)


def _enqueued(at: Stage, jobs: int, name: str, *, many: bool) -> Figures:
    at.clear()
    at.driver.ask("enqueue", kind="noop", jobs=max(20, jobs // 20), many=many)
    before = at.server_us()
    took = at.driver.ask("enqueue", kind="noop", jobs=jobs, many=many)
    figures = {name: jobs / took["seconds"], f"{name}_client_us": took["cpu"] / jobs * 1e6}
    if at.entrant.server:
        figures[f"{name}_server_us"] = (at.server_us() - before) / jobs
    return figures


def drain(at: Stage) -> Figures:
    """A backlog of no-ops that is there before the workers, from its first tenth to its end.

    Tally's async handlers are measured beside its plain ones.
    """
    figures = _drained(at, "drain_1", 1) | _drained(at, "drain_2", 2)
    if not at.entrant.is_tally or not at.driver.ask("has_a_loop"):
        return figures
    looped = _drained(at, "drain_async", 1, "async_noop")
    return {**figures, **looped, "async_of_plain": looped["drain_async"] / figures["drain_1"]}


def _drained(at: Stage, name: str, processes: int, kind: str = "noop") -> Figures:
    at.clear()
    jobs = at.jobs(_DRAINED, least=1000)
    at.fill(kind, jobs)
    with running(at.driver, at.workers(kind, processes)) as workers:
        return paced(at, workers, name, jobs // 10, jobs)


def paced(at: Stage, workers: WorkerProcesses, name: str, first: int, last: int) -> Figures:
    """Runs a second from the ``first`` to the ``last``, and what each took of a processor."""
    at.notes.wait_for(first, workers.all)
    at_first = at.servers.appended(at.entrant.server) if at.entrant.server else None
    server, cpu = at.server_us(), workers.cpu_seconds()
    seen, began = at.notes.count(), time.time()
    at.notes.wait_for(last, workers.all)
    jobs, seconds = at.notes.count() - seen, time.time() - began
    if not jobs:
        raise NothingRuns("all had run before the first look: take more jobs")
    figures = {name: jobs / seconds}
    figures[f"{name}_worker_us"] = (workers.cpu_seconds() - cpu) / jobs * 1e6
    if at_first is not None:
        figures[f"{name}_server_us"] = (at.server_us() - server) / jobs
        figures[f"{name}_file_bytes"] = _written(at_first, at) / jobs
    return figures


def _written(at_first: Appended, at: Stage) -> int:
    now = at.servers.appended(at.entrant.server)
    if now.rewrites != at_first.rewrites:
        raise NothingRuns("Redis rewrote its append-only file meanwhile: take fewer jobs")
    return now.size - at_first.size


def pickup(at: Stage) -> Figures:
    """From before the call that enqueues to the handler's first line, by a worker that is idle."""
    at.clear()
    with running(at.driver, at.workers("stamp", 1)):
        _warm(at)
        sent = at.driver.ask("pace", jobs=at.jobs(1000, least=100))
    began = at.notes.stamps()
    return _percentiles("pickup", [(began[n] - when) * 1000 for n, when in enumerate(sent)])


def lateness(at: Stage) -> Figures:
    """Delayed jobs, due at random moments on a server that does nothing else; early is as bad as late."""
    if "enqueue_at" not in at.driver.can:
        return {}
    at.clear()
    dice = random.Random(7)  # noqa: S311 - the same each time
    delays = [2 + dice.random() * 8 * max(at.scale, 0.5) for _ in range(at.jobs(300, least=100))]
    with running(at.driver, at.workers("stamp", 1)):
        _warm(at)
        at.notes.empty()
        due = at.driver.ask("delayed", delays=delays)
        at.notes.wait_for(len(due) * STAMP.size)
    began = at.notes.stamps()
    return _percentiles("lateness", [abs(began[n] - when) * 1000 for n, when in enumerate(due)])


def _warm(at: Stage) -> None:
    """Until jobs run here: some at once, and one that was delayed, where the queue can."""
    at.driver.ask("pace", jobs=20)
    if "enqueue_at" in at.driver.can:
        size = at.notes.count()
        at.driver.ask("delayed", delays=[0.2])
        at.notes.wait_for(size + STAMP.size)
    at.notes.empty()


def _percentiles(name: str, values: list[float]) -> Figures:
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {f"{name}_p50": cuts[49], f"{name}_p99": cuts[98]}


def waits(at: Stage) -> Figures:
    """Jobs that wait 50 ms as for an answer over the network, in one process; after the first third.

    Tally can do it in threads and in an event loop; others in one way, which is their best.
    """
    figures = _waited(at, "wait", "waits")
    if not at.entrant.is_tally:
        return {**figures, "waits_best": figures["waits"]}
    if not at.driver.ask("has_a_loop"):
        return figures
    return {**figures, **_waited(at, "async_wait", "waits_best")}


def _waited(at: Stage, kind: str, name: str) -> Figures:
    at.clear()
    at_once = at.driver.at_once[kind]
    jobs = max(_FULL_HOUSES * at_once, min(60 * at_once, at.jobs(24_000)))
    at.fill(kind, jobs)
    with running(at.driver, at.workers(kind, 1)) as workers:
        return paced(at, workers, name, jobs // 3, jobs)


def memory(at: Stage) -> Figures:
    """Bytes of a job that waits; resident memory of processes that are idle, after they have worked."""
    figures = _waiting_bytes(at)
    at.clear()
    with running(at.driver, at.workers("noop", 1)) as workers:
        at.fill("noop", 200)
        at.notes.wait_for(200, workers.all)
        sizes = workers.resident_megabytes()
    figures["memory_all"] = sum(sizes)
    if at.entrant.is_tally and len(sizes) > 1:
        figures |= {"memory_first": sizes[0], "memory_worker": max(sizes[1:])}
    return figures


def _waiting_bytes(at: Stage) -> Figures:
    server, jobs = at.entrant.server, at.jobs(20_000, least=2000)
    if not server:
        return {}

    def bytes_of(fill: Callable[[], object]) -> float:
        at.clear()
        # What is made once, by the first job of a kind, is not of each.
        at.fill("noop", 100)
        before = at.servers.used_memory(server)
        fill()
        return (at.servers.used_memory(server) - before) / jobs

    figures = {"waiting_bytes": bytes_of(lambda: at.fill("noop", jobs))}
    if at.entrant.is_tally and at.driver.ask("has_lean_jobs"):
        lean = bytes_of(lambda: at.driver.ask("enqueue_lean", jobs=jobs))
        figures["waiting_bytes_lean"] = lean
    return figures


def promotion(at: Stage) -> Figures:
    """Jobs that are all due when the scheduler starts: how fast it moves them to their queue."""
    at.clear()
    jobs = at.jobs(60_000)
    due = time.time() + jobs / 8000 + 2
    at.driver.ask("enqueue_due", jobs=jobs, due=datetime.fromtimestamp(due, UTC).isoformat())
    wait_until(lambda: time.time() > due)
    scheduler = at.workers("stamp", 1)[1:]
    with running(at.driver, scheduler):
        wait_until(lambda: _waiting(at) >= jobs // 20)
        first, began = _waiting(at), time.time()
        wait_until(lambda: _waiting(at) >= jobs)
        return {"promotion": (jobs - first) / (time.time() - began)}


def _waiting(at: Stage) -> int:
    return int(at.driver.ask("waiting"))


def recorded(at: Stage) -> Figures:
    """The drain of one process while a recorder writes all of it to Postgres."""
    at.clear()
    jobs = at.jobs(_DRAINED)
    at.fill("noop", jobs)
    with (
        running(at.driver, at.driver.ask("record_keepers")),
        running(at.driver, at.workers("noop", 1)) as workers,
    ):
        return paced(at, workers, "recorded", jobs // 10, jobs)


#: What others can be asked for, and what only Tally can.
FOR_ALL: dict[str, Callable[[Stage], Figures]] = {
    "enqueue": enqueue,
    "bulk": bulk,
    "drain": drain,
    "pickup": pickup,
    "lateness": lateness,
    "waits": waits,
    "memory": memory,
}
FOR_TALLY: dict[str, Callable[[Stage], Figures]] = {"recorded": recorded, "promotion": promotion}
