"""A store with a URL in the environment is used, and never silently replaced."""

from __future__ import annotations

import shlex
import stat
from pathlib import Path

import psycopg2
import pytest

from backend.embedded import EmbeddedServerError, servers_from_environment_or_start
from backend.embedded.state.state_directory import StateDirectory
from backend.quickstart.stack import Stack

_VARIABLES = ("REDIS_URL", "DATABASE_URL", "JOB_QUEUE_DATABASE_URL")


@pytest.fixture(autouse=True)
def no_urls_of_the_outside(monkeypatch):
    for variable in _VARIABLES:
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.parametrize("variable", ["DATABASE_URL", "JOB_QUEUE_DATABASE_URL"])
def test_given_urls_are_used_and_nothing_is_started(servers, tmp_path, monkeypatch, variable):
    monkeypatch.setenv("REDIS_URL", servers.redis_url)
    monkeypatch.setenv(variable, servers.database_url)

    with servers_from_environment_or_start(tmp_path / "unused") as given:
        assert given.redis_url == servers.redis_url
        assert given.database_url == servers.database_url

    assert not (tmp_path / "unused").exists()


def test_where_they_are_told_to_other_shells_is_for_their_owner_alone(
    servers, tmp_path, monkeypatch
):
    monkeypatch.setenv("REDIS_URL", servers.redis_url)
    monkeypatch.setenv("DATABASE_URL", servers.database_url)
    stack = Stack(tmp_path / "state")

    stack.start_servers()
    told = shlex.split((stack.state / "env").read_text(), comments=True)
    modes = [stat.S_IMODE((stack.state / name).stat().st_mode) for name in ("env", "log")]
    stack.stop()

    assert modes == [0o600, 0o700]
    [address] = [word for word in told if word.startswith("JOB_QUEUE_DATABASE_URL=")]
    psycopg2.connect(address.partition("=")[2]).close()


def test_they_are_told_all_at_once(servers, tmp_path, monkeypatch):
    monkeypatch.setenv("REDIS_URL", servers.redis_url)
    monkeypatch.setenv("DATABASE_URL", servers.database_url)
    stack, told = Stack(tmp_path / "state"), []

    def replace(fresh, target):
        told.append((target.exists(), fresh.read_text()))
        fresh.rename(target)

    monkeypatch.setattr(Path, "replace", replace)
    stack.start_servers()
    in_place = (stack.state / "env").read_text()
    stack.stop()

    assert told == [(False, in_place)]
    assert in_place.count("export ") == 3


def test_what_has_no_url_is_started_beside_what_has(servers, tmp_path, monkeypatch, notes):
    monkeypatch.setenv("DATABASE_URL", servers.database_url)

    with servers_from_environment_or_start(tmp_path / "beside") as mixed:
        notes(mixed).write_redis("a")
        redis_server, postgres_server = StateDirectory(tmp_path / "beside").servers()
        assert mixed.database_url == servers.database_url
        assert (redis_server.is_running(), postgres_server.is_running()) == (True, False)
        with pytest.raises(EmbeddedServerError, match="not ours to start or stop"):
            mixed.kill_postgres()


def test_an_empty_variable_counts_as_unset(tmp_path, monkeypatch):
    monkeypatch.setenv("REDIS_URL", "")

    with servers_from_environment_or_start(
        tmp_path / "state", for_tests=True, postgres=False
    ) as servers:
        assert str(tmp_path) not in servers.redis_url
        assert StateDirectory(tmp_path / "state").servers()[0].is_running()


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("REDIS_URL", "unix:///tmp/tally-nobody-is-here/redis.sock"),
        ("REDIS_URL", "redis://:secret@127.0.0.1:1/0"),
        ("REDIS_URL", "amqp://127.0.0.1:1"),
        ("DATABASE_URL", "postgresql+psycopg2://tally:secret@127.0.0.1:1/tally"),
        ("JOB_QUEUE_DATABASE_URL", "postgres://tally@/tally?host=/tmp/tally-nobody-is-here"),
        ("DATABASE_URL", "mysql://tally:secret@127.0.0.1:1/tally"),
    ],
)
def test_an_unusable_url_is_an_error_that_tells_no_secret(tmp_path, monkeypatch, variable, url):
    monkeypatch.setenv(variable, url)

    with pytest.raises(EmbeddedServerError, match=variable) as raised:
        servers_from_environment_or_start(tmp_path / "unused")

    assert "secret" not in str(raised.value)
    assert not (tmp_path / "unused").exists()
