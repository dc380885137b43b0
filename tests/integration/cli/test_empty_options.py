"""An option that was given empty, as by a script whose variable is not set, is refused, not left out."""

from __future__ import annotations

import pytest

from tests.integration.cli.dead_jobs import dead_jobs
from tests.integration.cli.shell import Shell

_EMPTY = "it is empty; leave the option out where it says nothing"
_WIDER = (
    ("dlq", "discard", "--type", "fail", "--tenant", "", "--yes"),
    ("dlq", "discard", "--after", "1h", "--type", "", "--yes"),
    ("dlq", "redrive", "--error", "ValueError", "--queue", "", "--yes"),
    ("dlq", "list", "--error", ""),
    ("jobs", "list", "--tag", ""),
    ("history", "export", "--tenant", ""),
    ("history", "stats", "--by", "hour", "--queue", ""),
    ("history", "failures", "--type", ""),
    ("audit", "list", "--actor", ""),
    ("workers", "list", "--lane", ""),
    ("keys", "create", "partner", "--role", "viewer", "--tenant", ""),
    ("freezes", "add", "nightly", "queue:low", "--cron", "", "--for", "2h"),
    ("schedules", "preview", "--cron", "@daily", "--time-zone", ""),
    ("jobs", "enqueue", "greet", '{"name": "A"}', "--idempotency-key", ""),
    ("jobs", "enqueue", "greet", '{"name": "A"}', "--on-failure", ""),
    ("jobs", "enqueue", "greet", '{"name": "A"}', "--queue", ""),
    ("api", "--host", ""),
)


@pytest.mark.parametrize("words", _WIDER, ids=" ".join)
def test_it_widens_nothing(shell: Shell, words: tuple[str, ...]) -> None:
    dead = dead_jobs("fail", "fail", "unencodable")

    assert _EMPTY in shell.run(*words, status=2).talk

    assert {job["id"] for job in shell.json("dlq", "list")} == set(dead)
    assert shell.json("jobs", "list", "--source", "live", "--state", "queued")["jobs"] == []
    assert shell.json("freezes", "list") == {"freezes": []}
    assert "partner" not in {key["name"] for key in shell.json("keys", "list")}


@pytest.mark.parametrize("command", [("jobs", "retry"), ("jobs", "replay"), ("dlq", "redrive")])
def test_an_empty_payload_is_not_the_old_one(shell: Shell, command: tuple[str, ...]) -> None:
    [job_id] = dead_jobs("fail")

    assert "is not JSON" in shell.run(*command, job_id, "--payload", "", status=2).talk

    assert shell.json("jobs", "show", job_id)["job"]["state"] == "failed"
