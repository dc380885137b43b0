"""The life of a worker's client: it may take its time to open, and is closed, within bounds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

import psutil
import pytest

from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster
from tests.integration.runtime.conftest import QUICK_BEATS, SHORT_LEASES

Make = Callable[..., Cluster]


def _made(make_cluster: Make, **settings: str) -> Cluster:
    cluster = make_cluster(**{**QUICK_BEATS, **settings})
    cluster.environment["TALLY_TEST_NOTES"] = str(cluster.folder / "notes")
    return cluster


def _notes(cluster: Cluster, pid: int) -> list[str]:
    """What the worker of one process noted, in order."""
    file = cluster.folder / "notes"
    pairs = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
    return [what for what, noted_by in pairs if int(noted_by) == pid]


def _events(cluster: Cluster, name: str) -> list[dict[str, object]]:
    lines = (cluster.folder / "log").read_text().splitlines()
    told = [json.loads(line) for line in lines if line.startswith("{")]
    return [line for line in told if line["event"] == name]


def test_a_worker_that_opens_for_longer_than_a_lease_starts(make_cluster: Make) -> None:
    cluster = _made(make_cluster, **SHORT_LEASES, TALLY_TEST_OPEN="10")
    cluster.workers("attended")

    job = cluster.ended(cluster.enqueue("swell", {"megabytes": 0}))

    assert _notes(cluster, job.result) == ["opening", "opened"]
    assert "worker.died" not in cluster.log()
    [started] = eventually(lambda: _events(cluster, "worker.started"), show=cluster.log)
    assert started["open_seconds"] >= 10  # type: ignore[operator]


def test_one_that_opens_for_ever_is_killed_with_growing_pauses(make_cluster: Make) -> None:
    cluster = _made(make_cluster, TALLY_TEST_OPEN="3600", TALLY_WORKER__OPEN_TIMEOUT="0.5")
    cluster.start("worker", "attended")

    eventually(lambda: len(_events(cluster, "worker.died")) >= 3, timeout=40, show=cluster.log)

    died = _events(cluster, "worker.died")[:3]
    assert {line["cause"] for line in died} == {
        "killed: open() of its workers took longer than worker.open_timeout"
    }
    assert [line["pause_seconds"] for line in died] == [0.2, 0.4, 0.8]


@pytest.mark.parametrize("end", ["stopped", "recycled"])
def test_what_was_opened_is_closed_and_exit_handlers_run(end: str, make_cluster: Make) -> None:
    cluster = _made(make_cluster, TALLY_WORKER__RECYCLE_JOBS="1" if end == "recycled" else "0")
    supervisor = cluster.workers("attended")
    pid = cluster.pids()[0]
    (cluster.folder / "go").touch()
    until = str(cluster.folder / "go")

    assert cluster.ended(cluster.enqueue("attended_hold", {"until": until})).result == pid
    if end == "stopped":
        supervisor.terminate()
    eventually(lambda: not psutil.pid_exists(pid), timeout=20, show=cluster.log)

    assert _notes(cluster, pid) == ["opening", "opened", "closing", "closed", "exit"]
    cluster.says("buffered: a job has held")
    ended = eventually(lambda: _events(cluster, "worker.ended"), show=cluster.log)
    assert ended[0]["returncode"] == 0


def test_a_client_that_never_closes_holds_nobody_up_for_ever(make_cluster: Make) -> None:
    cluster = _made(make_cluster, TALLY_TEST_CLOSE="3600", TALLY_WORKER__GRACE="0")
    supervisor = cluster.workers("attended")
    pid = cluster.pids()[0]

    supervisor.terminate()

    assert supervisor.wait(60) == 0
    assert _notes(cluster, pid) == ["opening", "opened", "closing", "exit"], cluster.log()
    assert [line["error"] for line in _events(cluster, "worker.not_closed")] == [
        "close() took longer than 5 s"
    ]
    assert Counter(line["returncode"] for line in _events(cluster, "worker.ended")) == {0: 1}


def test_a_process_that_its_supervisor_saw_die_is_off_the_list_at_once(make_cluster: Make) -> None:
    """Leases are long here, so that nothing else takes it off."""
    cluster = make_cluster(TALLY_WORKER__LEASE="600")
    cluster.workers()
    [dead] = cluster.platform.inspection.workers()

    psutil.Process(dead.pid).kill()

    eventually(
        lambda: dead.name not in [w.name for w in cluster.platform.inspection.workers()],
        timeout=10,
        show=cluster.log,
    )
