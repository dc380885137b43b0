"""The Python client, against the API on a socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from backend.client import ApiProblem, ApiUnreachable, TallyClient
from backend.client.transport import Transport
from tests.integration.api.wiring import BOOTSTRAP
from tests.integration.api.work import Work


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        pass


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    """Where the API listens."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(url: str) -> TallyClient:
    return TallyClient(url, BOOTSTRAP)


def test_a_job_is_enqueued_waited_for_and_its_result_read(client: TallyClient, work: Work) -> None:
    job_id = client.enqueue("greet", {"name": "Ada"}, priority="high", tags=["a"])
    assert client.job(job_id)["state"] == "queued"
    ending = threading.Timer(0.2, lambda: work.finish(work.start("high"), {"greeting": "hi"}))
    ending.start()

    job = client.wait(job_id, timeout=20)

    assert (job["state"], job["result"]) == ("finished", {"greeting": "hi"})
    ending.join()


def test_waiting_ends_in_time(client: TallyClient) -> None:
    job_id = client.enqueue("greet", {"name": "Ada"})

    with pytest.raises(TimeoutError, match="still queued"):
        client.wait(job_id, timeout=1)


def test_instants_are_sent_as_the_api_wants_them(client: TallyClient) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    job_id = client.enqueue("greet", {"name": "Ada"}, run_at=tomorrow)

    assert client.job(job_id)["state"] == "scheduled"


def test_many_jobs_are_enqueued_and_found_page_by_page(client: TallyClient) -> None:
    ids = client.enqueue_many(
        [{"job_type": "anything", "payload": {"n": n}, "tags": ["many"]} for n in range(30)]
    )

    found = [job["id"] for job in client.search(tag="many", limit=8, source="live")]

    assert sorted(found) == sorted(ids)


def test_a_job_is_canceled_explained_and_retried(client: TallyClient, work: Work) -> None:
    canceled = client.enqueue("greet", {"name": "Ada"})
    assert client.why(canceled)["causes"][0]["code"] == "no_worker"
    assert client.cancel(canceled, reason="not needed") == "canceled"
    dead = client.enqueue("greet", {"name": "Ada"})
    work.fail(work.start())

    client.retry(dead, payload={"name": "Eve"})

    assert client.job(dead)["payload"]["name"] == "Eve"
    assert client.overview()["depth"] == 1
    assert client.request("POST", "/api/queues/low/pause", {})["changed"] is True


def test_a_refusal_is_an_exception_with_a_stable_code(client: TallyClient) -> None:
    with pytest.raises(ApiProblem) as refused:
        client.enqueue("greet", {})

    assert (refused.value.status, refused.value.code) == (422, "invalid_payload")
    assert refused.value.errors[0]["pointer"] == "/payload/name"
    assert refused.value.request_id
    assert not refused.value.is_temporary


def test_a_wrong_token_is_an_exception(url: str) -> None:
    with pytest.raises(ApiProblem) as refused:
        TallyClient(url, "wrong").overview()

    assert refused.value.code == "not_authenticated"


def test_a_server_that_is_not_there_is_tried_again_and_then_told() -> None:
    pauses: list[float] = []
    transport = Transport("http://127.0.0.1:9", "x", timeout=1, tries=3, pause=pauses.append)

    with pytest.raises(ApiUnreachable):
        transport.send("GET", "/api/version")

    assert pauses == [0.2, 0.4]


@pytest.mark.parametrize(("headers", "sent"), [({}, 1), ({"Idempotency-Key": "k"}, 3)])
def test_what_could_do_harm_twice_is_sent_once(headers: dict[str, str], sent: int) -> None:
    answers: list[Any] = []

    def busy(environ: Any, start_response: Any) -> list[bytes]:
        answers.append(environ)
        start_response(
            "503 Busy", [("Retry-After", "7"), ("Content-Type", "application/problem+json")]
        )
        return [b'{"code": "queue_unavailable", "detail": "away"}']

    server = make_server("127.0.0.1", 0, busy, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    pauses: list[float] = []
    transport = Transport(
        f"http://127.0.0.1:{server.port}", "x", timeout=5, tries=3, pause=pauses.append
    )

    with pytest.raises(ApiProblem, match="away"):
        transport.send("POST", "/api/jobs", {}, headers=headers)

    server.shutdown()
    thread.join()
    server.server_close()
    assert len(answers) == sent
    assert pauses == [7.0] * (sent - 1)
