"""Unique jobs: of those that are the same, one at a time; what is gone keeps nobody out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backend.domain.errors import IdempotencyConflict
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.options.unique import UniqueScope
from backend.domain.jobs.step_codes import RedriveCode
from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene


def _same(name: str = "Ada", until: str = "started", **fields: Any) -> NewJob:
    """One of the jobs that share a key."""
    said = {
        name: fields.pop(name) for name in ("on_conflict", "longest_wait_seconds") if name in fields
    }
    scope = UniqueScope("greet:7", until, **said)
    return new_job(payload=f'{{"name":"{name}"}}', scope=scope, **fields)


def _replacing(name: str, **fields: Any) -> NewJob:
    return _same(name, on_conflict="replace", **fields)


def _debounced(name: str = "Ada", delay: float = 1000.0, longest: float = 3500.0) -> NewJob:
    return _same(name, on_conflict="debounce", delay=delay, longest_wait_seconds=longest)


def _name(scene: Scene, job_id: str) -> str:
    return str(scene.view(job_id).payload["name"])


@pytest.mark.parametrize("until", ["started", "ended", "3600"])
def test_a_job_that_is_the_same_is_answered_with_the_one_that_waits(
    scene: Scene, until: str
) -> None:
    [first] = scene.accept(_same("Ada", until))

    [reply] = scene.broker.queue.enqueue([_same("Bob", until)])

    assert (reply.id, reply.created, reply.replaced) == (first, False, False)
    assert (scene.queue(), _name(scene, first)) == ([first], "Ada")
    assert (scene.kinds(first), scene.imbalance()) == (["enqueued"], {})


def test_of_jobs_of_one_call_that_are_the_same_one_is_accepted(scene: Scene) -> None:
    jobs = [_same() for _ in range(3)]

    assert scene.ask(*jobs) == [(jobs[0].id, True), (jobs[0].id, False), (jobs[0].id, False)]


def test_another_key_is_another_job(scene: Scene) -> None:
    scene.accept(_same(), new_job(scope=UniqueScope("greet:8", "started")), new_job())


def test_until_started_the_next_one_waits_behind_the_one_that_runs(scene: Scene) -> None:
    held = scene.started(scope=UniqueScope("greet:7", "started"))

    [next_one] = scene.accept(_same())

    scene.settle(held, "finished")
    assert scene.ask(_same()) == [(next_one, False)]


def test_a_retry_waits_beside_the_next_one_and_needs_no_key_for_it(scene: Scene) -> None:
    """As procrastinate #1446 and #1543: there the retry of a job met its successor, and broke."""
    held = scene.started(scope=UniqueScope("greet:7", "started"))
    [next_one] = scene.accept(_same())
    scene.settle(held, "retried")
    scene.broker.pass_time(61)
    scene.promote()

    assert set(scene.claimed_ids()) == {next_one, held.id}


def test_a_retry_keeps_out_nobody_who_comes_after_its_first_start(scene: Scene) -> None:
    held = scene.started(scope=UniqueScope("greet:7", "started"))
    scene.settle(held, "retried")

    scene.accept(_same())


def test_until_ended_a_retry_keeps_the_next_one_out(scene: Scene) -> None:
    held = scene.started(scope=UniqueScope("greet:7", "ended"))
    assert scene.ask(_same(until="ended")) == [(held.id, False)]
    scene.settle(held, "retried")

    assert scene.ask(_same(until="ended")) == [(held.id, False)]


@pytest.mark.parametrize("how", ["finished", "failed"])
def test_until_ended_the_end_lets_the_next_one_in(scene: Scene, how: str) -> None:
    held = scene.started(scope=UniqueScope("greet:7", "ended"))
    scene.settle(held, how)

    scene.accept(_same(until="ended"))


@pytest.mark.parametrize("until", ["started", "ended", "3600"])
def test_a_job_that_was_withdrawn_keeps_nobody_out(scene: Scene, until: str) -> None:
    [first] = scene.accept(_same(until=until))
    scene.cancel(first)

    scene.accept(_same(until=until))


