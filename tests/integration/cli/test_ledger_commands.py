"""Proving the books, repairing them, and making jobs again in an empty Redis."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from backend.bootstrap.current import platform
from backend.history.server.connection import connect
from tests.integration.api.work import Work
from tests.integration.cli.shell import Shell
from tests.integration.history.databases import forget_controls, run
from tests.integration.runtime.cluster import Cluster


def test_books_that_balance_are_status_0(shell: Shell, cluster: Cluster) -> None:
    cluster.enqueue("note")
    Work(platform()).record()
    # The record of other tests, whose Redis is gone, is told as lost.
    shell.run("reconcile", "--repair", "--reason", "what other tests left")
    Work(platform()).record()

    answer = shell.run("reconcile")

    assert "every job is accounted for" in answer.talk


def test_a_lost_job_is_named_and_put_back(shell: Shell, cluster: Cluster) -> None:
    job_id = cluster.enqueue("note")
    Work(platform()).record()
    keys = platform().keys
    platform().redis.lrem(keys.queue("normal"), 0, job_id)

    named = shell.run("reconcile", "--json", status=1).json
    mended = shell.json("reconcile", "--repair", "--reason", "tests")

    # The record of other tests, whose Redis is gone, is told as lost.
    assert ("ghost", job_id) in {(f["kind"], f["job_id"]) for f in named["faults"]}
    assert mended["is_balanced"]
    assert job_id in {job["id"] for job in shell.json("queues", "show", "normal")}
    assert shell.json("audit", "list", "--action", "ledger.repair")[0]["reason"] == "tests"


def test_waiting_jobs_are_made_again_in_an_empty_redis(shell: Shell, cluster: Cluster) -> None:
    job_id = cluster.enqueue("note")
    Work(platform()).record()
    platform().redis.flushdb()

    assert "IllegalMove" not in shell.run("rebuild", "--yes").talk

    assert job_id in [job["id"] for job in shell.json("queues", "show", "normal")]


@pytest.fixture
def nothing_held(shell: Shell) -> None:
    """What tests before said of pauses and limits stays in the audit log: it is taken back there."""
    for lost in shell.json("rebuild", "--yes", "--even-if-used")["lost_controls"]:
        if lost["limit"]:
            shell.run("queues", "limit", lost["what"].removeprefix("type:"), "0")
        else:
            shell.run("queues", "resume", lost["what"])


@pytest.mark.usefixtures("nothing_held")
def test_a_rebuild_sets_pauses_and_limits_again(shell: Shell, cluster: Cluster) -> None:
    shell.run("queues", "pause", "low")
    shell.run("queues", "limit", "note", "3")
    cluster.platform.redis.flushdb()
    cluster.platform.load_library()

    told = shell.run("rebuild", "--yes", "--even-if-used")

    assert "hold: limit of type:note: 3, pause of queue:low" in told.talk
    assert cluster.platform.inspection.paused() == ["queue:low"]
    again = shell.json("rebuild", "--yes", "--even-if-used")
    assert (again["controls"], again["lost_controls"]) == ([], [])


@pytest.mark.usefixtures("nothing_held")
def test_a_rebuild_tells_how_to_set_what_only_the_audit_log_knows(
    shell: Shell, cluster: Cluster, record_url: str
) -> None:
    shell.run("queues", "pause", "low")
    shell.run("queues", "pause", "high")
    shell.run("queues", "resume", "high")
    shell.run("queues", "limit", "note", "3")
    cluster.platform.redis.flushdb()
    cluster.platform.load_library()
    forget_controls(record_url)

    told = shell.run("rebuild", "--yes", "--even-if-used")

    assert "before workers start, set those that shall hold" in told.talk
    assert "tally queues pause queue:low" in told.text
    assert "tally queues limit note 3" in told.text
    assert "queue:high" not in told.text
    shell.run("queues", "pause", "low")
    shell.run("queues", "limit", "note", "3")
    answer = shell.json("rebuild", "--yes", "--even-if-used")
    assert answer["lost_controls"] == []
    shell.run("queues", "resume", "low")
    shell.run("queues", "limit", "note", "0")
    none = shell.run("rebuild", "--yes", "--even-if-used").talk
    assert "there was none to set again" in none
    assert "audit log" not in none


def test_jobs_that_cannot_be_made_are_named_and_are_status_1(
    shell: Shell, cluster: Cluster, record_url: str
) -> None:
    known, unknown = cluster.enqueue("note"), cluster.enqueue("note")
    Work(platform()).record()
    platform().redis.flushdb()

    with _acceptance_forgotten(record_url, unknown):
        told = shell.run("rebuild", "--yes", status=1)
        answer = shell.json("rebuild", "--yes", "--even-if-used", status=1)

    assert "1 cannot be made, for their acceptance is not on record" in told.talk
    assert unknown in told.text
    assert answer["unknown"] == [unknown]
    assert known in {job["id"] for job in shell.json("queues", "show", "normal")}


@contextmanager
def _acceptance_forgotten(record_url: str, job_id: str) -> Iterator[None]:
    """As if the first of a job's events had never come, and what it told: its payload, its place."""
    engine = connect(record_url)
    try:
        forgotten = "position = -position, payload = NULL, job_type = ''"
        run(engine, f"UPDATE jobs SET {forgotten} WHERE id = :id", id=job_id)
        yield
        run(engine, "DELETE FROM jobs WHERE id = :id", id=job_id)
    finally:
        engine.dispose()


def test_a_redis_in_use_is_not_rebuilt_by_accident(shell: Shell) -> None:
    shell.run("jobs", "enqueue", "greet", '{"name": "A"}')

    assert "[illegal_move]" in shell.run("rebuild", "--yes", status=1).talk


def test_a_shell_can_complete_our_words(shell: Shell) -> None:
    assert "_TALLY_COMPLETE" in shell.run("completion", "bash").text
