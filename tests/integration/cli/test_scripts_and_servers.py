"""Which servers the scripts find untold: those that run here, after all that somebody has named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from backend.api.config.left_by_dev import OWNER
from backend.embedded.servers import Servers
from tests.integration.cli.scripts import Scripts

_NAMED = ("REDIS_URL", "JOB_QUEUE_DATABASE_URL")


@pytest.fixture
def ended() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def _leave(state: Path, text: str) -> Path:
    state.mkdir(exist_ok=True)
    (state / "env").write_text(text)
    return state / "env"


def test_start_redis_starts_one_that_the_other_scripts_find(scripts: Scripts) -> None:
    said = scripts.run("start-redis.sh", "start", without=_NAMED)
    try:
        assert "export REDIS_URL=" in said
        assert "process" in scripts.run("start-redis.sh", "status", without=_NAMED)
        found = scripts.run("jobs/queue-stats.sh", "--json", without=_NAMED)
        assert json.loads(found)["queues"] == []
    finally:
        assert "stopped" in scripts.run("start-redis.sh", "stop", without=_NAMED)
    assert "nothing is running" in scripts.run("start-redis.sh", "status", without=_NAMED, status=3)


def test_start_redis_wants_a_word(scripts: Scripts) -> None:
    assert "start|stop" in scripts.run("start-redis.sh", status=2)


def test_start_redis_takes_one_word(scripts: Scripts) -> None:
    assert "start|stop" in scripts.run("start-redis.sh", "stop", "now", status=2)


def test_what_the_settings_name_goes_before_servers_that_were_left(
    scripts: Scripts, servers: Servers, state: Path, tmp_path: Path, ended: int
) -> None:
    (tmp_path / "config.yaml").write_text(f"redis_url: {servers.redis_url}\n")
    for owner in (os.getpid(), ended):
        _leave(state, f"{OWNER.format(pid=owner)}export REDIS_URL=unix:///nowhere/redis.sock\n")

        found = json.loads(scripts.run("jobs/queue-stats.sh", "--json", without=_NAMED))

        assert found["source"] == "live"


def test_what_was_left_is_read_and_not_run(scripts: Scripts, state: Path) -> None:
    _leave(state, 'touch "$TALLY_STATE_DIR/was-run"\nexport REDIS_URL=redis://127.0.0.1:1/0\n')

    scripts.run("start-redis.sh", "status", without=_NAMED, status=3)
    scripts.run("jobs/queue-stats.sh", "--help", without=_NAMED)

    assert not (state / "was-run").exists()


def test_start_redis_takes_the_place_of_a_quickstart_that_was_killed(
    scripts: Scripts, state: Path, ended: int
) -> None:
    env = _leave(state, f"{OWNER.format(pid=ended)}export REDIS_URL=a\nexport DATABASE_URL=b\n")

    said = scripts.run("start-redis.sh", "start", without=_NAMED)
    try:
        assert "export REDIS_URL='unix:" in said
        assert "DATABASE_URL" not in env.read_text()
    finally:
        assert "stopped" in scripts.run("start-redis.sh", "stop", without=_NAMED)
    assert not env.exists()


def test_start_redis_leaves_that_of_a_quickstart_alone(scripts: Scripts, state: Path) -> None:
    mine = OWNER.format(pid=os.getpid())
    env = _leave(state, f"{mine}export REDIS_URL=a\nexport DATABASE_URL=b\n")

    assert "belongs to quickstart.sh" in scripts.run("start-redis.sh", "stop", status=1)
    assert env.exists()
