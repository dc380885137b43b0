"""What an earlier start that ended badly may leave in a state directory."""

from __future__ import annotations

import os
import shlex
import shutil
import signal

import pytest

from backend.embedded import EmbeddedServerError, stop_servers
from backend.embedded.locate import find_postgres_server
from backend.embedded.state.marker import read_marker
from backend.embedded.state.state_directory import StateDirectory
from tests.eventually import eventually

_START_WITH = """
import sys
from pathlib import Path
from backend.embedded import postgres_server, start_servers
postgres_server.reachable_programs = lambda *_: Path(sys.argv[2])
start_servers(Path(sys.argv[1]))
"""
#: The real one, which then does not end before it may. Not for ever: nobody else ends it.
_INITDB = """#!/bin/sh
{initdb} "$@" || exit
touch {folder}/made
left=6000
until [ -e {folder}/go ] || [ $left = 0 ]; do left=$((left - 1)); sleep 0.05; done
"""


def test_stale_sockets_and_pid_files_are_cleared(start, state_dir, notes):
    servers = start()
    notes(servers).write_postgres("a")
    servers.kill_redis()
    servers.kill_postgres()
    # A pid that was given to another process since, which Postgres would take for a postmaster.
    for pid_file in (state_dir / "redis/redis.pid", state_dir / "postgres/data/postmaster.pid"):
        pid_file.write_text(f"{os.getpid()}\n")
    left = {path.name for path in read_marker(state_dir / "servers.json").socket_dir.iterdir()}

    with start() as again:
        assert left == {"redis.sock", ".s.PGSQL.5432", ".s.PGSQL.5432.lock"}
        assert notes(again).in_postgres() == ["a"]


def test_a_lost_socket_folder_is_made_again(start, state_dir, notes):
    servers = start(postgres=False)
    servers.kill_redis()
    shutil.rmtree(read_marker(state_dir / "servers.json").socket_dir)

    with start(postgres=False) as again:
        notes(again).write_redis("a")
        assert again.redis_url == servers.redis_url


@pytest.fixture
def slow_programs(tmp_path):
    """Those of Postgres, of which only initdb is there."""
    folder = tmp_path / "programs"
    folder.mkdir()
    initdb = shlex.quote(str(find_postgres_server().path.with_name("initdb")))
    program = folder / "initdb"
    program.write_text(_INITDB.format(initdb=initdb, folder=shlex.quote(str(folder))))
    program.chmod(0o700)
    return folder


def test_an_initdb_whose_starter_was_killed_is_done_again(
    state_dir, start, notes, other_process, slow_programs
):
    starter = other_process("-c", _START_WITH, state_dir, slow_programs)
    data, half = state_dir / "postgres" / "data", state_dir / "postgres" / "data.new"
    eventually((slow_programs / "made").exists, timeout=60)

    starter.kill()
    starter.wait()
    assert not data.exists()
    (half / "left").touch()
    (slow_programs / "go").touch()

    with start(redis=False) as servers:
        notes(servers).write_postgres("a")
        assert notes(servers).in_postgres() == ["a"]
    assert not (data / "left").exists()


def test_data_of_another_postgres_major_is_refused_in_one_line(start, state_dir):
    (state_dir / "postgres" / "data").mkdir(parents=True)
    (state_dir / "postgres" / "data" / "PG_VERSION").write_text("13\n")

    with pytest.raises(EmbeddedServerError, match=r"made by Postgres 13.*pg_dumpall") as raised:
        start()

    assert "\n" not in str(raised.value)
    assert not any(server.is_running() for server in StateDirectory(state_dir).servers())


def test_a_folder_that_is_no_postgres_data_is_left_alone(start, state_dir):
    data = state_dir / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "diary.txt").write_text("mine")

    with pytest.raises(EmbeddedServerError, match="move it away"):
        start(redis=False)

    assert (data / "diary.txt").read_text() == "mine"


def test_a_server_without_a_marker_is_named_with_its_process(start, state_dir):
    servers = start(postgres=False)
    marker = state_dir / "servers.json"
    text = marker.read_text()
    marker.unlink()

    with pytest.raises(EmbeddedServerError, match=r"Redis runs on .*: kill \d+"):
        start()

    marker.write_text(text)
    servers.stop()


def test_a_server_that_hangs_is_killed_by_stop(start, state_dir, monkeypatch):
    servers = start(postgres=False)
    redis_server = StateDirectory(state_dir).servers()[0]
    monkeypatch.setattr("backend.embedded.server.STOP_SECONDS", 0.2)
    os.kill(redis_server.pid(), signal.SIGSTOP)

    assert stop_servers(state_dir) == ["Redis"]

    assert not redis_server.is_running()
    servers.stop()
