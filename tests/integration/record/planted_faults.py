"""Faults that a foreign hand, or a crash of Redis, may make, and what the ledger shall call them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.integration.record.bureau import Bureau


class Planted(NamedTuple):
    """One fault that a foreign hand, or a crash of Redis, may make."""

    plant: Callable[[Bureau], object]
    found: set[tuple[str, str]]


def lose_event(bureau: Bureau, act: Callable[[], object]) -> None:
    """Something happens, and its events never reach the record."""
    before = {entry for entry, _ in bureau.redis.xrange(bureau.keys.events)}
    act()
    after = {entry for entry, _ in bureau.redis.xrange(bureau.keys.events)}
    assert bureau.redis.xdel(bureau.keys.events, *(after - before)) > 0


def finish(bureau: Bureau, job_id: str) -> None:
    held = bureau.redis.hget(bureau.keys.job(job_id), "fence")
    assert held is not None
    code = bureau.bench.functions.codes(
        "settle", job_id, held, "finished", 0, '"late"', "ImxhdGUi", "1", ""
    )
    assert code == [1]


def give_back_canceled(bureau: Bureau) -> None:
    """Its handler never began, and it was asked to stop: it has a fence, and no attempt."""
    [held] = bureau.bench.claim(1)
    bureau.bench.cancel(held.id)
    bureau.bench.settle(held, "returned")


def forge(bureau: Bureau, job_id: str, **fields: str) -> None:
    bureau.redis.hset(bureau.keys.job(job_id), mapping=fields)


PLANTED = {
    "a hash and its entry are gone": Planted(
        lambda b: (b.redis.delete("rq:job:queued"), b.redis.lrem("rq:queue:normal", 0, "queued")),
        {("lost", "queued")},
    ),
    "a hash is gone, its entry is not": Planted(
        lambda b: b.redis.delete("rq:job:queued"), {("lost", "queued"), ("stray", "queued")}
    ),
    "a scheduled hash is gone": Planted(
        lambda b: b.redis.delete("rq:job:retried"), {("lost", "retried"), ("stray", "retried")}
    ),
    "a running job's hash is gone": Planted(
        lambda b: b.redis.delete("rq:job:started"), {("lost", "started"), ("stray", "started")}
    ),
    "an entry is gone": Planted(
        lambda b: b.redis.lrem("rq:queue:normal", 0, "queued"), {("ghost", "queued")}
    ),
    "an entry behind a limit is gone": Planted(
        lambda b: b.redis.delete("rq:tally:parked:type:send_webhook"), {("ghost", "parked")}
    ),
    "a time is gone": Planted(
        lambda b: b.redis.zrem("rq:scheduler:scheduled_jobs", "scheduled"),
        {("ghost", "scheduled")},
    ),
    "a dead job is listed nowhere": Planted(
        lambda b: (
            b.redis.zrem("rq:failed:dlq", "failed"),
            b.redis.zrem("rq:tally:dead", "failed"),
        ),
        {("ghost", "failed")},
    ),
    "an entry is there twice": Planted(
        lambda b: b.redis.rpush("rq:queue:normal", "queued"), {("doubled", "queued")}
    ),
    "an entry is in another queue as well": Planted(
        lambda b: b.redis.rpush("rq:queue:high", "queued"), {("doubled", "queued")}
    ),
    "an entry is in another queue instead": Planted(
        lambda b: (
            b.redis.lrem("rq:queue:normal", 0, "queued"),
            b.redis.rpush("rq:queue:low", "queued"),
        ),
        {("ghost", "queued"), ("doubled", "queued")},
    ),
    "a queued job is in the schedule too": Planted(
        lambda b: b.redis.zadd("rq:scheduler:scheduled_jobs", {"queued": 4e9}),
        {("doubled", "queued")},
    ),
    "a finished job is in a queue": Planted(
        lambda b: b.redis.rpush("rq:queue:normal", "finished"), {("doubled", "finished")}
    ),
    "a lease is gone": Planted(
        lambda b: b.redis.zrem("rq:tally:leases", "started"), {("stuck", "started")}
    ),
    "a lease is left over": Planted(
        lambda b: b.redis.zadd("rq:tally:leases", {"queued": 9e12}), {("stuck", "queued")}
    ),
    "a slot of a limit is left over": Planted(
        lambda b: b.redis.sadd("rq:tally:holders:type:greet", "finished"),
        {("stuck", "finished")},
    ),
    "an entry names nobody": Planted(
        lambda b: b.redis.rpush("rq:queue:normal", "nobody"), {("stray", "nobody")}
    ),
    "the end of a job never reached the record": Planted(
        lambda b: lose_event(b, lambda: finish(b, "started")), {("wrong_state", "started")}
    ),
    "the start of a job never reached the record": Planted(
        lambda b: lose_event(b, lambda: b.bench.claim(1)), {("wrong_state", "queued")}
    ),
    "a cancellation never reached the record": Planted(
        lambda b: lose_event(b, lambda: b.bench.cancel("queued")), {("wrong_state", "queued")}
    ),
    "a redrive never reached the record": Planted(
        lambda b: lose_event(b, lambda: b.bench.redrive("failed")), {("wrong_state", "failed")}
    ),
    "a job was moved to another queue unrecorded": Planted(
        lambda b: lose_event(b, lambda: b.bench.reprioritise("queued", "high")),
        {("wrong_state", "queued")},
    ),
    "a cancellation of what never began did not reach the record": Planted(
        lambda b: lose_event(b, lambda: give_back_canceled(b)), {("wrong_state", "queued")}
    ),
    "the row is gone of a job that was canceled and never began": Planted(
        lambda b: (
            give_back_canceled(b),
            b.record(),
            b.change("DELETE FROM jobs WHERE id = 'queued'"),
        ),
        {("missing_row", "queued")},
    ),
    "a dead job is gone": Planted(
        lambda b: (
            b.redis.delete("rq:job:failed"),
            b.redis.zrem("rq:failed:dlq", "failed"),
            b.redis.zrem("rq:tally:dead", "failed"),
        ),
        {("lost", "failed")},
    ),
    "a row was changed by hand": Planted(
        lambda b: b.change("UPDATE jobs SET status = 'finished' WHERE id = 'queued'"),
        {("wrong_state", "queued")},
    ),
    "a hash was changed by hand": Planted(
        lambda b: forge(b, "queued", status="finished"),
        {("wrong_state", "queued"), ("doubled", "queued")},
    ),
    "a hash has a state that is none": Planted(
        lambda b: forge(b, "queued", status="lurking"), {("wrong_state", "queued")}
    ),
    "a hash says that a job runs which does not": Planted(
        lambda b: forge(b, "queued", status="started"),
        {("wrong_state", "queued"), ("doubled", "queued"), ("stuck", "queued")},
    ),
    "a row is gone": Planted(
        lambda b: b.change("DELETE FROM jobs WHERE id = 'queued'"), {("missing_row", "queued")}
    ),
    "the row of a running job is gone": Planted(
        lambda b: b.change("DELETE FROM jobs WHERE id = 'started'"), {("missing_row", "started")}
    ),
    "the row of a scheduled job is gone": Planted(
        lambda b: b.change("DELETE FROM jobs WHERE id = 'retried'"), {("missing_row", "retried")}
    ),
    "the row of a dead job is gone": Planted(
        lambda b: b.change("DELETE FROM jobs WHERE id = 'failed'"), {("missing_row", "failed")}
    ),
    "the acceptance of a job never reached the record": Planted(
        lambda b: (
            lose_event(b, lambda: b.enqueue(b.job(job_id="late", priority="high"))),
            b.bench.claim(1, ("high",)),
            b.record(),
        ),
        {("missing_row", "late")},
    ),
    "a job that was accepted is in no store": Planted(
        lambda b: lose_event(
            b,
            lambda: (
                b.enqueue(b.job(job_id="gone")),
                b.redis.delete("rq:job:gone"),
                b.redis.lrem("rq:queue:normal", 0, "gone"),
            ),
        ),
        {("unbalanced", "")},
    ),
}
