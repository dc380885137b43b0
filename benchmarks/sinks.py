"""Receivers on loopback that take what workers send, each in a process of its own."""

from __future__ import annotations

import asyncio
import multiprocessing
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
_ANSWER_AFTER = 0.05
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
#: More than any worker here has slots.
_BACKLOG = 512


@contextmanager
def listening(serve: Callable[[Connection], None]) -> Iterator[int]:
    """Runs a receiver; its port. It shares no interpreter with what is measured."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(20):
            raise TimeoutError("a receiver did not start")
        yield ours.recv()
    finally:
        process.terminate()
        process.join(10)


def hooks(started: Connection) -> None:
    """Takes webhooks and answers each after 50 ms."""
    asyncio.run(_serve(_Hook, started))


def mails(started: Connection) -> None:
    """Takes mails and throws them away."""
    from aiosmtpd.smtp import SMTP

    asyncio.run(_serve(lambda: SMTP(_Mails(), hostname="localhost"), started))


async def _serve(make: Callable[[], asyncio.BaseProtocol], started: Connection) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(make, "127.0.0.1", 0, backlog=_BACKLOG)
    started.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


class _Hook(asyncio.Protocol):
    """One connection: reads a request, waits, answers, closes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._came = b""

    def data_received(self, data: bytes) -> None:
        self._came += data
        head, end, body = self._came.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if end and length and len(body) >= int(length[1]):
            asyncio.get_running_loop().call_later(_ANSWER_AFTER, self._answer)

    def _answer(self) -> None:
        self._transport.write(_ANSWER)
        self._transport.close()


class _Mails:
    async def handle_DATA(self, _server: Any, _session: Any, _envelope: Any) -> str:  # noqa: N802
        return "250 taken"