@pytest.mark.parametrize("until", ["started", "ended"])
def test_a_job_that_was_not_begun_keeps_the_others_out_again(scene: Scene, until: str) -> None:
    [first] = scene.accept(_same(until=until))
    [held] = scene.claim()
    scene.settle(held, "returned")

    assert scene.ask(_same(until=until)) == [(first, False)]


def test_who_took_over_a_key_keeps_it_when_the_one_before_ends(scene: Scene) -> None:
    """As sidekiq-unique-jobs #812 and #580: a key is given back by its holder, and by nobody else."""
    held = scene.started(scope=UniqueScope("greet:7", "started"))
    [next_one] = scene.accept(_same())

    scene.settle(held, "finished")

    assert scene.ask(_same()) == [(next_one, False)]


def test_a_time_goes_on_after_the_job_has_finished(scene: Scene) -> None:
    held = scene.started(scope=UniqueScope("greet:7", "6000"), result_ttl=0)
    scene.settle(held, "finished", result='"done"')
    scene.broker.pass_time(5500)
    assert scene.ask(_same(until="6000")) == [(held.id, False)]

    scene.broker.pass_time(501)

    scene.accept(_same(until="6000"))


def test_the_newest_payload_wins_while_the_job_waits(scene: Scene) -> None:
    """As bullmq #3250 and oban #121: what came last is what runs."""
    [first] = scene.accept(_replacing("Ada"))

    replies = scene.broker.queue.enqueue([_replacing("Bob"), _replacing("Cid")])

    assert [(r.id, r.created, r.replaced) for r in replies] == [(first, False, True)] * 2
    [held] = scene.claim()
    assert (held.id, held.data.endswith(b'["greet",{"name":"Cid"}],{}]')) == (first, True)
    told = [(event.kind, event.data) for event in scene.events(first)]
    assert told[1:3] == [("replaced", '{"name":"Bob"}'), ("replaced", '{"name":"Cid"}')]
    assert scene.imbalance() == {}


def test_a_payload_that_comes_while_the_job_runs_is_another_jobs(scene: Scene) -> None:
    """As bullmq #3902: the run that is under way is not changed, and gets a successor."""
    [first] = scene.accept(_replacing("Ada"))
    scene.claim()

    [next_one] = scene.accept(_replacing("Bob"))

    assert (_name(scene, first), _name(scene, next_one)) == ("Ada", "Bob")
    [reply] = scene.broker.queue.enqueue([_replacing("Cid")])
    assert (reply.id, reply.replaced) == (next_one, True)


def test_a_payload_does_not_reach_a_job_that_has_been_tried(scene: Scene) -> None:
    held = scene.started(scope=UniqueScope("greet:7", "ended"))
    scene.settle(held, "retried")

    [reply] = scene.broker.queue.enqueue([_replacing("Bob")])

    assert (reply.id, reply.created, reply.replaced) == (held.id, False, False)
    assert _name(scene, held.id) == "Ada"


def test_each_call_puts_a_debounced_job_off_but_not_beyond_its_longest_wait(scene: Scene) -> None:
    """As laravel #61548, agenda #1736 and inngest #976: else it never runs while calls keep coming."""
    [first] = scene.accept(_debounced("0"))
    for second in range(1, 5):
        scene.broker.pass_time(800)
        assert scene.promote() == 0
        [reply] = scene.broker.queue.enqueue([_debounced(str(second))])
        assert (reply.id, reply.replaced) == (first, True)
    scene.broker.pass_time(400)

    assert (scene.promote(), scene.queue(), _name(scene, first)) == (1, [first], "4")


def test_the_longest_wait_of_a_debounce_is_that_of_its_first_call(scene: Scene) -> None:
    """As openclaw #104106: a later call with a longer one would move the end with it."""
    [first] = scene.accept(_debounced(delay=1000.0, longest=2000.0))
    scene.broker.pass_time(900)
    scene.ask(_debounced(delay=10000.0, longest=90000.0))
    scene.broker.pass_time(1200)

    assert (scene.promote(), scene.queue()) == (1, [first])


def test_a_debounced_job_that_is_due_gets_the_payload_and_its_place_stays(scene: Scene) -> None:
    [first] = scene.accept(_debounced("0"))
    scene.broker.pass_time(1001)
    scene.promote()

    [reply] = scene.broker.queue.enqueue([_debounced("1")])

    assert (reply.id, reply.replaced, scene.queue()) == (first, True, [first])
    assert _name(scene, first) == "1"


