"""A file that goes with a mail, encoded piece by piece, so that it is never whole in memory."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTP
from typing import BinaryIO, NamedTuple

from backend.domain.errors import ArtifactError

_MAIL = "message/rfc822"
#: Bytes that make one line of base64, and how many of these lines are made at once.
_LINE_BYTES, _LINES = 57, 1024
#: RFC 5322, 2.1.1, with the line's end.
_LONGEST_LINE = 1000


class AttachedFile(NamedTuple):
    """A file, and how to read it: ``open`` may be called several times."""

    name: str
    media_type: str
    size_bytes: int
    open: Callable[[], BinaryIO]

    def encoding(self) -> Encoding:
        """How it goes into the mail. Reads the file where that depends on what is in it."""
        main = self.media_type.partition("/")[0]
        if self.media_type == _MAIL:
            size_bytes = self._size_as_lines()
            if size_bytes is not None:
                return Encoding(self, _MAIL, "7bit", size_bytes)
        # Neither a message nor a multipart may be encoded (RFC 2046, 5.1 and 5.2.1).
        media_type = (
            "application/octet-stream" if main in {"message", "multipart"} else self.media_type
        )
        return Encoding(self, media_type, "base64", _base64_size(self.size_bytes))

    def pieces(self, *, as_lines: bool) -> Iterator[bytes]:
        """The encoded file as whole lines that end in CRLF; raises `ArtifactError`."""
        try:
            with self.open() as file:
                if as_lines:
                    yield from (_line_end(line) for line in file)
                    return
                while chunk := file.read(_LINE_BYTES * _LINES):
                    yield base64.encodebytes(chunk).replace(b"\n", b"\r\n")
        except OSError as error:
            raise ArtifactError(f"{self.name} cannot be read: {error}") from error

    def _size_as_lines(self) -> int | None:
        """Bytes of a mail that any server passes on as it is; None for one that must be encoded."""
        size_bytes = 0
        with self.open() as file:
            while line := file.readline(_LONGEST_LINE + 1):
                bare = line.removesuffix(b"\n").removesuffix(b"\r")
                if len(bare) + 2 > _LONGEST_LINE or not bare.isascii():
                    return None
                if b"\r" in bare or b"\0" in bare:
                    return None
                size_bytes += len(bare) + 2
        return size_bytes


class Encoding(NamedTuple):
    """A file in the form that it takes in a mail."""

    file: AttachedFile
    media_type: str
    transfer_encoding: str
    size_bytes: int

    def part(self, content: str) -> EmailMessage:
        """A part of a mail with the file's headers, and ``content`` where the encoded file belongs."""
        part = EmailMessage(policy=SMTP)
        part.set_content(
            b"", *self.media_type.split("/", 1), disposition="attachment", filename=self.file.name
        )
        part.replace_header("Content-Transfer-Encoding", self.transfer_encoding)
        part.set_payload(f"{content}\r\n")
        return part

    def pieces(self) -> Iterator[bytes]:
        """The encoded file as whole lines that end in CRLF; raises `ArtifactError`."""
        return self.file.pieces(as_lines=self.transfer_encoding == "7bit")


def _base64_size(size_bytes: int) -> int:
    lines = -(-size_bytes // _LINE_BYTES)
    return -(-size_bytes // 3) * 4 + lines * 2


def _line_end(line: bytes) -> bytes:
    return line.removesuffix(b"\n").removesuffix(b"\r") + b"\r\n"
