"""A supervisor tells whether its lanes work, and takes the records of the dead away."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from tests.eventually import eventually
from tests.free_port import free_port
from tests.integration.runtime.cluster import Cluster
from tests.unit.telemetry.scrape import fetch

_BRITTLE = """
from workers.base_worker import BaseWorker, job_type

class Brittle(BaseWorker):
    lane = "brittle"

    def open(self):
        raise RuntimeError("the key is missing")

    @job_type("crumble")
    def crumble(self, payload, context): ...
"""


def _readiness(port: int) -> tuple[int, str]:
    try:
        return fetch(port, "/readyz")
    except OSError:
        return 0, ""


def test_a_lane_whose_processes_keep_ending_is_not_ready_though_the_supervisor_lives(
    make_cluster: Callable[..., Cluster],
) -> None:
    port = free_port()
    cluster = make_cluster(
        TALLY_METRICS__WORKER_PORT=str(port), TALLY_JOB_PACKAGES="tests.jobs,examples,brittle"
    )
    (cluster.folder / "brittle.py").write_text(_BRITTLE)
    cluster.environment["PYTHONPATH"] = str(cluster.folder)
    cluster.start("worker", "default", "brittle", "--processes=1")

    status, text = eventually(
        lambda: found if "keep ending" in (found := _readiness(port))[1] else None,
        timeout=60,
        show=cluster.log,
    )

    reasons = text.splitlines()
    assert (status, reasons[0]) == (503, "not ready")
    assert [line for line in reasons if line.startswith("lane brittle: its processes keep ending")]
    eventually(lambda: "lane default" not in _readiness(port)[1], timeout=60)
    assert fetch(port, "/livez") == (200, "ok\n")


def test_the_record_of_a_worker_process_that_died_goes_with_it(
    make_cluster: Callable[..., Cluster],
) -> None:
    """Not after a lease: until then it would be counted as alive, with its slots."""
    cluster = make_cluster()
    cluster.workers()
    (dead,) = cluster.platform.inspection.workers()

    os.kill(dead.pid, signal.SIGKILL)
    cluster.ended(cluster.enqueue("note"))

    eventually(
        lambda: dead.name not in [each.name for each in cluster.platform.inspection.workers()],
        timeout=30,
        show=cluster.log,
    )