def test_the_record_hears_of_the_payload_and_of_the_time(scene: Scene) -> None:
    [first] = scene.accept(_debounced("0"))
    before = scene.events(first)[0].due_ms
    scene.ask(_debounced("1", delay=2000.0))

    told = scene.events(first)[-1]

    assert (told.kind, told.data, told.queue) == ("replaced", '{"name":"1"}', "normal")
    assert 999_000 <= told.due_ms - before <= 1_200_000


def test_a_payload_is_refused_while_the_recorder_is_too_far_behind(scene: Scene) -> None:
    scene.accept(_replacing("Ada"))
    queue = scene.broker.limited(stream_limit=1)

    with pytest.raises(Exception, match="too far behind"):
        queue.enqueue([_replacing("Bob")])


def test_a_full_queue_refuses_nobody_who_is_there_already(scene: Scene) -> None:
    [first] = scene.accept(_replacing("Ada"))
    queue = scene.broker.limited(backlog_limit=1)

    assert queue.enqueue([_replacing("Bob")])[0].id == first


def test_an_idempotency_key_stands_for_the_job_that_its_call_was_answered_with(
    scene: Scene,
) -> None:
    """Said again after that one has ended, it is the same call, and not a new job."""
    held = scene.started(scope=UniqueScope("greet:7", "ended"))
    keyed = {"unique_key": "call-2", "unique_window": 600.0, "digest": "d2"}
    assert scene.ask(_same("Bob", "ended", **keyed)) == [(held.id, False)]
    scene.settle(held, "finished", result='"done"')

    assert scene.ask(_same("Bob", "ended", **keyed)) == [(held.id, False)]
    with pytest.raises(IdempotencyConflict):
        scene.ask(_same("Cid", "ended", **(keyed | {"digest": "d3"})))


def test_an_idempotency_key_is_asked_first(scene: Scene) -> None:
    keyed = {"unique_key": "call-1", "unique_window": 600.0, "digest": "d1"}
    held = scene.started(scope=UniqueScope("greet:7", "started"), **keyed)
    [next_one] = scene.accept(_same())

    assert scene.ask(_same("Ada", **keyed)) == [(held.id, False)]
    assert scene.ask(_same("Ada")) == [(next_one, False)]


@pytest.mark.parametrize("until", ["started", "ended", "3600"])
def test_a_dead_job_is_not_sent_home_while_another_one_holds_its_key(
    scene: Scene, until: str
) -> None:
    held = scene.started(scope=UniqueScope("greet:7", until))
    scene.settle(held, "failed")
    scene.broker.pass_time(3601)
    [other] = scene.accept(_same(until=until))

    assert scene.do.redrive([held.id], by="ada", reason="") == [RedriveCode.KEPT_OUT]

    assert (scene.state(held.id), scene.count("failed")) == ("failed", 1)
    assert scene.do.redrive([held.id], by="ada", reason="", anyway=True) == [RedriveCode.QUEUED]
    assert scene.ask(_same(until=until)) == [(other, False)]
    assert scene.imbalance() == {}


@pytest.mark.parametrize("until", ["started", "ended", "3600"])
def test_a_dead_job_that_is_sent_home_keeps_the_others_out_again(scene: Scene, until: str) -> None:
    held = scene.started(scope=UniqueScope("greet:7", until))
    scene.settle(held, "failed")
    scene.broker.pass_time(3601)

    assert scene.do.redrive([held.id], by="ada", reason="") == [RedriveCode.QUEUED]

    assert scene.ask(_same(until=until)) == [(held.id, False)]


def test_a_dead_job_that_was_discarded_keeps_nobody_out(scene: Scene) -> None:
    held = scene.started(scope=UniqueScope("greet:7", "3600"))
    scene.settle(held, "failed")
    assert scene.ask(_same(until="3600")) == [(held.id, False)]

    scene.do.discard([held.id], by="ada", reason="")

    scene.accept(_same(until="3600"))


