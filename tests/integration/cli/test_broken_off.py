"""A command for many things that breaks off half way tells which it has done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from backend.bootstrap.current import platform
from backend.cli.commands import dlq
from backend.services.actions.jobs import JobActions
from backend.services.jobs.bulk_service import BulkService
from backend.services.jobs.job_control import JobControl
from backend.services.queue_service import QueueService
from tests.integration.cli.dead_jobs import dead_jobs
from tests.integration.cli.shell import Shell

Break = Callable[[], None]


def _refuse() -> None:
    """Redis takes nothing more."""
    platform().redis.config_set("min-replicas-to-write", 1)


def _interrupt() -> None:
    raise KeyboardInterrupt


@contextmanager
def _breaking(
    monkeypatch: pytest.MonkeyPatch, owner: type, step: str, break_off: Break, after: int = 1
) -> Iterator[None]:
    """Something happens once a step was taken so often."""
    real, taken = getattr(owner, step), []

    def take(*words: Any, **more: Any) -> Any:
        if len(taken) == after:
            break_off()
        taken.append(step)
        return real(*words, **more)

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, take)
        try:
            yield
        finally:
            platform().redis.config_set("min-replicas-to-write", 0)


@pytest.mark.parametrize(("break_off", "status"), [(_refuse, 1), (_interrupt, 130)])
def test_which_jobs_were_canceled_is_told(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, break_off: Break, status: int
) -> None:
    first, *others = [_enqueued(shell) for _ in range(3)]

    with _breaking(monkeypatch, JobActions, "cancel", break_off):
        told = shell.run("jobs", "cancel", first, *others, "--yes", "--json", status=status)

    assert told.json == {"done": {first: "canceled"}, "refused": {}, "left": others}
    assert f"all the same jobs.cancel of job:{first} is done: {first}" in told.talk
    assert [_state(shell, job_id) for job_id in others] == ["queued", "queued"]


def test_people_are_told_from_which_on_they_are_left(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [_enqueued(shell) for _ in range(3)]

    with _breaking(monkeypatch, JobActions, "cancel", _refuse):
        told = shell.run("jobs", "cancel", *ids, "--yes", status=1)

    assert told.text == f"{ids[0]} canceled\n"
    assert f"2 of 3 are left, from {ids[1]} on" in told.talk


def test_which_queues_were_emptied_is_told(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    for priority in ("low", "normal"):
        _enqueued(shell, "-p", priority)

    with _breaking(monkeypatch, JobControl, "purge", _refuse):
        told = shell.run("queues", "purge", "low", "normal", "--yes", "--json", status=1)

    assert told.json == {"low": 1}
    assert "all the same queues.purge of queue:low is done" in told.talk


def test_which_dead_jobs_of_many_went_home_is_told(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = dead_jobs("fail", "fail", "fail")
    monkeypatch.setattr(dlq, "_AT_ONCE", 2)

    with _breaking(monkeypatch, BulkService, "redrive", _refuse):
        told = shell.run("dlq", "redrive", "--all", "--yes", "--json", status=1).json

    assert set(told["done"]) | set(told["left_out"]) == set(dead)
    assert [_state(shell, job_id) for job_id in told["done"]] == ["queued", "queued"]
    assert [_state(shell, job_id) for job_id in told["left_out"]] == ["failed"]


def test_what_breaks_at_the_first_has_no_answer(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [_enqueued(shell) for _ in range(2)]

    with _breaking(monkeypatch, JobActions, "cancel", _refuse, after=0):
        told = shell.run("jobs", "cancel", *ids, "--yes", "--json", status=1)

    assert told.text == ""
    assert "all the same" not in told.talk


def test_the_job_that_is_waited_for_is_named_before(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("jobs", "enqueue", "greet", '{"name": "A"}', "--job-id", "mine", "--wait", "5m")

    with _breaking(monkeypatch, QueueService, "wait", _interrupt, after=0):
        told = shell.run(*words, status=130)

    assert told.talk.splitlines() == [
        "waiting for job mine", "tally: all the same jobs.enqueue of type:greet is done: mine",
    ]  # fmt: skip


def _enqueued(shell: Shell, *options: str) -> str:
    return shell.run("jobs", "enqueue", "greet", '{"name": "A"}', *options).text.strip()


def _state(shell: Shell, job_id: str) -> str:
    return str(shell.json("jobs", "show", job_id)["job"]["state"])
