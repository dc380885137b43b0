"""Processes first, stores later: each waits, says for what, and goes on by itself."""

from __future__ import annotations

import json
from functools import partial

from tests.eventually import eventually
from tests.integration.outages.whole_deployment import WholeDeployment


def test_processes_that_start_before_their_stores_wait_for_them(whole: WholeDeployment) -> None:
    servers = whole.servers
    servers.kill_redis()
    servers.kill_postgres()

    whole.start()
    _wait_and_say_so(whole)

    servers.restart_redis()
    eventually(
        lambda: whole.ask("worker", "/readyz").status == 200,
        timeout=60,
        show=lambda: whole.ask("worker", "/readyz"),
    )
    job_id = whole.cluster.enqueue("note")
    assert whole.cluster.ended(job_id).state == "finished"
    assert whole.ask("recorder", "/readyz").status == 503
    assert "Postgres" in whole.ask("recorder", "/readyz").text

    servers.start_postgres()
    whole.be_ready()
    eventually(lambda: _is_on_record(whole, job_id), timeout=30)
    assert whole.ended() == {}
    _nobody_was_started_again(whole)


def _wait_and_say_so(whole: WholeDeployment) -> None:
    for name in whole.ports:
        eventually(partial(_says_why, whole, name), timeout=60, show=whole.readiness)
        alive = "/healthz" if name == "api" else "/livez"
        assert whole.ask(name, alive).status == 200
    for name in whole.ports:
        eventually(partial(whole.told, name, "store.waiting"), timeout=30)
    assert whole.enqueue().status == 503


def _says_why(whole: WholeDeployment, name: str) -> bool:
    """It is not ready, and names a store."""
    answer = whole.ask(name, "/readyz")
    return answer.status == 503 and ("Redis" in answer.text or "Postgres" in answer.text)


def _is_on_record(whole: WholeDeployment, job_id: str) -> bool:
    return '"finished"' in whole.ask("api", f"/api/jobs/{job_id}/events").text


def _nobody_was_started_again(whole: WholeDeployment) -> None:
    assert len(whole.told("worker", "worker.spawned")) == 2
    assert [whole.told("worker", f"worker.{end}") for end in ("died", "ended")] == [[], []]
    for name in whole.ports:
        codes = {json.dumps(line.get("code")) for line in whole.told(name, "store.waiting")}
        assert codes <= {'"queue_unavailable"', '"history_unavailable"'}
