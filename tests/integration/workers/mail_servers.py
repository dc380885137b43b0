"""Mail servers on loopback: a real one that keeps what it gets, and one that misbehaves as told."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


@dataclass
class Delivered:
    """One mail as the server got it."""

    sender: str
    recipients: list[str]
    raw: bytes
    port: int

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=default)  # type: ignore[return-value]

    def text(self, subtype: str = "plain") -> str:
        return self.message.get_body((subtype,)).get_content()  # type: ignore[union-attr]


@dataclass
class Inbox:
    """What a mail server received, and how it answers: an answer by the part of the dialogue."""

    mails: list[Delivered] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    connections: int = 0
    most_recipients: int = 1000
    too_many: str = "452 4.5.3 too many recipients"

    async def handle_EHLO(  # noqa: N802 - named and called by aiosmtpd
        self, server: Any, session: Any, envelope: Any, hostname: str, lines: Any
    ):
        self.connections += 1
        session.host_name = hostname
        return lines

    async def handle_RCPT(  # noqa: N802 - likewise
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        answer = self.answers.get(address) or self.answers.get("RCPT")
        if answer:
            return answer
        if len(envelope.rcpt_tos) >= self.most_recipients:
            return self.too_many
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_MAIL(  # noqa: N802 - likewise
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if "MAIL" in self.answers:
            return self.answers["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if "DATA" in self.answers:
            return self.answers["DATA"]
        if answer := self.answers.get(f"DATA {len(self.mails) + 1}"):
            return answer
        self.mails.append(
            Delivered(
                envelope.mail_from, list(envelope.rcpt_tos), envelope.content, session.peer[1]
            )
        )
        return f"250 queued as {len(self.mails)}"


class _AnyPort(Controller):
    """A controller that takes whichever port is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class MailServer:
    """A real SMTP server for one test."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        login: tuple[str, str] | None = None,
        idle_seconds: float = 60,
        most_recipients: int = 1000,
    ) -> None:
        self.inbox = Inbox(most_recipients=most_recipients)
        self._controller = _AnyPort(
            self.inbox,
            hostname="127.0.0.1",
            port=0,
            ssl_context=tls,
            ready_timeout=20,
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=_checker(login),
            auth_required=login is not None,
            auth_require_tls=False,
            timeout=idle_seconds,
        )

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        return int(self._controller.port)


def _checker(login: tuple[str, str] | None) -> Any:
    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        given = (
            (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else ()
        )
        return AuthResult(success=given == login, handled=False)

    return check if login else None


Step = bytes | Callable[[socket.socket], None]


def drop(connection: socket.socket) -> None:
    """Ends the connection without an answer."""
    connection.shutdown(socket.SHUT_RDWR)


class RudeServer(threading.Thread):
    """A mail server that answers each part of the dialogue as it is told: bytes, or a deed."""

    USUAL: Mapping[str, Step] = {
        "connect": b"220 ready\r\n",
        "EHLO": b"250 hello\r\n",
        "MAIL": b"250 ok\r\n",
        "RCPT": b"250 ok\r\n",
        "DATA": b"354 go on\r\n",
        ".": b"250 taken\r\n",
        "RSET": b"250 ok\r\n",
        "QUIT": b"221 bye\r\n",
    }

    def __init__(self, **steps: Step) -> None:
        super().__init__(daemon=True)
        self.steps: dict[str, Step] = {**self.USUAL, **steps}
        self.taken: list[bytes] = []
        self.ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    def run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self._serve(connection)
                except OSError:
                    continue

    def _serve(self, connection: socket.socket) -> None:
        self._answer(connection, "connect")
        lines = connection.makefile("rb")
        for line in lines:
            verb = line[:4].decode("ascii", "replace").strip().upper()
            self._answer(connection, verb)
            if (
                verb == "DATA"
                and isinstance(self.steps["DATA"], bytes)
                and self.steps["DATA"][:1] == b"3"
            ):
                self.taken.append(self._body(lines))
                self._answer(connection, ".")

    @staticmethod
    def _body(lines: Any) -> bytes:
        body = b""
        for line in lines:
            if line == b".\r\n":
                break
            body += line
        return body

    def _answer(self, connection: socket.socket, verb: str) -> None:
        step = self.steps[verb]
        if isinstance(step, bytes):
            connection.sendall(step)
        else:
            step(connection)

    def stop(self) -> None:
        self.ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.join(5)
