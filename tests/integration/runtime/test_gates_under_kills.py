"""Gates while worker processes are killed all the time: no window has more starts than the rate, never more
run than the limit, no place is lost. Counted by the events, which the claiming step itself writes.

Short here; ``TALLY_TEST_GATE_SECONDS=60`` makes it the drill, with its rate kept for a minute.
"""

from __future__ import annotations

import contextlib
import os
import signal
from bisect import bisect_left
from collections.abc import Iterator

from backend.domain.access.actor import Actor
from backend.domain.jobs.job_event import STATE_AFTER, EventKind, JobEvent, version_of
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.rate import Rate
from backend.drills.background import repeated
from tests.integration.broker.told import events_of
from tests.integration.runtime.cluster import Cluster

ADA = Actor("ada")
SECONDS = int(os.environ.get("TALLY_TEST_GATE_SECONDS", "0"))
#: Jobs are charged for kills, and processes take long to start on a busy machine.
MOST_KILLS = 200 if SECONDS else 12
#: Two at once: 99 a second, so that what kills cost shows.
RATE, LIMIT = Rate(100, 1.0, 2), 3


@contextlib.contextmanager
def _killing(cluster: Cluster, every: float) -> Iterator[list[int]]:
    """One worker process after another; those that were."""
    killed: list[int] = []

    def kill() -> None:
        pids = cluster.pids()
        if len(pids) > 2 and len(killed) < MOST_KILLS:
            pid = pids[len(killed) % len(pids)]
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

    with repeated(kill, pause_seconds=every):
        yield killed


def _events(cluster: Cluster) -> list[JobEvent]:
    return events_of(cluster.platform.redis, cluster.platform.keys)


def _starts_ms(events: list[JobEvent]) -> list[int]:
    """By the clock of Redis, which decided on each."""
    return sorted(version_of(e.id) >> 20 for e in events if e.kind == EventKind.STARTED)


def test_no_second_has_more_starts_than_the_rate_though_workers_are_killed(
    cluster: Cluster,
) -> None:
    cluster.platform.job_control.rate("note", RATE, by=ADA)
    for _ in range(4):
        cluster.workers(processes=1, concurrency=8)
    cluster.start("scheduler")
    jobs = [cluster.enqueue("note", max_retries=20) for _ in range(100 * (SECONDS or 3))]

    with _killing(cluster, every=2) as killed:
        ended = [cluster.ended(job_id, 300) for job_id in jobs]

    starts = _starts_ms(_events(cluster))
    windows = [bisect_left(starts, at + 1000) - place for place, at in enumerate(starts)]
    assert max(windows) <= RATE.limit
    assert {job.state.value for job in ended} == {"finished"}
    assert killed
    assert cluster.platform.inspection.gate("rate:note") == ([], 0)
    assert cluster.difference() == 0
    if SECONDS:
        # Of a few seconds the first ones, in which all begins, are too much.
        assert len(starts) / ((starts[-1] - starts[0]) / 1000) >= 90


def test_never_more_run_than_the_limit_and_no_place_is_lost_though_workers_are_killed(
    cluster: Cluster,
) -> None:
    cluster.platform.job_control.limit("nap", LIMIT, by=ADA)
    for _ in range(4):
        cluster.workers(processes=1, concurrency=4)
    cluster.start("scheduler")
    jobs = [
        cluster.enqueue("nap", {"seconds": 0.2}, max_retries=50) for _ in range(10 * (SECONDS or 3))
    ]

    with _killing(cluster, every=0.5) as killed:
        ended = [cluster.ended(job_id, 300) for job_id in jobs]

    running: set[str] = set()
    for event in _events(cluster):
        state = STATE_AFTER.get(EventKind(event.kind))
        if state is JobState.STARTED:
            running.add(event.job_id)
        elif state is not None:
            running.discard(event.job_id)
        assert len(running) <= LIMIT
    assert killed
    assert {job.state.value for job in ended} == {"finished"}
    assert cluster.platform.inspection.gate("type:nap") == ([], 0)
    assert cluster.difference() == 0
