"""The Python client, against the API on a socket."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from pydantic import BaseModel
from werkzeug.serving import WSGIRequestHandler, make_server

from backend.api.request.api_services import ApiServices
from backend.bootstrap.platform import Platform
from backend.client import (
    ApiProblem,
    ApiUnreachable,
    ClientJob,
    JobCanceled,
    JobFailed,
    TallyClient,
    WaitTimeout,
)
from backend.client.transport import Transport
from tests.eventually import eventually
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


def test_a_program_with_an_event_loop_enqueues_from_many_tasks_by_one_client(
    client: TallyClient,
) -> None:
    async def enqueue_all() -> list[str]:
        names = [f"Ada {number}" for number in range(40)]
        calls = (asyncio.to_thread(client.enqueue, "greet", {"name": name}) for name in names)
        return await asyncio.gather(*calls)

    job_ids = asyncio.run(enqueue_all())

    assert len(set(job_ids)) == 40
    assert [client.job(job_id)["payload"]["name"] for job_id in job_ids] == [
        f"Ada {number}" for number in range(40)
    ]


def test_waiting_ends_in_time(client: TallyClient) -> None:
    job_id = client.enqueue("greet", {"name": "Ada"})

    with pytest.raises(TimeoutError, match="still queued"):
        client.wait(job_id, timeout=1)


def test_who_finds_every_place_taken_waits_all_the_same(
    url: str,
    client: TallyClient,
    platform: Platform,
    parts: ApiServices,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At most half of the server's threads wait; what they cannot hold back is answered at once."""
    job_id, places = client.enqueue("greet", {"name": "Ada"}), parts.settings.threads // 2
    last, asked = TallyClient(url, BOOTSTRAP), _counted(monkeypatch)
    with ThreadPoolExecutor(places + 1) as threads:
        waits = [threads.submit(client.wait, job_id, 60) for _ in range(places)]
        eventually(lambda: platform.redis.info("clients")["blocked_clients"] == places)
        waits.append(threads.submit(last.wait, job_id, 60))
        eventually(lambda: asked[last] >= 2)

        client.cancel(job_id)

        assert [each.result(60)["state"] for each in waits] == ["canceled"] * (places + 1)


def _counted(monkeypatch: pytest.MonkeyPatch) -> Counter[TallyClient]:
    """How often each client asked for an answer to be held back."""
    asked: Counter[TallyClient] = Counter()
    ask = TallyClient._held_back

    def counted(client: TallyClient, job_id: str, seconds: int, left: float) -> dict[str, Any]:
        asked[client] += 1
        return ask(client, job_id, seconds, left)

    monkeypatch.setattr(TallyClient, "_held_back", counted)
    return asked


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


class Person(BaseModel):
    name: str
    hobbies: list[str] = []


def test_a_job_type_without_its_code_enqueues_models_and_reads_results(
    client: TallyClient, work: Work
) -> None:
    greet = client.job_type("greet", Person, result=lambda result: str(result["greeting"]))
    job = greet.enqueue(Person(name="Ada"), priority="high", tags={"b", "a"}, delay=None)
    assert job.view()["payload"] == {"name": "Ada"}
    assert job.view()["tags"] == ["a", "b"]
    work.finish(work.start("high"), {"greeting": "hi"})

    assert (job.created, job.result(timeout=20)) == (True, "hi")


def test_a_job_is_unique_for_so_many_seconds(client: TallyClient) -> None:
    greet = client.job_type("greet", Person)
    first = greet.enqueue(Person(name="Ada"), unique=3600)

    assert greet.enqueue(Person(name="Ada"), unique=3600.0).id == first.id
    assert client.enqueue("greet", {"name": "Ada"}, unique="3600") == first.id


def test_what_follows_may_have_a_model_as_its_payload(client: TallyClient) -> None:
    greet = client.job_type("greet", Person)
    bob = {"job_type": "greet", "payload": Person(name="Bob")}

    job = greet.enqueue(Person(name="Ada"), on_success=bob, on_failure="anything")

    shown = {each["when"]: each["payload"] for each in job.view()["follow_ups"]}
    assert shown == {"on_success": {"name": "Bob"}, "on_failure": None}


def test_the_same_key_is_the_same_job_of_one_and_of_many(client: TallyClient) -> None:
    greet = client.job_type("greet", dict)
    one = [greet.enqueue({"name": "Ada"}, idempotency_key="one") for _ in range(2)]
    many = [greet.enqueue_many([{"name": "A"}, {"name": "B"}], idempotency_key="two") for _ in "12"]

    assert [job.created for job in one] == [True, False]
    assert [[job.created for job in jobs] for jobs in many] == [[True, True], [False, False]]
    assert one[0] == ClientJob(one[1].id, True, client, str)
    assert [job.id for job in many[0]] == [job.id for job in many[1]]


def test_a_default_that_was_changed_in_its_place_is_sent(client: TallyClient) -> None:
    person = Person(name="Ada")
    person.hobbies.append("engines")

    # The type has no such field, so that the refusal tells what came.
    with pytest.raises(ApiProblem, match="hobbies: there is no such field, there are name"):
        client.job_type("greet", Person).enqueue(person)


def test_a_job_that_left_no_result_says_why(client: TallyClient, work: Work) -> None:
    greet = client.job_type("greet", dict)
    dead, withdrawn, waiting = greet.enqueue_many([{"name": "Ada"}] * 3)
    assert withdrawn.cancel(reason="not now") == "canceled"
    work.fail([job for job in work.start(most=1) if job.id == dead.id], "CardDeclined", "no money")

    with pytest.raises(
        JobFailed, match=r"failed after 1 attempts: CardDeclined: no money$"
    ) as failed:
        dead.result(timeout=20)
    assert (failed.value.reason, failed.value.attempts) == ("exception", 1)
    with pytest.raises(JobCanceled):
        withdrawn.result(timeout=20)
    with pytest.raises(WaitTimeout, match="is still queued"):
        waiting.result(timeout=0)
