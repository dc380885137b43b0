"""What is there after ``kill -9``: everything."""

from __future__ import annotations

from contextlib import closing

import psycopg2
import pytest
import redis
from psycopg2.extras import wait_select


def test_a_killed_redis_comes_back_with_its_data_at_the_same_url(servers, book):
    book.write_redis("a")

    servers.kill_redis()
    with pytest.raises(redis.ConnectionError):
        book.in_redis()
    servers.restart_redis()

    assert book.in_redis() == ["a"]


def test_a_killed_postgres_comes_back_with_its_data_at_the_same_url(servers, book):
    book.write_postgres("a")

    servers.kill_postgres()
    with pytest.raises(psycopg2.OperationalError):
        book.in_postgres()
    servers.start_postgres()

    assert book.in_postgres() == ["a"]


def test_a_postgres_killed_in_the_middle_of_a_query_comes_back(servers, book):
    book.write_postgres("a")
    with closing(psycopg2.connect(book.postgres_dsn, async_=1)) as busy:
        wait_select(busy)
        busy.cursor().execute("SELECT pg_sleep(60)")

        servers.kill_postgres()

    servers.start_postgres()
    assert book.in_postgres() == ["a"]


def test_a_restart_stops_what_runs_and_keeps_its_data(servers, book):
    book.write_redis("a")
    book.write_postgres("b")

    servers.restart_redis()
    servers.start_postgres()

    assert (book.in_redis(), book.in_postgres()) == (["a"], ["b"])


def test_a_stopped_postgres_cuts_its_clients_off_and_starts_again(servers, book):
    book.write_postgres("a")
    with closing(psycopg2.connect(book.postgres_dsn)) as client:
        servers.stop_postgres()
        with pytest.raises(psycopg2.OperationalError), client.cursor() as cursor:
            cursor.execute("SELECT 1")

    servers.start_postgres()

    assert book.in_postgres() == ["a"]


def test_a_server_that_was_killed_can_be_stopped(start):
    servers = start(postgres=False)
    servers.kill_redis()

    servers.stop()
    servers.stop()
