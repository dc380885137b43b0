"""Puts a mail together as bytes, and makes sure that it says what was meant and no more."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import NamedTuple

from backend.domain.errors import PermanentFailure
from workers.mail.attached_file import AttachedFile, Encoding
from workers.mail.header_lines import mailbox_line, structured_line, text_line
from workers.mail.header_text import header_text
from workers.mail.mailbox import Mailbox

#: Eight-bit bodies need an extension that not every server on the way has.
_POLICY = SMTP.clone(cte_type="7bit")
_OWN_HEADERS = frozenset({"content-type", "content-transfer-encoding", "mime-version"})


class MailParts(NamedTuple):
    """Everything a mail is made of, checked and ready."""

    message_id: str
    sender: Mailbox
    to: Sequence[Mailbox]
    cc: Sequence[Mailbox]
    reply_to: Sequence[Mailbox]
    subject: str
    text: str
    html: str
    attachments: Sequence[AttachedFile]
    sent_at: datetime


class Message(NamedTuple):
    """A mail on the wire, in pieces of whole lines that end in CRLF: files are read as it is sent."""

    written: Sequence[bytes]
    #: One between each two of what is written.
    files: Sequence[Encoding]

    @property
    def size_bytes(self) -> int:
        """What a server is told before it gets the mail."""
        return sum(map(len, self.written)) + sum(file.size_bytes for file in self.files)

    def pieces(self) -> Iterator[bytes]:
        """The mail from start to end; raises `ArtifactError` for a file that cannot be read."""
        for written, file in zip(self.written, self.files, strict=False):
            yield written
            yield from file.pieces()
        yield self.written[-1]


def message_id(job_id: str, domain: str) -> str:
    """The same for every attempt of a job, so that a second copy can be recognised."""
    return f"<{job_id}@{domain}>"


def write_message(parts: MailParts) -> Message:
    """The mail on the wire; raises `PermanentFailure` when it cannot be one."""
    message = EmailMessage(policy=_POLICY)
    _add_bodies(message, parts.text, parts.html)
    files = [file.encoding() for file in parts.attachments]
    places = [secrets.token_hex(32) for _ in files]
    if files:
        message.make_mixed()
    for file, place in zip(files, places, strict=True):
        message.attach(file.part(place))
    headers = _headers(parts)
    written = b"".join(headers.values()) + message.as_bytes()
    _refuse_other_headers(written, list(headers))
    return Message(_split(written, places), files)


def _split(written: bytes, places: Sequence[str]) -> list[bytes]:
    """What stands around the places where files belong."""
    pieces = []
    for place in places:
        piece, _, written = written.partition(f"{place}\r\n".encode())
        pieces.append(piece)
    return [*pieces, written if written.endswith(b"\r\n") else written + b"\r\n"]


def _headers(parts: MailParts) -> dict[str, bytes]:
    headers = {
        "message-id": structured_line("Message-ID", parts.message_id),
        "date": structured_line("Date", format_datetime(parts.sent_at)),
        "from": mailbox_line("From", [_checked(parts.sender)]),
        "to": mailbox_line("To", map(_checked, parts.to)),
    }
    if parts.cc:
        headers["cc"] = mailbox_line("Cc", map(_checked, parts.cc))
    if parts.reply_to:
        headers["reply-to"] = mailbox_line("Reply-To", map(_checked, parts.reply_to))
    headers["subject"] = text_line("Subject", _checked_text(parts.subject))
    # RFC 3834: keeps out-of-office answers from coming back.
    headers["auto-submitted"] = structured_line("Auto-Submitted", "auto-generated")
    return headers


def _checked(mailbox: Mailbox) -> Mailbox:
    _checked_text(mailbox.name)
    return mailbox


def _checked_text(text: str) -> str:
    """Checked when enqueued, but what a template made of it was not."""
    try:
        return header_text(text)
    except ValueError as error:
        raise PermanentFailure(
            f"the mail's subject or a name in it cannot be used: {error}"
        ) from None


def _add_bodies(message: EmailMessage, text: str, html: str) -> None:
    if text or not html:
        message.set_content(text)
    if html and text:
        message.add_alternative(html, subtype="html")
    elif html:
        message.set_content(html, subtype="html")


def _refuse_other_headers(written: bytes, wanted: list[str]) -> None:
    """The last net: reads the mail as a server would, and wants the headers that were set, once each."""
    found = [name.lower() for name, _ in message_from_bytes(written).raw_items()]
    extra = sorted(set(found) - set(wanted) - _OWN_HEADERS)
    if extra or len(found) != len(set(found)):
        raise PermanentFailure(
            f"the mail would carry headers that nobody asked for ({', '.join(extra) or 'twice'}): refused"
        )
