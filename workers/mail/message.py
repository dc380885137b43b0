"""Puts a mail together as bytes, and makes sure that it says what was meant and no more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import NamedTuple

from backend.domain.errors import PermanentFailure
from workers.mail.header_text import header_text
from workers.mail.mailbox import Mailbox

#: Eight-bit bodies need an extension that not every server on the way has.
_POLICY = SMTP.clone(cte_type="7bit")
_OWN_HEADERS = frozenset({"content-type", "content-transfer-encoding", "mime-version"})


class AttachedFile(NamedTuple):
    """A file that goes with a mail."""

    name: str
    media_type: str
    content: bytes


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


def message_id(job_id: str, domain: str) -> str:
    """The same for every attempt of a job, so that a second copy can be recognised."""
    return f"<{job_id}@{domain}>"


def write_message(parts: MailParts) -> bytes:
    """The mail on the wire; raises `PermanentFailure` when it cannot be one."""
    message = EmailMessage(policy=_POLICY)
    for name, value in _headers(parts).items():
        message[name] = value
    wanted = [name.lower() for name in message]
    _add_bodies(message, parts.text, parts.html)
    for file in parts.attachments:
        main, _, sub = file.media_type.partition("/")
        message.add_attachment(file.content, maintype=main, subtype=sub, filename=file.name)
    written = message.as_bytes()
    _refuse_other_headers(written, wanted)
    return written


def _headers(parts: MailParts) -> dict[str, object]:
    headers: dict[str, object] = {
        "Message-ID": parts.message_id,
        "Date": parts.sent_at,
        "From": _written(parts.sender),
        "To": tuple(_written(mailbox) for mailbox in parts.to),
    }
    if parts.cc:
        headers["Cc"] = tuple(_written(mailbox) for mailbox in parts.cc)
    if parts.reply_to:
        headers["Reply-To"] = tuple(_written(mailbox) for mailbox in parts.reply_to)
    headers["Subject"] = _checked(parts.subject)
    # RFC 3834: keeps out-of-office answers from coming back.
    headers["Auto-Submitted"] = "auto-generated"
    return headers


def _written(mailbox: Mailbox) -> Address:
    return Address(_checked(mailbox.name), mailbox.local, mailbox.domain)


def _checked(text: str) -> str:
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