def test_a_purge_of_the_queue_frees_what_waited_in_it(scene: Scene) -> None:
    scene.accept(_same())
    scene.do.purge("normal", by="ada", reason="")

    scene.accept(_same())


def test_a_job_that_expired_keeps_nobody_out(scene: Scene) -> None:
    scene.accept(_same(until="3600", expires_at=scene.broker.now() + timedelta(seconds=100)))
    scene.broker.pass_time(200)
    assert scene.claimed_ids() == []

    scene.accept(_same(until="3600"))


@pytest.mark.parametrize("until", ["started", "ended", "3600"])
def test_nor_does_one_that_waits_still_to_be_told_so(scene: Scene, until: str) -> None:
    first = _same("Ada", until, expires_at=scene.broker.now() + timedelta(seconds=100))
    scene.accept(first)
    scene.broker.pass_time(101)
    assert scene.look.holder_of(UniqueScope("greet:7", until)) == ""
    assert scene.look.twins([_same("Bob", until)]) == [None]

    [second] = scene.accept(_same("Bob", until))

    assert scene.claimed_ids() == [second]
    assert scene.state(first.id) == "canceled"
    assert scene.ask(_same("Eve", until))[0][1] == (until == "started")


@pytest.mark.parametrize("on_conflict", ["replace", "debounce"])
def test_one_that_has_expired_gets_no_payload(scene: Scene, on_conflict: str) -> None:
    said = {"on_conflict": on_conflict, "delay": 1000.0, "longest_wait_seconds": 9000.0}
    first = _same("Ada", expires_at=scene.broker.now() + timedelta(seconds=900), **said)
    scene.accept(first)
    scene.broker.pass_time(901)

    [second] = scene.accept(_same("Bob", **said))

    scene.broker.pass_time(1001)
    scene.promote()
    assert (scene.claimed_ids(), _name(scene, second)) == ([second], "Bob")
    assert _name(scene, first.id) == "Ada"


def test_a_job_that_runs_longer_than_it_may_wait_keeps_the_others_out(scene: Scene) -> None:
    scope = UniqueScope("greet:7", "ended")
    held = scene.started(scope=scope, expires_at=scene.broker.now() + timedelta(seconds=100))

    scene.broker.pass_time(101)

    assert scene.ask(_same(until="ended")) == [(held.id, False)]


def test_so_does_one_that_began_in_time_and_waits_once_more(scene: Scene) -> None:
    scope = UniqueScope("greet:7", "ended")
    held = scene.started(scope=scope, expires_at=scene.broker.now() + timedelta(seconds=100))
    scene.settle(held, "retried")
    scene.broker.pass_time(101)

    assert scene.ask(_same(until="ended")) == [(held.id, False)]


def test_a_debounced_job_is_not_put_off_until_it_has_expired(scene: Scene) -> None:
    [first] = scene.accept(
        _debounced()._replace(expires_at=scene.broker.now() + timedelta(seconds=1500))
    )
    scene.broker.pass_time(400)
    assert scene.ask(_debounced("Bob")) == [(first, False)]
    scene.broker.pass_time(400)
    assert scene.ask(_debounced("Eve")) == [(first, False)]

    scene.broker.pass_time(601)

    assert (scene.promote(), scene.claimed_ids()) == (1, [first])
    assert _name(scene, first) == "Eve"
    told = [event for event in scene.events(first) if event.kind == "replaced"]
    assert [bool(event.due_ms) for event in told] == [True, False]


def test_a_job_that_is_put_off_by_others_alone_has_no_longest_wait(scene: Scene) -> None:
    [first] = scene.accept(_same(delay=1000.0))
    scene.ask(_debounced(delay=3000.0))
    scene.broker.pass_time(2000)
    assert scene.promote() == 0
    scene.broker.pass_time(1001)

    assert (scene.promote(), scene.queue()) == (1, [first])


def test_a_dead_job_that_is_sent_home_in_its_time_has_it_anew(scene: Scene) -> None:
    held = scene.started(scope=UniqueScope("greet:7", "3600"))
    scene.settle(held, "failed")
    scene.broker.pass_time(3000)
    scene.do.redrive([held.id], by="ada", reason="")
    scene.broker.pass_time(1000)

    assert scene.ask(_same(until="3600")) == [(held.id, False)]
