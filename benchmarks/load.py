"""A load of HTTP requests from processes of their own: as fast as they are answered, or at fixed times."""

from __future__ import annotations

import multiprocessing
import re
import selectors
import socket
import time
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import NamedTuple

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
#: Seconds until every process stands ready.
_BEFORE = 0.3
#: Seconds without any answer.
_PATIENCE = 10.0


class Load(NamedTuple):
    """What to send, how often, over how many connections of how many processes."""

    port: int
    request: bytes
    requests: int
    #: Requests a second of all processes together; 0: each as soon as a connection is free.
    rate: float = 0.0
    processes: int = 2
    connections: int = 8


class Answered(NamedTuple):
    """When each request should have gone, and when its answer was there."""

    planned: list[float]
    ended: list[float]

    @property
    def per_second(self) -> float:
        """Answers a second, from the first request to the last answer."""
        return len(self.ended) / (max(self.ended) - min(self.planned))

    @property
    def milliseconds(self) -> list[float]:
        """Latencies from the planned times: a sender that falls behind does not hide a wait."""
        return [(end - plan) * 1000 for plan, end in zip(self.planned, self.ended, strict=True)]


def put(load: Load) -> Answered:
    """Sends all of a load; raises when an answer is not a 202."""
    senders = [_start(load) for _ in range(load.processes)]
    for _, pipe in senders:
        pipe.recv()
    began = time.monotonic() + _BEFORE
    every = 1 / load.rate if load.rate else 0.0
    plan = [began + number * every for number in range(load.requests)]
    for number, (_, pipe) in enumerate(senders):
        pipe.send(plan[number :: load.processes])
    answered = Answered([], [])
    for process, pipe in senders:
        planned, ended = pipe.recv()
        answered.planned.extend(planned)
        answered.ended.extend(ended)
        process.join(10)
    return answered


def _start(load: Load) -> tuple[BaseProcess, Connection]:
    # Forked, because a sender needs nothing of what a fresh interpreter would import again.
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_sender, args=(load, theirs), daemon=True)
    process.start()
    # Only the sender holds it now: its death is an end of the file here, not silence.
    theirs.close()
    return process, ours


def _sender(load: Load, pipe: Connection) -> None:
    """One process: connects, says so, gets its plan, carries it out."""
    connections = [_connected(load.port) for _ in range(load.connections)]
    pipe.send("ready")
    pipe.send(_carry_out(pipe.recv(), load.request, connections))


def _connected(port: int) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port), _PATIENCE)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _carry_out(
    plan: Sequence[float], request: bytes, connections: list[socket.socket]
) -> tuple[list[float], list[float]]:
    # Unlike epoll, select waits for fractions of a millisecond.
    busy, free = selectors.SelectSelector(), deque(connections)
    left, planned, ended = deque(plan), list[float](), list[float]()
    while left or busy.get_map():
        while left and free and left[0] <= time.monotonic():
            busy.register(free[0], selectors.EVENT_READ, left.popleft())
            free.popleft().sendall(request)
        for key, _ in _ready(busy, left[0] if left and free else None):
            _take_answer(key.fileobj)  # type: ignore[arg-type]
            ended.append(time.monotonic())
            planned.append(key.data)
            busy.unregister(key.fileobj)
            free.append(key.fileobj)  # type: ignore[arg-type]
    return planned, ended


def _ready(
    busy: selectors.BaseSelector, until: float | None
) -> list[tuple[selectors.SelectorKey, int]]:
    """Who has an answer, at the latest when the next request is to go."""
    if until is not None:
        return busy.select(max(0.0, until - time.monotonic()))
    ready = busy.select(_PATIENCE)
    if not ready:
        raise TimeoutError("the server does not answer")
    return ready


def _take_answer(sock: socket.socket) -> None:
    """Reads one answer, which is short: it comes in one piece, or nearly."""
    came = b""
    while not _is_whole(came):
        some = sock.recv(65536)
        if not some:
            raise ConnectionError("the server closed a connection")
        came += some
    if not came.startswith(b"HTTP/1.1 202 "):
        raise AssertionError(came.partition(b"\r\n")[0])


def _is_whole(came: bytes) -> bool:
    head, end, body = came.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return bool(end) and length is not None and len(body) >= int(length[1])
