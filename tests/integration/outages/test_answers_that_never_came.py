"""A Redis that falls silent: whoever asked is told the truth about what became of it, and in time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.connection import AbstractConnection

from backend.api.config.settings import load_settings
from backend.bootstrap.platform import Platform
from backend.domain.errors import QueueUnavailable
from backend.domain.jobs.job_state import JobState
from tests.eventually import eventually
from tests.integration.outages.redis_process import RedisProcess


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisProcess]:
    server = RedisProcess(tmp_path)
    yield server
    server.end()


@pytest.fixture
def platform(server: RedisProcess) -> Iterator[Platform]:
    platform = Platform(load_settings(redis_url=server.url, job_packages="tests.jobs,examples"))
    platform.queue_service.enqueue_job("greet", {"name": "Eve"})
    yield platform
    platform.close()


def _refused(platform: Platform) -> QueueUnavailable:
    with pytest.raises(QueueUnavailable) as refusal:
        platform.queue_service.enqueue_job("greet", {"name": "Ada"}, delay=60)
    return refusal.value


def test_a_job_whose_answer_was_lost_is_told_by_its_id_and_can_be_sent_again(
    server: RedisProcess, platform: Platform
) -> None:
    server.freeze()
    error = _refused(platform)
    server.thaw()

    job_id = error.details["job_id"]
    assert error.details["may_be_accepted"] is True
    assert str(error).endswith(
        f"; job {job_id} may have been accepted all the same: "
        "sending it again is safe under that job_id"
    )
    eventually(lambda: platform.job_queue.find(job_id), timeout=20)
    again = platform.queue_service.enqueue_job("greet", {"name": "Ada"}, delay=60, job_id=job_id)
    assert again == job_id
    states = platform.inspection.queue_states(["normal"])
    assert states[0].counts[JobState.SCHEDULED] == 1


def test_many_jobs_whose_answer_was_lost_are_all_told(
    server: RedisProcess, platform: Platform
) -> None:
    wanted = [{"job_type": "greet", "payload": {"name": f"n{n}"}} for n in range(3)]
    server.freeze()
    with pytest.raises(QueueUnavailable) as refusal:
        platform.queue_service.enqueue_many(wanted)
    server.thaw()

    ids = refusal.value.details["job_ids"]
    assert len(set(ids)) == 3
    assert refusal.value.details["accepted"] == 0
    assert refusal.value.ids_that_may_be_accepted == ids
    eventually(lambda: all(platform.job_queue.find(job_id) for job_id in ids), timeout=20)


def test_without_a_connection_nothing_was_sent_and_that_is_said(
    server: RedisProcess, platform: Platform
) -> None:
    platform.close()
    server.end()

    error = _refused(platform)

    assert error.details == {"may_be_done": False, "may_be_accepted": False}
    assert str(error).endswith("; nothing was written")


def test_a_server_that_dies_with_the_request_may_have_taken_it(
    server: RedisProcess, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second try cannot even connect; the first one had been sent all the same."""
    is_sent, send = threading.Event(), AbstractConnection.send_packed_command

    def sent(*args: Any, **options: Any) -> None:
        send(*args, **options)
        is_sent.set()

    monkeypatch.setattr(AbstractConnection, "send_packed_command", sent)
    server.freeze()
    refusals: list[QueueUnavailable] = []
    caller = threading.Thread(target=lambda: refusals.append(_refused(platform)))
    caller.start()
    assert is_sent.wait(10)
    server.end()
    caller.join(120)

    assert refusals[0].details["may_be_accepted"] is True


def test_waiting_for_a_job_ends_in_time_although_redis_never_answers(
    server: RedisProcess, platform: Platform
) -> None:
    job_id = platform.queue_service.enqueue_job("greet", {"name": "Ada"})
    outcomes: list[BaseException] = []

    def wait() -> None:
        try:
            platform.queue_service.wait(job_id, timeout=20)
        except QueueUnavailable as error:
            outcomes.append(error)

    caller = threading.Thread(target=wait, daemon=True)
    caller.start()
    eventually(lambda: server.admin.info("clients")["blocked_clients"] == 1, timeout=10)
    server.freeze()
    caller.join(120)

    assert [type(outcome) for outcome in outcomes] == [QueueUnavailable]
    server.thaw()
