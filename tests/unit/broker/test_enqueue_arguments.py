"""Jobs as the arguments of the ``enqueue`` step."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from backend.broker.jobs.codec import options_text
from backend.broker.jobs.enqueue_arguments import enqueue_arguments
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.queue_name import QueueName

_CALL = '["workers.runtime.trampoline.run",null,["greet",\x1f],{}]'
_HEAD = f"high:email\x1fgreet\x1f4\x1f1\x1f3600\x1f{_CALL}\x1f"


def _job(**fields: Any) -> NewJob:
    values: dict[str, Any] = {
        "id": "a",
        "job_type": "greet",
        "queue": QueueName.parse("high:email"),
        "payload": "{}",
        "options": {},
        "max_attempts": 4,
        "timeout": 0.4,
        "result_ttl": 3600,
    }
    return NewJob(**{**values, **fields})


def _said(*jobs: NewJob, is_lean: bool = False) -> list[Any]:
    return enqueue_arguments(jobs, [options_text(job.options) for job in jobs], is_lean=is_lean)


def test_what_jobs_share_is_said_once() -> None:
    other = _HEAD.replace("\x1f4\x1f", "\x1f1\x1f")
    jobs = [_job(id="a"), _job(id="b"), _job(id="c", max_attempts=1), _job(id="d")]

    assert _said(*jobs) == [
        *("2", _HEAD, other),
        *("1", "a", "{}", "{}", ""),
        *("1", "b", "{}", "{}", ""),
        *("2", "c", "{}", "{}", ""),
        *("1", "d", "{}", "{}", ""),
    ]


def test_a_lean_job_has_another_head() -> None:
    assert _said(_job(), is_lean=True)[:2] == ["1", f"{_HEAD}lean"]


def test_what_few_jobs_have_is_said_by_name_in_its_units() -> None:
    job = _job(
        delay=1.5,
        expires_at=datetime(2036, 1, 1, tzinfo=UTC),
        unique_key='order "7"',
        unique_window=2.5,
        limit_key="k",
        limit=3,
        options={"tags": ["ä"]},
        digest="0f1e",
    )

    *_, options, rare = _said(job)

    assert options == '{"tags":["ä"]}'
    words = rare.split("\x1f")
    assert dict(zip(words[::2], words[1::2], strict=True)) == {
        "delay": "1500",
        "expires_at": "2082758400000",
        "unique_key": 'order "7"',
        "unique_window": "2500",
        "limit_key": "k",
        "limit": "3",
        "digest": "0f1e",
    }


def test_a_time_to_come_is_said_in_milliseconds() -> None:
    job = _job(run_at=datetime(2036, 5, 4, 3, 2, 1, 123000, tzinfo=UTC))

    assert _said(job)[-1] == "run_at\x1f2093482921123"


def test_nothing_is_no_rows() -> None:
    assert _said() == ["0"]
