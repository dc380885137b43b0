"""A mail server on loopback that keeps what it is given, so that a demonstration can show it."""

from __future__ import annotations

import asyncio
import email
import email.policy
import threading
from email.message import Message
from typing import Any

from aiosmtpd.smtp import SMTP


class MailCatcher:
    """Listens on a free port of 127.0.0.1 from `start` to `stop`."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.port = 0
        self._arrived = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.AbstractServer | None = None

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Called by the server for each mail."""
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        with self._arrived:
            self.mails.append(mail)
            self._arrived.notify_all()
        return "250 kept"

    def start(self) -> None:
        """Starts listening."""
        self._thread.start()
        listening = asyncio.run_coroutine_threadsafe(self._listen(), self._loop)
        listening.result(timeout=10)

    async def _listen(self) -> None:
        self._server = await self._loop.create_server(
            lambda: SMTP(self, hostname="localhost", loop=self._loop), "127.0.0.1", 0
        )
        self.port = int(self._server.sockets[0].getsockname()[1])

    def wait_for(self, message_id: str, timeout: float) -> Message | None:
        """The mail with a Message-ID, as soon as it is there; None after ``timeout`` seconds."""

        def found() -> Message | None:
            return next((mail for mail in self.mails if mail["Message-ID"] == message_id), None)

        with self._arrived:
            self._arrived.wait_for(lambda: found() is not None, timeout)
            return found()

    def stop(self) -> None:
        """Stops listening."""
        if self._server is not None:
            self._loop.call_soon_threadsafe(self._server.close)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)
