"""Redis answers and refuses, while jobs run: callers are told, nothing ends, nothing is lost or charged."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError

from tests.eventually import eventually
from tests.integration.outages.whole_deployment import Answer, WholeDeployment

#: Seconds that a refusal lasts: longer than every pause between two tries.
_LASTS = 3.0
_PROCESSES = ("worker", "scheduler", "recorder", "api")


@pytest.fixture(scope="module")
def running(whole: WholeDeployment) -> WholeDeployment:
    """All of it, at work."""
    whole.start()
    whole.be_ready()
    return whole


@pytest.fixture
def admin(running: WholeDeployment) -> Iterator[Redis]:
    with Redis.from_url(running.servers.redis_url) as client:
        yield client


@contextmanager
def without_replicas(admin: Redis) -> Iterator[None]:
    admin.config_set("min-replicas-to-write", 1)
    try:
        yield
    finally:
        admin.config_set("min-replicas-to-write", 0)


@contextmanager
def as_a_replica(admin: Redis) -> Iterator[None]:
    admin.replicaof("127.0.0.1", "1")
    try:
        yield
    finally:
        admin.replicaof("NO", "ONE")


@contextmanager
def busy(admin: Redis) -> Iterator[None]:
    """A script of somebody else that does not end."""
    admin.config_set("busy-reply-threshold", 100)

    def spin() -> None:
        with suppress(RedisError):
            admin.eval("while true do end", 0)

    thread = threading.Thread(target=spin)
    thread.start()
    eventually(lambda: _says(admin, "BUSY"), timeout=10)
    try:
        yield
    finally:
        admin.script_kill()
        thread.join()


def _says(admin: Redis, word: str) -> bool:
    try:
        admin.ping()
    except RedisError as error:
        return word in str(error)
    return False


@contextmanager
def unable_to_save(admin: Redis) -> Iterator[None]:
    """Its snapshot cannot be put in its place: a folder is there."""
    where: Any = admin.config_get("d*")
    at = Path(where["dir"]) / where["dbfilename"]
    at.unlink(missing_ok=True)
    (at / "in the way").mkdir(parents=True)
    admin.config_set("save", "3600 1")
    admin.bgsave()
    eventually(lambda: admin.info("persistence")["rdb_last_bgsave_status"] == "err", timeout=20)
    try:
        yield
    finally:
        (at / "in the way").rmdir()
        at.rmdir()
        admin.bgsave()
    eventually(lambda: admin.info("persistence")["rdb_last_bgsave_status"] == "ok", timeout=20)
    admin.config_set("save", "")


def _stream(deployment: WholeDeployment, over: threading.Event, into: list[Answer]) -> None:
    while not over.is_set():
        into.append(deployment.enqueue())
        over.wait(0.02)


@contextmanager
def load(deployment: WholeDeployment) -> Iterator[list[Answer]]:
    """Callers who go on asking."""
    over, answers = threading.Event(), list[Answer]()
    threads = [threading.Thread(target=_stream, args=(deployment, over, answers)) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        over.set()
        for thread in threads:
            thread.join()


HARMS: dict[str, Callable[[Redis], AbstractContextManager[None]]] = {
    "NOREPLICAS": without_replicas,
    "READONLY": as_a_replica,
    "BUSY": busy,
    "MISCONF": unable_to_save,
}


@pytest.mark.parametrize("word", HARMS)
def test_all_wait_and_go_on_and_no_job_is_lost_or_charged(
    running: WholeDeployment, admin: Redis, word: str
) -> None:
    cluster, gate = running.cluster, running.cluster.folder / f"go-{word}"
    held = cluster.enqueue("hold", {"until": str(gate)}, result_ttl=600)
    cluster.running(held)
    pids = sorted(cluster.pids())
    with load(running) as answers:
        eventually(lambda: len(answers) > 10, timeout=20)
        with HARMS[word](admin):
            until = time.monotonic() + _LASTS
            _all_say_so(running, word)
            gate.touch()
            eventually(lambda: time.monotonic() > until, timeout=_LASTS + 10)
        before = len(answers)
        eventually(lambda: [a for a in answers[before:] if a.status == 202], timeout=20)
    running.be_ready()

    assert running.ended() == {}
    assert sorted(cluster.pids()) == pids
    assert set(Counter(answer.status for answer in answers)) == {202, 503}
    assert {answer.retry_after for answer in answers if answer.status == 503} == {"2"}
    ids = [json.loads(answer.text)["id"] for answer in answers if answer.status == 202]
    for job_id in (*ids, held):
        job = cluster.ended(job_id)
        assert (job.state, job.attempt) == ("finished", 1)
    eventually(lambda: cluster.difference() == 0, timeout=20)


def _is_not_ready(running: WholeDeployment, name: str) -> bool:
    return running.ask(name, "/readyz").status == 503


def _all_say_so(running: WholeDeployment, word: str) -> None:
    """Every process says what Redis says, and that it lives; the dashboard and the command line too."""
    for name in _PROCESSES:
        eventually(partial(_is_not_ready, running, name), timeout=10, show=running.readiness)
    assert word in running.ask("worker", "/readyz").text
    assert {running.ask(name, "/livez").status for name in _PROCESSES if name != "api"} == {200}
    assert running.ask("api", "/healthz").status == 200
    assert running.ask("api", "/dashboard/jobs/sign-in").status == 200
    refused = running.enqueue()
    assert (refused.status, refused.retry_after) == (503, "2")
    assert word in json.loads(refused.text)["detail"]
    if word != "BUSY":
        # While it is busy nothing can be read at all.
        signs = json.loads(running.ask("api", "/api/jobs/metrics/overview").text)["signs"]
        assert "redis_refuses" in [sign["code"] for sign in signs]
    assert "tally_redis_up" in running.ask("scheduler", "/metrics").text


@contextmanager
def out_of_memory(admin: Redis) -> Iterator[None]:
    admin.config_set("maxmemory", 1)
    try:
        yield
    finally:
        admin.config_set("maxmemory", 0)


def test_while_memory_is_full_new_jobs_are_refused_and_all_others_end(
    running: WholeDeployment, admin: Redis
) -> None:
    cluster, gate = running.cluster, running.cluster.folder / "go-OOM"
    held = cluster.enqueue("hold", {"until": str(gate)}, result_ttl=600)
    cluster.running(held)
    due = [cluster.enqueue("note", delay=1, result_ttl=600) for _ in range(10)]
    with out_of_memory(admin):
        refused = running.enqueue()
        _replace_an_idle_process(running, held)
        assert {cluster.ended(job_id).state for job_id in due} == {"finished"}
        # Nobody is told not to go on.
        running.be_ready()
        _all_see_that_it_is_full(running)
        gate.touch()
        assert cluster.ended(held).state == "finished"

    assert (refused.status, refused.retry_after) == (429, "5")
    assert "raise maxmemory" in json.loads(refused.text)["detail"]
    assert {cluster.job(job_id).attempt for job_id in (*due, held)} == {1}
    assert running.enqueue().status == 202
    assert running.ended() == {}
    eventually(lambda: cluster.difference() == 0, timeout=20)


def _replace_an_idle_process(running: WholeDeployment, held: str) -> None:
    """One that does not run that job stops; its supervisor starts another, which appears."""
    cluster = running.cluster
    busy = cluster.job(held).worker
    idle = next(w.pid for w in cluster.platform.inspection.workers() if w.name != busy)
    before = set(cluster.pids())
    os.kill(idle, signal.SIGTERM)
    eventually(lambda: set(cluster.pids()) - before, timeout=60, show=running.readiness)


def _all_see_that_it_is_full(running: WholeDeployment) -> None:
    assert 'tally_redis_writable{shard="0"} 0.0' in running.ask("scheduler", "/metrics").text
    signs = json.loads(running.ask("api", "/api/jobs/metrics/overview").text)["signs"]
    [text] = [sign["text"] for sign in signs if sign["code"] == "redis_refuses"]
    assert text.startswith("no job is accepted; those that are there go on")


def _cut_short(admin: Redis) -> bool:
    """Ends every call that blocks, with an error."""
    for client in admin.client_list():
        if "b" in client["flags"]:
            admin.client_unblock(int(client["id"]), error=True)
    return True


def test_calls_that_are_cut_short_one_by_one_end_nothing(
    running: WholeDeployment, admin: Redis
) -> None:
    """What a demotion does to those who block, again and again."""
    pids = sorted(running.cluster.pids())
    with load(running) as answers:
        until = time.monotonic() + _LASTS
        eventually(lambda: _cut_short(admin) and time.monotonic() > until, timeout=_LASTS + 10)
        before = len(answers)
        eventually(lambda: len(answers) > before + 10, timeout=20)
    running.be_ready()

    assert (running.ended(), sorted(running.cluster.pids())) == ({}, pids)
    assert {answer.status for answer in answers} == {202}
    for answer in answers:
        assert running.cluster.ended(json.loads(answer.text)["id"]).attempt == 1


def test_functions_and_data_that_were_flushed_are_missed_by_nobody(
    running: WholeDeployment, admin: Redis
) -> None:
    pids = sorted(running.cluster.pids())
    admin.flushall()
    admin.function_flush()

    answer = running.enqueue()

    assert answer.status == 202
    assert running.cluster.ended(json.loads(answer.text)["id"]).state == "finished"
    running.be_ready()
    assert running.ended() == {}
    eventually(lambda: sorted(running.cluster.pids()) == pids, timeout=60)


def test_each_process_told_of_each_outage_once(running: WholeDeployment) -> None:
    """Two worker processes and their supervisor share a log; the other logs are of one process each."""
    most = {"worker": 3, "scheduler": 1, "recorder": 1, "api": 1}
    for name, processes in most.items():
        warned = len(running.told(name, "store.waiting"))
        # A web process looks now and then: it may miss an outage of seconds.
        assert (name != "api") <= warned <= processes * (len(HARMS) + 2)
        assert running.told(name, "step.failed") == []
        assert running.told(name, "thread.died") == []
