"""Connections kept between calls: never one that is dead, another's, or in the middle of an answer."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis import exceptions as redis_errors

from backend.broker.server import kept_connections as keeping
from backend.broker.server import siblings
from backend.broker.server.connection import connect, connect_blocking
from backend.broker.server.functions import Functions
from backend.broker.server.kept_connections import kept_connections
from backend.domain.errors import QueueUnavailable
from tests.eventually import eventually
from tests.integration.outages.redis_process import RedisProcess


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisProcess]:
    server = RedisProcess(tmp_path)
    yield server
    server.end()


@pytest.fixture
def client(server: RedisProcess) -> Iterator[Redis]:
    client = connect(server.url, name="caller")
    Functions(client, "rq").check()
    yield client
    client.close()


def _opened(server: RedisProcess) -> int:
    return int(server.admin.info("stats")["total_connections_received"])


def test_one_connection_serves_call_after_call_whoever_of_the_process_asks(
    server: RedisProcess, client: Redis
) -> None:
    before = _opened(server)

    for _ in range(10):
        Functions(client, "rq").check()

    assert _opened(server) == before


def test_one_that_the_server_closed_is_noticed_before_anything_is_sent_over_it(
    server: RedisProcess, client: Redis
) -> None:
    before = server.admin.info("commandstats")["cmdstat_fcall"]["calls"]
    server.admin.client_kill_filter(_type="normal", skipme=True)

    Functions(client, "rq").check()

    assert server.admin.info("commandstats")["cmdstat_fcall"]["calls"] == before + 1


def test_where_the_server_is_gone_the_caller_is_told_that_nothing_was_sent(
    server: RedisProcess, client: Redis
) -> None:
    server.end()

    with pytest.raises(QueueUnavailable) as refusal:
        Functions(client, "rq").check()

    assert refusal.value.details["may_be_done"] is False


def test_an_answer_that_nobody_waited_for_is_not_taken_for_that_of_the_next_call(
    server: RedisProcess, client: Redis
) -> None:
    class Interruption(BaseException):
        pass

    def interrupt(*_: Any) -> None:
        raise Interruption

    def ask_and_be_interrupted() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        functions.call("facts", "", "nobody")

    functions, was = Functions(client, "rq"), signal.signal(signal.SIGALRM, interrupt)
    server.freeze()
    try:
        with pytest.raises(Interruption):
            ask_and_be_interrupted()
    finally:
        signal.signal(signal.SIGALRM, was)
        server.thaw()

    assert functions.call("await", "nobody") is None


def test_a_forked_process_opens_its_own(server: RedisProcess, client: Redis) -> None:
    functions, before = Functions(client, "rq"), _opened(server)

    child = os.fork()
    if not child:
        try:
            functions.check()
        finally:
            os._exit(_opened(server) == before)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    functions.check()


def test_a_forked_process_waits_for_no_thread_that_it_does_not_have(server: RedisProcess) -> None:
    with siblings._lock, keeping._OF_POOLS._lock:
        child = os.fork()
        if not child:
            # Bounds what hangs.
            signal.alarm(60)
            status = 1
            try:
                Functions(connect(server.url), "rq").check()
                status = 0
            finally:
                os._exit(status)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0


@pytest.mark.parametrize(("most", "kept"), [(1, 0), (8, 2)])
def test_a_small_pool_has_room_for_the_rest_of_its_users(
    server: RedisProcess, most: int, kept: int
) -> None:
    client = connect(f"{server.url}?max_connections={most}", name="caller")
    lent = [kept_connections(client.connection_pool).take() for _ in range(most)]
    for each in lent:
        kept_connections(client.connection_pool).give_back(each)

    others = [client.connection_pool.get_connection() for _ in range(most - kept)]

    assert len(others) == most - kept
    client.close()


def test_many_threads_at_once_share_no_connection(server: RedisProcess, client: Redis) -> None:
    functions, barrier, wrong = Functions(client, "rq"), threading.Barrier(30), []

    def call(number: int) -> None:
        barrier.wait()
        for _ in range(20):
            rows = functions.call("facts", "", *["nobody"] * number)
            if len(rows) != number:
                wrong.append((number, len(rows)))

    threads = [threading.Thread(target=call, args=(number,)) for number in range(1, 31)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


def test_closing_the_client_ends_those_that_are_kept(server: RedisProcess, client: Redis) -> None:
    client.close()

    eventually(lambda: "caller" not in {one["name"] for one in server.admin.client_list()})
    Functions(client, "rq").check()


@pytest.mark.parametrize("connected", [connect, connect_blocking])
def test_as_many_threads_may_call_at_once_as_there_are(
    server: RedisProcess, connected: Callable[..., Redis]
) -> None:
    client = connected(server.url, name="crowd")

    lent = [client.connection_pool.get_connection() for _ in range(150)]

    assert len({id(each) for each in lent}) == 150
    client.close()


def test_an_address_may_say_how_many_connections_there_are(server: RedisProcess) -> None:
    client = connect(f"{server.url}?max_connections=2", name="few")
    lent = [client.connection_pool.get_connection() for _ in range(2)]

    with pytest.raises(redis_errors.ConnectionError, match="Too many connections"):
        client.connection_pool.get_connection()

    assert len(lent) == 2
    client.close()


@pytest.mark.parametrize("connected", [connect, connect_blocking])
def test_a_quiet_connection_is_asked_whether_its_other_end_is_there(
    server: RedisProcess, connected: Callable[..., Redis]
) -> None:
    """A router that forgot it would else cost the first call after a quiet night."""
    client = connected(server.url, name="quiet")
    connection: Any = client.connection_pool.get_connection()

    asked = [
        connection._sock.getsockopt(level, option)
        for level, option in (
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
            (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
            (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
            (socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
        )
    ]

    assert asked == [1, 60, 10, 3]
    client.close()
