"""Middleware of the settings under real supervisors, worker processes and children."""

from __future__ import annotations

import json
from collections.abc import Callable

import psutil

from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster
from tests.integration.runtime.conftest import QUICK_BEATS

Make = Callable[..., Cluster]


def _made(make_cluster: Make, *names: str) -> Cluster:
    paths = ",".join(f"tests.jobs.witness:{name}" for name in names)
    cluster = make_cluster(**QUICK_BEATS, TALLY_MIDDLEWARE=paths)
    cluster.environment["TALLY_TEST_WITNESS"] = str(cluster.folder / "seen")
    return cluster


def _seen(cluster: Cluster) -> list[tuple[int, str]]:
    file = cluster.folder / "seen"
    lines = file.read_text().splitlines() if file.exists() else []
    return [(int(pid), what) for pid, _, what in (line.partition(" ") for line in lines)]


def test_a_job_and_its_process_are_seen_from_their_beginning_to_their_end(
    make_cluster: Make,
) -> None:
    cluster = _made(make_cluster, "Witness")
    supervisor = cluster.workers()
    pid = cluster.pids()[0]

    cluster.ended(cluster.enqueue("note"))
    eventually(lambda: (pid, "ended note 1 finished") in _seen(cluster), show=cluster.log)
    supervisor.terminate()
    eventually(lambda: not psutil.pid_exists(pid), timeout=20, show=cluster.log)

    assert _seen(cluster) == [
        (pid, "begins worker"),
        (pid, "runs note 1"),
        (pid, "ran note 1"),
        (pid, "ended note 1 finished"),
        (pid, "ends worker"),
    ]


def test_around_an_isolated_job_it_stands_in_the_child_and_observes_in_the_parent(
    make_cluster: Make,
) -> None:
    cluster = _made(make_cluster, "Witness")
    supervisor = cluster.workers()
    parent = cluster.pids()[0]

    child = cluster.ended(cluster.enqueue("isolated_note")).result["pid"]
    eventually(lambda: (parent, "ended isolated_note 1 finished") in _seen(cluster))
    supervisor.terminate()
    eventually(lambda: not psutil.pid_exists(parent), timeout=20, show=cluster.log)

    seen = _seen(cluster)
    assert [what for pid, what in seen if pid == child] == [
        "begins child",
        "runs isolated_note 1",
        "ran isolated_note 1",
        "ends child",
    ]
    assert [what for pid, what in seen if pid == parent] == [
        "begins worker",
        "ended isolated_note 1 finished",
        "ends worker",
    ]


def test_around_an_async_job_it_stands_on_the_loop_and_observes_the_settled_end(
    make_cluster: Make,
) -> None:
    cluster = _made(make_cluster, "Witness")
    cluster.workers()
    [pid] = cluster.pids()

    cluster.ended(cluster.enqueue("async_note"))

    seen = eventually(
        lambda: _seen(cluster) if len(_seen(cluster)) == 4 else None, show=cluster.log
    )
    assert seen == [
        (pid, "begins worker"),
        (pid, "runs async_note 1"),
        (pid, "ran async_note 1"),
        (pid, "ended async_note 1 finished"),
    ]


def test_a_process_that_middleware_does_not_let_begin_says_whose_word_it_was(
    make_cluster: Make,
) -> None:
    cluster = _made(make_cluster, "Unlucky")
    cluster.start("worker", "default", "--processes=1", "--concurrency=1")

    eventually(lambda: "worker.not_started" in cluster.log(), timeout=30, show=cluster.log)
    (cluster.folder / "go").touch()
    job = cluster.ended(cluster.enqueue("note"))

    assert job.state == "finished"
    [first, *_] = [
        json.loads(line)
        for line in (cluster.folder / "log").read_text().splitlines()
        if line.startswith("{") and "worker.not_started" in line
    ]
    assert "LookupError: no licence" in first["exception"]
    assert "raised by the middleware Unlucky.around_process" in first["exception"]


def test_a_worker_does_not_start_with_middleware_for_a_type_that_it_does_not_know(
    make_cluster: Make,
) -> None:
    packages = "tests.jobs,examples,tests.integration.runtime.misspelt"
    cluster = make_cluster(**QUICK_BEATS, TALLY_JOB_PACKAGES=packages)
    cluster.start("worker", "default", "--processes=1", "--concurrency=1")

    eventually(lambda: "worker.not_started" in cluster.log(), timeout=30, show=cluster.log)

    assert "Licence is for the job type 'noet'" in cluster.log()
    assert "did you mean 'note'?" in cluster.log()


def test_what_commands_enqueue_passes_through_it(make_cluster: Make) -> None:
    cluster = _made(make_cluster, "Witness")

    enqueued = cluster.start("jobs", "enqueue", "note", "{}")

    assert enqueued.wait(60) == 0, cluster.log()
    assert [what for _, what in _seen(cluster)] == ["enqueues note"]


def test_middleware_that_cannot_be_made_is_named(make_cluster: Make) -> None:
    cluster = _made(make_cluster, "Witnes")

    ended = cluster.start("jobs", "enqueue", "note", "{}")

    assert ended.wait(60) != 0
    assert "middleware 'tests.jobs.witness:Witnes' cannot be made: AttributeError" in cluster.log()


def test_the_end_of_an_attempt_whose_process_was_killed_is_told_by_another_once(
    make_cluster: Make,
) -> None:
    cluster = _made(make_cluster, "Witness")
    cluster.workers(processes=2)
    dying = cluster.enqueue("nap", {"seconds": 60}, max_retries=0)
    cluster.running(dying)
    [killed] = [pid for pid, what in _seen(cluster) if what == "runs nap 1"]

    psutil.Process(killed).kill()

    def told() -> list[int]:
        return [pid for pid, what in _seen(cluster) if what == "ended nap 1 failed"]

    assert cluster.ended(dying).error.reason == "poison"
    eventually(told, timeout=20, show=cluster.log)
    # Whoever comes later finds nothing to tell.
    later = cluster.enqueue("note")
    eventually(lambda: "ended note 1 finished" in str(_seen(cluster)), show=cluster.log)
    assert (cluster.ended(later).state, len(told())) == ("finished", 1)
    assert killed not in told()


def test_each_dead_job_is_in_sentry_once_whoever_ended_it(make_cluster: Make) -> None:
    cluster = _made(make_cluster)
    cluster.environment["TALLY_MIDDLEWARE"] = "tests.integration.runtime.reported:reports"
    cluster.start("scheduler")
    cluster.workers(processes=2)

    dead = []
    # The second dies alone in its own process the second time, the third takes its worker along.
    for job_type, retries in (("fail", 2), ("segfault", 1), ("segfault", 0)):
        dead.append(cluster.enqueue(job_type, max_retries=retries))
        assert cluster.ended(dead[-1]).attempt == retries + 1
        # A process that is killed takes along what it has not reported yet.
        eventually(lambda: len(_seen(cluster)) >= len(dead), timeout=20, show=cluster.log)
    assert cluster.ended(cluster.enqueue("note")).state == "finished"
    reasons = ("exception", "poison", "poison")
    expected = [f"{job_id} {reason}" for job_id, reason in zip(dead, reasons, strict=True)]
    assert [what for _, what in _seen(cluster)] == expected
