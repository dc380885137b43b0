"""Servers that an earlier start left running: used again, and stopped by whom they belong to."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest
from redis import Redis
from redis.exceptions import ResponseError

from backend.embedded import stop_servers
from backend.embedded.state.state_directory import StateDirectory
from tests.eventually import eventually

_OWNER = """
import sys
from pathlib import Path
from backend.embedded import start_servers
state_dir, template_cache, postgres = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:] == []
start = dict(for_tests=True, template_cache=template_cache, postgres=postgres)
servers = start_servers(state_dir, **start)
print("ready", flush=True)
sys.stdin.readline()
"""


def _pids(state_dir: Path) -> list[int | None]:
    return [server.pid() for server in StateDirectory(state_dir).servers()]


def test_servers_left_in_the_background_are_used_and_left_there(start, state_dir, notes):
    first = start(die_with_parent=False)
    pids = _pids(state_dir)
    notes(first).write_redis("a")

    with start() as second:
        assert notes(second).in_redis() == ["a"]
        assert second.database_url == first.database_url

    assert _pids(state_dir) == pids
    assert stop_servers(state_dir) == ["Redis", "Postgres"]
    assert _pids(state_dir) == [None, None]


def test_a_guest_leaves_the_servers_to_their_owner(start, state_dir):
    with start(postgres=False) as owner:
        pids = _pids(state_dir)

        with start(postgres=False) as guest:
            assert guest.redis_url == owner.redis_url

        assert _pids(state_dir) == pids
    assert _pids(state_dir) == [None, None]


def test_a_server_whose_disk_was_full_is_used_again(start, state_dir):
    first = start(die_with_parent=False, postgres=False)
    with Redis.from_url(first.redis_url) as client:
        where = client.config_get("d*")
        # No snapshot can be put there.
        (Path(where["dir"]) / where["dbfilename"] / "in the way").mkdir(parents=True)
        client.config_set("save", "3600 1")
        client.bgsave()
        eventually(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err")
        with pytest.raises(ResponseError, match="MISCONF"):
            client.ping()

        with start(postgres=False) as guest:
            assert guest.redis_url == first.redis_url

        client.config_set("save", "")


def test_only_the_missing_server_is_started_and_stopped(start, state_dir):
    start(die_with_parent=False, postgres=False)

    with start():
        assert None not in _pids(state_dir)

    redis_pid, postgres_pid = _pids(state_dir)
    assert redis_pid is not None
    assert postgres_pid is None


def test_a_guest_can_crash_and_restart_a_server_in_the_background(start, state_dir, notes):
    start(die_with_parent=False, postgres=False)

    with start(postgres=False) as guest:
        notes(guest).write_redis("a")
        guest.kill_redis()
        guest.restart_redis()
        assert notes(guest).in_redis() == ["a"]

    assert _pids(state_dir)[0] is not None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows a parent's death signal")
def test_servers_die_with_an_owner_that_is_killed(state_dir, template_cache, other_process):
    owner = other_process("-c", _OWNER, state_dir, template_cache)
    assert owner.stdout.readline() == "ready\n"
    assert None not in _pids(state_dir)

    owner.kill()

    eventually(lambda: _pids(state_dir) == [None, None], timeout=20)


def test_servers_that_outlived_their_owner_are_taken_over(
    start, state_dir, template_cache, other_process
):
    # Without setpriv on PATH there is no death signal, as on macOS.
    owner = other_process("-c", _OWNER, state_dir, template_cache, "redis only", PATH="/nowhere")
    assert owner.stdout.readline() == "ready\n"
    pids = _pids(state_dir)
    owner.kill()
    owner.wait()

    with start(postgres=False):
        assert _pids(state_dir) == pids
        assert pids[0] is not None

    assert _pids(state_dir) == [None, None]


def test_two_starts_at_once_share_the_server(state_dir, template_cache, other_process):
    both = [other_process("-c", _OWNER, state_dir, template_cache, "redis only") for _ in range(2)]

    assert [process.stdout.readline() for process in both] == ["ready\n", "ready\n"]
    pid, _ = _pids(state_dir)
    assert psutil.Process(pid).ppid() in [process.pid for process in both]
