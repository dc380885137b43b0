"""Starting both servers of a state directory, using them, stopping them."""

from __future__ import annotations

import stat
import threading
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import pytest

from backend.embedded import EmbeddedServerError, Servers, start_servers
from backend.embedded.locate import find_postgres_server
from backend.embedded.state.marker import read_marker
from backend.embedded.state.state_directory import StateDirectory


def _pids(state_dir: Path) -> list[int]:
    pids = [server.pid() for server in StateDirectory(state_dir).servers()]
    return [pid for pid in pids if pid is not None]


def test_started_servers_keep_what_is_written_to_them(servers, book):
    book.write_redis("a")
    book.write_postgres("b")

    assert (book.in_redis(), book.in_postgres()) == (["a"], ["b"])


def test_a_second_start_finds_what_the_first_left_at_the_same_urls(start, notes):
    with start() as first:
        notes(first).write_redis("a")
        notes(first).write_postgres("b")

    with start() as second:
        assert (second.redis_url, second.database_url) == (first.redis_url, first.database_url)
        assert (notes(second).in_redis(), notes(second).in_postgres()) == (["a"], ["b"])


def test_servers_with_full_safety_start_without_a_template(state_dir, notes):
    with (
        start_servers(state_dir) as servers,
        closing(psycopg2.connect(notes(servers).postgres_dsn)) as session,
    ):
        cursor = session.cursor()
        cursor.execute("SELECT current_setting('fsync'), current_setting('TimeZone')")
        assert cursor.fetchone() == ("on", "UTC")


def test_nothing_listens_beyond_a_socket_in_a_private_folder(servers, shared_state_dir):
    marker = read_marker(shared_state_dir / "servers.json")

    assert stat.S_IMODE(marker.socket_dir.stat().st_mode) == 0o700
    for pid in _pids(shared_state_dir):
        assert psutil.Process(pid).net_connections(kind="inet") == []


def test_what_servers_say_and_hold_is_for_their_owner_alone(servers, shared_state_dir):
    for name in ("servers.json", "log", "redis"):
        assert stat.S_IMODE((shared_state_dir / name).stat().st_mode) & 0o077 == 0, name


def test_the_marker_tells_what_runs(servers, shared_state_dir):
    marker = read_marker(shared_state_dir / "servers.json")

    assert marker.servers["Redis"].flavour in ("valkey", "redis")
    assert marker.servers["Postgres"].flavour == "postgres"
    assert [marker.servers[name].pid for name in ("Redis", "Postgres")] == _pids(shared_state_dir)


def test_a_stop_leaves_no_process_and_no_socket(start, state_dir):
    servers = start()
    pids, sockets = _pids(state_dir), read_marker(state_dir / "servers.json").socket_dir

    servers.stop()
    servers.stop()

    assert len(pids) == 2
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert not sockets.exists()


def test_an_error_inside_the_block_stops_the_servers(start, state_dir):
    with pytest.raises(ZeroDivisionError), start(postgres=False):
        raise ZeroDivisionError

    assert _pids(state_dir) == []


def test_a_server_that_was_not_asked_for_is_not_started(start, state_dir):
    with start(postgres=False) as servers:
        assert len(_pids(state_dir)) == 1
        with pytest.raises(EmbeddedServerError, match="Postgres was not asked for"):
            _ = servers.database_url


def test_a_server_started_by_a_thread_outlives_the_thread(start, state_dir, notes):
    started: list[Servers] = []
    thread = threading.Thread(target=lambda: started.append(start(postgres=False)))

    thread.start()
    thread.join()

    with started[0] as servers:
        notes(servers).write_redis("a")
        assert len(_pids(state_dir)) == 1


def test_new_postgres_data_is_copied_from_one_template(start, template_cache, servers, notes):
    # initdb gives each data folder an identifier of its own; a copy has that of its template.
    def identifier(of: Servers) -> str:
        with closing(psycopg2.connect(notes(of).postgres_dsn)) as session:
            cursor = session.cursor()
            cursor.execute("SELECT system_identifier FROM pg_control_system()")
            return cursor.fetchone()[0]

    with start(redis=False) as another:
        assert identifier(another) == identifier(servers)

    assert len([path for path in template_cache.iterdir() if path.is_dir()]) == 1


def test_a_state_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(EmbeddedServerError, match="file/state cannot be written"):
        start_servers(tmp_path / "file" / "state")


def test_a_server_that_dies_at_its_start_shows_the_end_of_its_log(start, state_dir):
    data = state_dir / "postgres" / "data"
    data.mkdir(mode=0o700, parents=True)
    (data / "PG_VERSION").write_text(f"{find_postgres_server().major}\n")

    with pytest.raises(EmbeddedServerError, match="could not access the server conf") as raised:
        start()

    assert "postgres.log" in str(raised.value)
    assert _pids(state_dir) == []
