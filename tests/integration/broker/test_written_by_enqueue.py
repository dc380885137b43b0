"""All that ``enqueue`` writes, to the byte: what RQ's tools, other steps and the last release read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.broker.bench import Bench, new_job

#: What the server's clock says stands in these places.
_TIMES = ("created_at", "enqueued_at")
_RUN_AT = datetime(2036, 5, 4, 3, 2, 1, 123000, tzinfo=UTC)
_EXPIRES = datetime(2036, 6, 1, tzinfo=UTC)
_EVERYTHING = new_job(
    "a",
    "low",
    payload='{"näme":"\\u0000 ]"}',
    options={"tags": ["x", "ü"], "limit_key": "k", "limit": 2},
    max_attempts=7,
    timeout=1.5,
    result_ttl=0,
    run_at=_RUN_AT,
    expires_at=_EXPIRES,
    unique_key='o:7 \\ "ü',
    unique_window=86_400.0,
    limit_key="k",
    limit=2,
    digest="0123456789abcdef",
)


def _hash(bench: Bench, job_id: str) -> dict[str, str]:
    found: Any = bench.redis.hgetall(bench.keys.job(job_id))
    return {name.decode(): value.decode() for name, value in found.items()}


def _without_times(fields: dict[str, str]) -> dict[str, str]:
    return {name: "now" if name in _TIMES else value for name, value in fields.items()}


def test_a_plain_job(bench: Bench) -> None:
    bench.enqueue(new_job("a", "high:email", payload='{"to":"Ada"}'))

    assert _without_times(_hash(bench, "a")) == {
        "status": "queued",
        "created_at": "now",
        "enqueued_at": "now",
        "origin": "high:email",
        "description": "greet",
        "data": '["workers.runtime.trampoline.run",null,["greet",{"to":"Ada"}],{}]',
        "options": "{}",
        "max_attempts": "3",
        "timeout": "60",
        "result_ttl": "500",
    }
    assert sorted(bench.snapshot()) == [
        *("rq:job:a", "rq:queue:high:email", "rq:queues", "rq:tally:counts:high:email"),
        *("rq:tally:events", "rq:tally:stream", "rq:tally:wake:email"),
    ]


def test_its_times_are_the_servers_to_the_millisecond(bench: Bench) -> None:
    ids = [bench.seed(new_job())[0] for _ in range(50)]

    for job_id in ids:
        fields, milliseconds = _hash(bench, job_id), bench.events(job_id)[0].id.partition("-")[0]
        stamp = datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
        assert fields["created_at"] == stamp.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        assert fields["enqueued_at"] == fields["created_at"]


def test_a_job_of_which_everything_is_said(bench: Bench) -> None:
    job = new_job(
        "a",
        "low",
        payload='{"näme":"\\u0000 ]"}',
        options={"tags": ["x", "ü"], "limit_key": "k", "limit": 2},
        max_attempts=7,
        timeout=1.5,
        result_ttl=0,
        run_at=_RUN_AT,
        expires_at=_EXPIRES,
        unique_key='o:7 \\ "ü',
        unique_window=86_400.0,
        limit_key="k",
        limit=2,
        digest="0123456789abcdef",
    )
    bench.enqueue(job)

    fields = _hash(bench, "a")
    accepted = int(bench.events("a")[0].id.partition("-")[0])
    assert int(fields.pop("unique_until")) == accepted + 86_400_000
    assert _without_times(fields) == {
        "status": "scheduled",
        "created_at": "now",
        "origin": "low",
        "description": "greet",
        "data": '["workers.runtime.trampoline.run",null,["greet",{"näme":"\\u0000 ]"}],{}]',
        "options": '{"tags":["x","ü"],"limit_key":"k","limit":2}',
        "max_attempts": "7",
        "timeout": "2",
        "result_ttl": "0",
        "expires_at": str(int(_EXPIRES.timestamp() * 1000)),
        "limit_key": "k",
        "limit": "2",
        "unique_key": 'o:7 \\ "ü',
        "digest": "0123456789abcdef",
    }
    assert bench.redis.zscore(bench.keys.schedule, "a") == _RUN_AT.timestamp()
    assert bench.registry("scheduled", "low") == {"a": int(_RUN_AT.timestamp())}


def test_its_line_of_history_says_what_was_accepted(bench: Bench) -> None:
    bench.enqueue(new_job("a", "low", payload='{"n":1}', options={"tenant": "t"}, run_at=_RUN_AT))

    event = bench.events("a")[0]
    assert (event.kind, event.queue, event.state, event.job_type) == (
        *("enqueued", "low", "scheduled", "greet"),
    )
    assert (event.data, event.options, event.max_attempts) == ('{"n":1}', '{"tenant":"t"}', 3)
    assert event.due_ms == int(_RUN_AT.timestamp() * 1000)


@pytest.mark.parametrize("order", [1, -1])
def test_jobs_of_many_kinds_in_one_call_keep_their_order_and_their_own(
    bench: Bench, order: int
) -> None:
    jobs = [
        new_job("a"),
        new_job("b", job_type="other", max_attempts=1),
        new_job("c", delay=60),
        new_job("d", "high"),
        new_job("e", timeout=5),
        new_job("f", unique_key="f", unique_window=60),
    ][::order]

    assert bench.enqueue(*jobs) == [2 if job.delay else 1 for job in jobs]

    kept = ("origin", "description", "max_attempts", "timeout", "status")
    assert {job.id: tuple(_hash(bench, job.id)[name] for name in kept) for job in jobs} == {
        "a": ("normal", "greet", "3", "60", "queued"),
        "b": ("normal", "other", "1", "60", "queued"),
        "c": ("normal", "greet", "3", "60", "scheduled"),
        "d": ("high", "greet", "3", "60", "queued"),
        "e": ("normal", "greet", "3", "5", "queued"),
        "f": ("normal", "greet", "3", "60", "queued"),
    }
    assert bench.queue() == [job.id for job in jobs if job.id not in {"c", "d"}]
    assert [event.job_id for event in bench.events()] == [job.id for job in jobs]
