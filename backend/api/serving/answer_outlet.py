"""What stands for a socket while an answer is made: what its reader does not take at once is kept.

A thread that waits until a slow reader took its answer serves nobody else, so the threads of requests
never wait here. What is left when an answer is made goes to the `AnswerSender`.
"""

from __future__ import annotations

import os
import socket
import tempfile
from collections import deque
from typing import Any, BinaryIO

#: Bytes of answers that wait in memory for each connection; what is more waits in a temporary file.
_MOST_IN_MEMORY = 1024 * 1024
#: Bytes handed to the kernel in one call, so that one fast reader does not keep the others waiting.
_AT_ONCE = 256 * 1024


class _Text:
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._rest = memoryview(data)

    def send(self, sock: Any) -> int:
        sent: int = sock.send(self._rest[:_AT_ONCE], socket.MSG_DONTWAIT)
        self._rest = self._rest[sent:]
        return sent

    @property
    def left(self) -> int:
        return len(self._rest)

    def close(self) -> None:
        self._rest = memoryview(b"")


class _Stretch:
    """A stretch of an open file, by a descriptor of its own: whoever opened the file may close it."""

    def __init__(self, descriptor: int, begin: int, length: int) -> None:
        self._descriptor = os.dup(descriptor)
        self._at = begin
        self.left = length

    def send(self, sock: Any) -> int:
        sent = os.sendfile(sock.fileno(), self._descriptor, self._at, min(self.left, _AT_ONCE))
        if not sent:
            raise ConnectionAbortedError("the file is shorter than it was when its answer began")
        self._at += sent
        self.left -= sent
        return sent

    def close(self) -> None:
        os.close(self._descriptor)


class AnswerOutlet:
    """The socket of a connection as gunicorn writes to it. Whatever is no sending goes to the socket."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._pieces: deque[_Text | _Stretch] = deque()
        #: Bytes that the kernel has taken.
        self.sent = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    @property
    def left(self) -> int:
        """Bytes that the kernel has not taken yet."""
        return sum(piece.left for piece in self._pieces)

    def sendall(self, data: bytes) -> None:
        """Sends what can be sent at once and keeps the rest."""
        rest = memoryview(data)
        while rest and not self._pieces:
            try:
                sent = self._sock.send(rest, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            self.sent += sent
            rest = rest[sent:]
        if rest:
            self._keep(rest)

    def sendfile(self, file: BinaryIO, offset: int = 0, count: int | None = None) -> int:
        """Keeps a stretch of a file to be sent; answers its length."""
        length = os.fstat(file.fileno()).st_size - offset if count is None else count
        self._pieces.append(_Stretch(file.fileno(), offset, length))
        return length

    def push(self) -> None:
        """Sends what the socket takes now, which must not block; raises OSError when nobody reads."""
        try:
            self._push()
        except BlockingIOError:
            return

    def close_pieces(self) -> None:
        """Lets go of what was not sent."""
        while self._pieces:
            self._pieces.popleft().close()

    def _push(self) -> None:
        budget = _AT_ONCE
        while self._pieces and budget > 0:
            sent = self._pieces[0].send(self._sock)
            budget -= sent
            self.sent += sent
            if not self._pieces[0].left:
                self._pieces.popleft().close()

    def _keep(self, rest: memoryview) -> None:
        if self.left + len(rest) <= _MOST_IN_MEMORY:
            self._pieces.append(_Text(bytes(rest)))
            return
        with tempfile.TemporaryFile() as file:
            file.write(rest)
            file.flush()
            self._pieces.append(_Stretch(file.fileno(), 0, len(rest)))
