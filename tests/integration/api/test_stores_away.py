"""Each store may be down: what still answers, what says 503, and how soon."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from backend.api.app import create_app
from backend.api.app import parts_of as services_of
from backend.domain.access.role import Role
from backend.domain.jobs.job_type import JobType
from backend.embedded.servers import Servers, start_servers
from backend.history.schema.migrator import Migrator
from tests.conftest import CACHE
from tests.integration.api.caller import Caller
from tests.integration.api.wiring import BOOTSTRAP, ApiPlatform, parts_of

_GREETING = {"job_type": "greet", "payload": {"name": "Ada"}}


@pytest.fixture(scope="module")
def own() -> Iterator[Servers]:
    """Servers that only these tests use, to be stopped and started."""
    state = Path(tempfile.mkdtemp(prefix="tally-away-"))
    with start_servers(state, for_tests=True, template_cache=CACHE) as servers:
        yield servers
    shutil.rmtree(state, ignore_errors=True)


@pytest.fixture
def make(own: Servers, tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """Makes applications on those servers."""
    with ExitStack() as ends:

        def make(**api: Any) -> Flask:
            platform = ApiPlatform(own.redis_url, own.database_url, **api)
            ends.callback(platform.close)
            Migrator(platform.history_engine).apply()
            return create_app(parts_of(platform, tmp_path / "artifacts"))

        yield make


@pytest.fixture
def without_redis(own: Servers, make: Callable[..., Flask]) -> Iterator[Callable[..., Flask]]:
    """Redis is stopped for as long as the test runs."""
    make()
    own.kill_redis()
    yield make
    own.restart_redis()


def test_without_redis_the_api_starts_and_says_what_is_missing(
    own: Servers, without_redis: Callable[..., Flask]
) -> None:
    nobody = Caller(without_redis(), "")

    assert nobody.get("/healthz").status_code == 200
    assert nobody.get("/api/version").status_code == 200
    assert nobody.get("/api/openapi.json").status_code == 200
    ready = nobody.get("/readyz")
    assert ready.status_code == 503
    assert {check["name"]: check["ok"] for check in ready.get_json()["checks"]} == {
        "redis": False,
        "postgres": True,
    }
    told = ready.get_json()["checks"][0]["detail"]
    assert told.startswith("Redis cannot be used now: ")
    assert "[hidden]" in told
    assert not {part for part in (own.redis_url, "127.0.0.1", "localhost") if part in told}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/jobs", _GREETING),
        ("/api/jobs/bulk", {"jobs": [_GREETING]}),
        ("/api/dm-jobqueue/register", {}),
        ("/api/jobs/some-job/cancel", {}),
        ("/api/queues/normal/pause", {}),
    ],
)
def test_without_redis_what_needs_it_answers_503_soon(
    without_redis: Callable[..., Flask], path: str, body: Any
) -> None:
    admin = Caller(without_redis(), BOOTSTRAP)

    answer = admin.post(path, body)

    assert answer.status_code == 503
    assert answer.content_type == "application/problem+json"
    assert answer.get_json()["code"] == "queue_unavailable"
    assert int(answer.headers["Retry-After"]) >= 1


def test_without_redis_history_keys_and_the_audit_log_still_answer(
    without_redis: Callable[..., Flask],
) -> None:
    admin = Caller(without_redis(), BOOTSTRAP)

    found = admin.get("/api/jobs")
    assert (found.status_code, found.get_json()["sources"]) == (200, ["history"])
    for path in ("/api/jobs/metrics/history", "/api/keys", "/api/audit", "/api/schedules"):
        assert admin.get(path).status_code == 200, path


def test_without_redis_a_job_nobody_can_tell_of_is_not_called_unknown(
    without_redis: Callable[..., Flask],
) -> None:
    admin = Caller(without_redis(), BOOTSTRAP)

    assert admin.get("/api/jobs/some-job").status_code == 503


def test_without_redis_jobs_are_taken_by_the_outbox_where_that_is_set(
    without_redis: Callable[..., Flask],
) -> None:
    admin = Caller(without_redis(enqueue_mode="outbox"), BOOTSTRAP)

    answer = admin.post("/api/jobs", _GREETING, Idempotency_Key="k-1")
    again = admin.post("/api/jobs", _GREETING, Idempotency_Key="k-1")

    assert (answer.status_code, answer.get_json()["created"]) == (202, True)
    assert (again.status_code, again.get_json()["created"]) == (200, False)
    assert again.get_json()["id"] == answer.get_json()["id"]
    assert answer.get_json()["durability"] == "recorded"


@pytest.mark.parametrize("is_known", [True, False])
def test_without_redis_types_of_others_keep_their_rights_and_their_secrets(
    own: Servers,
    make: Callable[..., Flask],
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_known: bool,
) -> None:
    monkeypatch.setattr("backend.broker.jobs.declarations._FRESH_SECONDS", 0.0)
    name = f"wipe_{is_known}"
    kind = JobType(name, print, role=Role.ADMIN, secret_fields=frozenset({"disk"}))
    job = {"job_type": name, "payload": {"disk": "C", "cents": 5}}
    app = make(enqueue_mode="outbox")
    parts = services_of(app)
    parts.queue.catalogue.published.publish([kind])  # type: ignore[union-attr]
    token = parts.keys.create(name, Role.PRODUCER, by="tests").token
    path = Caller(app, BOOTSTRAP).post("/api/jobs", job).headers["Location"]
    if not is_known:
        app = make(enqueue_mode="outbox")
    admin, producer = Caller(app, BOOTSTRAP), Caller(app, token)
    own.kill_redis()
    try:
        refused = producer.post("/api/jobs", job)
        seen = admin.get(path).get_json()
    finally:
        own.restart_redis()

    told = (403, "not_allowed") if is_known else (503, "queue_unavailable")
    assert (refused.status_code, refused.get_json()["code"]) == told
    hidden = {"disk": "[hidden]", "cents": 5 if is_known else "[hidden]"}
    assert seen["payload"] == hidden


@pytest.fixture
def app_and_key(own: Servers, make: Callable[..., Flask]) -> Iterator[tuple[Flask, str]]:
    """An application whose Postgres stopped after it was used with a key on record."""
    app = make()
    keys = services_of(app).keys
    made = keys.create("before", Role.OPERATOR, by="tests")
    assert Caller(app, made.token).get("/api/whoami").status_code == 200
    own.stop_postgres()
    yield app, made.token
    own.start_postgres()
    # The next test's has the same name.
    keys.revoke(made.key.id, by="tests")


def test_without_postgres_enqueueing_and_live_status_still_answer(
    app_and_key: tuple[Flask, str],
) -> None:
    app, key = app_and_key
    for token in (BOOTSTRAP, key):
        caller = Caller(app, token)

        accepted = caller.post("/api/jobs", _GREETING)
        path = accepted.headers["Location"]

        assert accepted.status_code == 202
        assert caller.get(path).get_json()["state"] == "queued"
        assert caller.post(f"{path}/cancel").status_code == 200
        listed = caller.get("/api/jobs")
        assert (listed.status_code, listed.get_json()["sources"]) == (200, ["live"])
        for other in ("/api/queues", "/api/jobs/workers", "/api/jobs/metrics/overview"):
            assert caller.get(other).status_code == 200, other


def test_without_postgres_history_answers_503(app_and_key: tuple[Flask, str]) -> None:
    admin = Caller(app_and_key[0], BOOTSTRAP)

    for path in (
        "/api/jobs?source=history",
        "/api/jobs/some-job",
        "/api/jobs/metrics/history",
        "/api/keys",
        "/api/audit",
        "/api/schedules",
    ):
        answer = admin.get(path)
        assert (answer.status_code, answer.get_json()["code"]) == (503, "history_unavailable"), path


def test_without_postgres_a_token_that_nobody_has_seen_is_not_called_wrong(
    app_and_key: tuple[Flask, str],
) -> None:
    stranger = Caller(app_and_key[0], "tally_key_" + "x" * 43)

    answer = stranger.get("/api/whoami")

    assert answer.status_code == 503
    told = answer.get_json()["detail"]
    assert told.startswith("Postgres cannot be used now: connection to server [hidden]")


def test_without_postgres_it_is_alive_and_not_ready(app_and_key: tuple[Flask, str]) -> None:
    nobody = Caller(app_and_key[0], "")

    assert nobody.get("/healthz").status_code == 200
    ready = nobody.get("/readyz")
    assert ready.status_code == 503
    assert "Postgres" in ready.get_json()["checks"][1]["detail"]


def test_without_postgres_actions_are_refused_where_the_audit_log_is_required(
    own: Servers, make: Callable[..., Flask]
) -> None:
    admin = Caller(make(audit_required=True), BOOTSTRAP)
    own.stop_postgres()
    try:
        paused = admin.post("/api/queues/low/pause")
        enqueued = admin.post("/api/jobs", _GREETING)
    finally:
        own.start_postgres()

    assert (paused.status_code, paused.get_json()["code"]) == (503, "history_unavailable")
    assert enqueued.status_code == 202


def test_tables_that_are_not_there_yet_are_told(own: Servers, tmp_path: Path) -> None:
    url = own.database_url.replace("/tally?", "/template1?")
    with closing(ApiPlatform(own.redis_url, url)) as platform:
        app = create_app(parts_of(platform, tmp_path / "artifacts"))

        ready = Caller(app, "").get("/readyz")
        keys = Caller(app, BOOTSTRAP).get("/api/keys")

    assert ready.status_code == 503
    assert "tally migrate" in ready.text
    assert (keys.status_code, keys.get_json()["code"]) == (503, "migration_error")
