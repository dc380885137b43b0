"""A process that is recycled finishes what it runs, however long, while another takes its place."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil

from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind
from backend.domain.jobs.job_state import JobState
from backend.domain.ports import Rescued
from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster
from tests.integration.runtime.conftest import QUICK_BEATS

Make = Callable[..., Cluster]
_TAKEN_AWAY = AttemptError("reset", "Reset", "reset by ada: hangs")


def _made(make_cluster: Make, **settings: str) -> Cluster:
    """With a grace period that is over at once, to show that recycling has none."""
    return make_cluster(**QUICK_BEATS, TALLY_WORKER__GRACE="0", **settings)


def _held(cluster: Cluster, *, kind: str = "hold", gate: str = "go") -> str:
    job_id = cluster.enqueue(kind, {"until": str(cluster.folder / gate)})
    cluster.running(job_id)
    return job_id


def _in_another_process(cluster: Cluster, old: int) -> int:
    """The process of a job that does not run in the old one."""

    def tried() -> int:
        pid: int = cluster.ended(cluster.enqueue("note")).result["pid"]
        return pid if pid != old else 0

    return eventually(tried, timeout=20, show=cluster.log)


def test_what_runs_is_finished_after_so_many_jobs_beside_the_replacement(
    make_cluster: Make,
) -> None:
    cluster = _made(make_cluster, TALLY_WORKER__RECYCLE_JOBS="3")
    cluster.workers()
    old = cluster.pids()[0]
    held = _held(cluster)

    _in_another_process(cluster, old)
    assert psutil.pid_exists(old)
    (cluster.folder / "go").touch()

    job = cluster.ended(held)
    assert (job.state, job.attempt) == (JobState.FINISHED, 1)
    assert cluster.lines().count(held) == 1
    eventually(lambda: old not in cluster.pids(), show=cluster.log)
    cluster.says('"reason": "jobs"')


def test_a_process_works_on_beyond_its_jobs_while_enough_others_finish_their_last(
    make_cluster: Make,
) -> None:
    """Else there was one more for each long job."""
    cluster = _made(make_cluster, TALLY_WORKER__RECYCLE_JOBS="3")
    cluster.workers()
    first = cluster.pids()[0]
    jobs = [_held(cluster)]
    second = _in_another_process(cluster, first)
    jobs.append(_held(cluster, gate="go on"))

    looked_at = {pid for _ in range(4) for pid in _for_a_look(cluster, "note")}

    assert looked_at == {second}
    (cluster.folder / "go").touch()
    _in_another_process(cluster, second)
    (cluster.folder / "go on").touch()
    ended = [cluster.ended(job_id) for job_id in jobs]
    assert [(job.state, job.attempt) for job in ended] == [(JobState.FINISHED, 1)] * 2


def test_a_process_that_grew_beyond_its_limit_hurts_no_job(make_cluster: Make) -> None:
    cluster = _made(make_cluster, TALLY_WORKER__MEMORY_LIMIT_MB="200")
    cluster.workers("attended")
    jobs = [_held(cluster, kind="attended_hold") for _ in range(3)]

    grown = cluster.ended(cluster.enqueue("swell", {"megabytes": 150})).result
    eventually(lambda: '"reason": "memory"' in cluster.log(), show=cluster.log)

    assert cluster.ended(cluster.enqueue("swell", {"megabytes": 0})).result != grown
    assert psutil.pid_exists(grown)
    (cluster.folder / "go").touch()
    ended = [cluster.ended(job_id) for job_id in jobs]
    assert [(job.result, job.attempt) for job in ended] == [(grown, 1)] * 3
    eventually(lambda: not psutil.pid_exists(grown), timeout=20, show=cluster.log)
    assert "killed" not in cluster.log()


def test_a_process_that_is_too_large_before_its_first_job_says_so_and_works(
    make_cluster: Make,
) -> None:
    cluster = _made(make_cluster, TALLY_WORKER__MEMORY_LIMIT_MB="200")
    (cluster.folder / "bulky.py").write_text("held = bytearray(b'x') * (200 * 1024 * 1024)\n")
    cluster.environment["PYTHONPATH"] = str(cluster.folder)
    cluster.environment["TALLY_JOB_PACKAGES"] += ",bulky"
    cluster.workers("attended")

    looked_at = {pid for _ in range(4) for pid in _for_a_look(cluster, "swell")}

    assert len(looked_at) == 1, cluster.log()
    assert cluster.log().count('"worker.too_large"') == 1
    # Above what it may grow by, and below what it is killed for, twice the limit.
    cluster.enqueue("swell", {"megabytes": 100})
    eventually(lambda: '"reason": "memory"' in cluster.log(), show=cluster.log)


def _for_a_look(cluster: Cluster, kind: str) -> set[int]:
    """The processes of jobs for as long as one lets pass until it looks at itself again."""
    seen, until = set(), time.monotonic() + 0.5
    while time.monotonic() < until:
        result = cluster.ended(cluster.enqueue(kind, {"megabytes": 0})).result
        seen.add(result["pid"] if kind == "note" else result)
    return seen


def test_a_process_that_holds_far_too_much_is_killed_and_its_last_job_runs_alone(
    make_cluster: Make,
) -> None:
    """Others may have left what filled it: the last one is not charged, and alone it shows its own."""
    cluster = _made(
        make_cluster, TALLY_WORKER__MEMORY_LIMIT_MB="150", TALLY_WORKER__MEMORY_KILL_MB="250"
    )
    cluster.workers("attended")
    job_id = _held(cluster, kind="attended_hold")

    cluster.enqueue("swell", {"megabytes": 300}, max_retries=0)
    eventually(lambda: cluster.lines().count(job_id) == 2, timeout=30, show=cluster.log)
    (cluster.folder / "go").touch()

    job = cluster.ended(job_id)
    assert (job.state, job.failures) == (JobState.FINISHED, 0), cluster.log()
    cluster.says("killed: it held more memory than worker.memory_kill_mb")


def test_a_worker_that_is_told_to_end_by_its_name_finishes_what_it_runs(make_cluster: Make) -> None:
    cluster = _made(make_cluster)
    cluster.workers()
    old, name = cluster.pids()[0], cluster.platform.inspection.workers()[0].name
    held = _held(cluster)

    eventually(lambda: cluster.platform.worker_service.stop(name), show=cluster.log)

    _in_another_process(cluster, old)
    (cluster.folder / "go").touch()
    job = cluster.ended(held)
    assert (job.state, job.attempt, job.worker) == (JobState.FINISHED, 1, name)
    cluster.says('"reason": "asked"')


def test_a_leaving_process_still_obeys_its_jobs_hard_limit(make_cluster: Make) -> None:
    cluster = _made(make_cluster)
    cluster.workers()
    name = cluster.platform.inspection.workers()[0].name
    job_id = cluster.enqueue("stubborn", timeout=8)
    eventually(lambda: cluster.job(job_id).state is JobState.STARTED)

    eventually(lambda: cluster.platform.worker_service.stop(name), show=cluster.log)

    job = cluster.ended(job_id)
    assert job.error is not None
    assert (job.state, job.error.reason, job.error.message) == (
        JobState.FAILED,
        "timeout",
        "killed: a job ran beyond its hard time limit",
    )


def test_a_hung_job_that_was_taken_away_costs_its_neighbours_nothing(make_cluster: Make) -> None:
    """Its process is replaced, and stays for them, not for the hung one, whose time limit is over too."""
    cluster = _made(make_cluster)
    cluster.workers()
    old = cluster.pids()[0]
    hung = cluster.enqueue("sleep_through", timeout=15)
    cluster.running(hung)
    held = _held(cluster)

    book, outcome = cluster.platform.lease_book, Outcome(OutcomeKind.FAILED, error=_TAKEN_AWAY)
    leases = [x for x in book.of_worker(cluster.job(hung).worker) if x.job_id == hung]
    assert book.rescue([Rescued(lease, outcome) for lease in leases], only_expired=False) == [True]

    _in_another_process(cluster, old)
    (cluster.folder / "go").touch()
    job = cluster.ended(held)
    assert (job.state, job.attempt) == (JobState.FINISHED, 1)
    eventually(lambda: not psutil.pid_exists(old), timeout=20, show=cluster.log)
    assert cluster.log().count('"lease.lost"') == 1
