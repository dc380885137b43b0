"""Observers are told of each attempt that is on the books, and harm nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog

import tally
from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from backend.domain.jobs.hooks.attempt_end import attempt_end
from backend.domain.jobs.step_codes import SettleCode
from backend.telemetry.outages import Outages
from tally.testing import QueueInTest, memory
from tests.unit.runtime.attempts import claimed
from tests.unit.runtime.test_whatever_a_store_answers import slot_pool_of
from workers.runtime.presence.ends_elsewhere import EndsElsewhere
from workers.runtime.process_hooks import ProcessHooks

pytestmark = pytest.mark.usefixtures("own_middleware")


class Watching(tally.Middleware):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.ends: list[tally.AttemptEnd] = []

    def on_ended(self, ended: tally.AttemptEnd) -> None:
        self.ends.append(ended)


class Broken(tally.Middleware):
    """Raises whatever it is told."""

    def __init__(self, raised: BaseException) -> None:
        self.raised = raised

    def on_ended(self, ended: tally.AttemptEnd) -> None:
        raise self.raised


@tally.job_type("choose", max_retries=1, retry_delays=[60])
def choose(payload: dict[str, str]) -> None:
    """Ends as it is told."""
    if payload["way"] == "later":
        raise tally.Snooze(30)
    if payload["way"] == "wrong":
        raise ValueError("bad luck")


@pytest.fixture
def jobs() -> Iterator[QueueInTest]:
    with memory(job_packages=[__name__]) as queue:
        yield queue


@pytest.fixture
def watching() -> Watching:
    watching = Watching()
    tally.use(watching)
    return watching


def test_each_attempt_is_told_once_with_its_outcome(jobs: QueueInTest, watching: Watching) -> None:
    jobs_made = [choose.enqueue({"way": way}, tenant="acme") for way in ("well", "later", "wrong")]
    jobs.drain(raise_errors=False)
    jobs.travel(minutes=10)
    jobs.drain(raise_errors=False)

    told = [(end.job_id, end.attempt, end.outcome) for end in watching.ends]
    well, later, wrong = (job.id for job in jobs_made)
    assert told[:3] == [(well, 1, "finished"), (later, 1, "snoozed"), (wrong, 1, "retried")]
    assert sorted(told[3:]) == sorted([(later, 2, "snoozed"), (wrong, 2, "failed")])
    dead = next(end for end in watching.ends if end.is_dead)
    assert dead.error is not None
    assert (dead.error.error, dead.error.message) == ("ValueError", "bad luck")
    assert (dead.labels.tenant, dead.queue, dead.max_attempts) == ("acme", "normal", 2)


def test_the_outcome_is_on_the_books_when_it_is_told(jobs: QueueInTest) -> None:
    class Looking(tally.Middleware):
        def on_ended(self, ended: tally.AttemptEnd) -> None:
            seen.append(tally.QueueService().get_job(ended.job_id).state.value)

    seen: list[str] = []
    tally.use(Looking())
    choose.enqueue({"way": "well"})

    jobs.drain()

    assert seen == ["finished"]


@pytest.mark.parametrize("raised", [ValueError("no"), SystemExit(1)])
def test_one_that_raises_is_named_in_the_log_and_the_others_are_told(
    jobs: QueueInTest, raised: BaseException
) -> None:
    tally.use(Broken(raised))
    watching = Watching()
    tally.use(watching)
    job = choose.enqueue({"way": "well"})

    with structlog.testing.capture_logs() as lines:
        jobs.drain()

    assert job.view().state == "finished"
    assert [end.outcome for end in watching.ends] == ["finished"]
    [line] = [line for line in lines if line["event"] == "middleware.failed"]
    assert (line["middleware"], line["hook"], line["job_id"]) == ("Broken", "on_ended", job.id)


class _Judge:
    """A store that answers as it is told."""

    def __init__(self, *codes: SettleCode) -> None:
        self.codes = list(codes)

    def settle_and_claim(self, ended: Any, plan: Any, most: int) -> Any:
        return self.codes, []


def test_an_outcome_that_redis_refused_is_told_to_nobody(watching: Watching) -> None:
    pool = slot_pool_of(_Judge(SettleCode.LOST, SettleCode.SETTLED, SettleCode.SETTLED_BEFORE))
    finished = Outcome(OutcomeKind.FINISHED)

    pool.exchange([(claimed(id=name), finished) for name in "abc"], 0)

    assert [end.job_id for end in watching.ends] == ["b", "c"]


def test_a_job_that_is_given_back_is_told_only_if_it_had_begun(watching: Watching) -> None:
    pool = slot_pool_of(_Judge(SettleCode.SETTLED))

    pool.release([claimed(id="ran")], has_begun=True)
    pool.release([claimed(id="waited")], has_begun=False)

    assert [(end.job_id, end.outcome) for end in watching.ends] == [("ran", "released")]


def test_options_that_cannot_be_read_hide_no_end(watching: Watching) -> None:
    pool = slot_pool_of(_Judge(SettleCode.SETTLED))

    pool.exchange([(claimed(options=b"[]"), Outcome(OutcomeKind.CANCELED))], 0)

    assert [(end.outcome, end.labels.tenant) for end in watching.ends] == [("canceled", "")]


class Living(tally.Middleware):
    """Notes the life of its process."""

    def __init__(self, name: str, seen: list[str], raised: Exception | None = None) -> None:
        self.name, self.seen, self.raised = name, seen, raised

    @contextmanager
    def around_process(self, kind: str) -> Iterator[None]:
        self.seen.append(f"{self.name} begins {kind}")
        if self.raised is not None:
            raise self.raised
        yield
        self.seen.append(f"{self.name} ends")


def test_the_life_of_a_process_is_told_once_and_in_order() -> None:
    seen: list[str] = []
    tally.use(Living("a", seen))
    tally.use(Living("b", seen))
    hooks = ProcessHooks("worker")

    hooks.open()
    hooks.close()
    hooks.close()

    assert seen == ["a begins worker", "b begins worker", "b ends", "a ends"]


def test_a_process_whose_middleware_raises_at_its_start_does_not_begin() -> None:
    seen: list[str] = []
    tally.use(Living("a", seen))
    tally.use(Living("b", seen, ValueError("no licence")))

    with pytest.raises(ValueError, match="no licence") as raised:
        ProcessHooks("worker").open()

    assert raised.value.__notes__ == ["raised by the middleware Living.around_process"]
    assert seen == ["a begins worker", "b begins worker", "a ends"]


def test_the_test_kit_lives_and_ends_like_a_worker_process() -> None:
    seen: list[str] = []
    tally.use(Living("a", seen))
    with memory(job_packages=[__name__]) as queue:
        choose.enqueue({"way": "well"})
        assert seen == []
        queue.drain()
        assert seen == ["a begins worker"]

    assert seen == ["a begins worker", "a ends"]


class _Untold:
    """Attempts whose processes died."""

    def __init__(self, *ends: tally.AttemptEnd) -> None:
        self.ends = list(ends)

    def take(self, most: int) -> list[tally.AttemptEnd]:
        taken, self.ends = self.ends[:most], self.ends[most:]
        return taken


def test_those_of_processes_that_died_are_told_by_another_and_to_each_observer_of_the_type(
    watching: Watching,
) -> None:
    others, broken = Watching(), Broken(ValueError("no network"))
    tally.use(others, job_types=["charge"])
    tally.use(broken)
    ended = attempt_end(claimed(), Outcome(OutcomeKind.SUSPECTED))
    elsewhere = EndsElsewhere(_Untold(ended), Outages())

    elsewhere.tell()
    elsewhere.tell()

    assert watching.ends == [ended]
    assert others.ends == []
