"""Which server programs are taken, which are passed over, and what is said when none is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.embedded import locate
from backend.embedded.errors import EmbeddedServerError


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Have exactly the given programs in wheels and on the system."""
    monkeypatch.delenv("TALLY_SERVERS", raising=False)

    def have(*, wheels: tuple[str, ...] = (), system: tuple[str, ...] = ()) -> None:
        for kind, answers in (("wheels", wheels), ("on_the_system", system)):
            paths = [_program(tmp_path / f"{kind}{i}", a) for i, a in enumerate(answers)]
            for name in ("redis", "postgres"):
                monkeypatch.setattr(
                    locate,
                    f"{name}_{'in_' if kind == 'wheels' else ''}{kind}",
                    lambda p=paths: iter(p),
                )

    return have


def _program(path: Path, answer: str) -> Path:
    path.write_text(f"#!/bin/sh\necho '{answer}'\n")
    path.chmod(0o755)
    return path


REDIS_6 = "Redis server v=6.2.14 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64"
REDIS_7 = "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64"
VALKEY_9 = "Valkey server v=9.1.2 sha=00000000:1 malloc=libc bits=64"
VALKEY_7_0 = "Valkey server v=7.0.0 sha=00000000:1 malloc=libc bits=64"
POSTGRES_13 = "postgres (PostgreSQL) 13.9"
POSTGRES_15 = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
POSTGRES_18 = "postgres (PostgreSQL) 18.6"
POSTGRES_19_BETA = "postgres (PostgreSQL) 19beta1"


def test_the_wheel_comes_before_the_system(programs):
    programs(wheels=(VALKEY_9,), system=(REDIS_7,))

    found = locate.find_redis_server()

    assert (found.flavour, found.version, found.source) == ("valkey", "9.1.2", "wheel")


def test_the_system_comes_first_when_it_is_asked_for(programs, monkeypatch):
    programs(wheels=(VALKEY_9,), system=(REDIS_7,))
    monkeypatch.setenv("TALLY_SERVERS", "system")

    found = locate.find_redis_server()

    assert (found.flavour, found.version, found.source) == ("redis", "7.0.15", "system")


def test_an_unknown_order_is_refused(programs, monkeypatch):
    programs(wheels=(VALKEY_9,))
    monkeypatch.setenv("TALLY_SERVERS", "docker")

    with pytest.raises(EmbeddedServerError, match="TALLY_SERVERS is 'docker'"):
        locate.find_redis_server()


@pytest.mark.parametrize("too_old", [REDIS_6, VALKEY_7_0])
def test_a_redis_that_would_lose_data_is_passed_over(programs, too_old):
    programs(system=(too_old, REDIS_7))

    assert locate.find_redis_server().version == "7.0.15"


def test_what_does_not_run_here_is_passed_over(programs, tmp_path):
    programs(wheels=("no version at all",), system=(REDIS_7,))

    assert locate.find_redis_server().source == "system"


def test_without_a_server_the_error_says_what_was_seen_and_what_to_type(programs):
    programs(wheels=("no version at all",), system=(REDIS_6,))

    with pytest.raises(EmbeddedServerError) as raised:
        locate.find_redis_server()

    message = str(raised.value)
    assert "is redis 6.2.14" in message
    assert "does not run here" in message
    assert "pip install 'tally-queue[embedded]'" in message
    assert "REDIS_URL" in message
    assert raised.value.code == "embedded_server_failed"


def test_the_first_postgres_of_14_or_later_is_taken(programs):
    programs(system=(POSTGRES_13, POSTGRES_15, POSTGRES_18))

    assert locate.find_postgres_server().version == "15.18"


def test_a_postgres_of_one_major_can_be_asked_for(programs):
    programs(wheels=(POSTGRES_18,), system=(POSTGRES_15, POSTGRES_19_BETA))

    assert locate.find_postgres_server(major=15).version == "15.18"
    assert locate.find_postgres_server(major=19).major == 19
    with pytest.raises(EmbeddedServerError, match=r"no Postgres 16 server found.*DATABASE_URL"):
        locate.find_postgres_server(major=16)
