"""Makes the mail that a payload asks for: template, sender, recipients, attachments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple

from backend.api.config.worker_settings import MailSettings
from backend.domain.errors import ArtifactError, ConfigurationError, PermanentFailure
from workers.artifacts.artifact import Artifact
from workers.artifacts.artifact_store import ArtifactStore
from workers.base_worker import JobContext
from workers.mail.attached_file import AttachedFile
from workers.mail.mail import Attachment, Mail
from workers.mail.mailbox import Mailbox, read_mailbox
from workers.mail.message import MailParts, Message, message_id, write_message
from workers.mail.submission import Envelope
from workers.mail.templates import MailTemplates, Rendered

_MEGABYTE = 1024 * 1024


class Composed(NamedTuple):
    """A mail ready to be handed over."""

    message_id: str
    envelope: Envelope
    recipients: Sequence[str]


class Composer:
    """Composes mails with the templates, senders and limits of the settings."""

    def __init__(self, sender: str, settings: MailSettings, artifacts: ArtifactStore) -> None:
        self._default_sender = sender
        self._senders = {_configured(text).address for text in (sender, *settings.senders)}
        self._most_bytes = settings.attachments_mb * _MEGABYTE
        self._templates = MailTemplates(settings.templates)
        self._artifacts = artifacts

    def compose(self, mail: Mail, context: JobContext) -> Composed:
        """The mail as it will be sent; raises `PermanentFailure` saying what cannot be."""
        sender = self._sender(mail)
        to, cc, bcc, reply_to = (
            [read_mailbox(text) for text in texts]
            for texts in (mail.to, mail.cc, mail.bcc, mail.reply_to)
        )
        subject, text, html = self._content(mail)
        parts = MailParts(
            message_id(context.job_id, sender.domain),
            sender,
            to,
            cc,
            reply_to,
            subject,
            text,
            html,
            self._files(mail.attachments, context),
            context.now(),
        )
        return Composed(
            parts.message_id,
            Envelope(sender.address, _written(parts)),
            _each_once([*to, *cc, *bcc]),
        )

    def _sender(self, mail: Mail) -> Mailbox:
        sender = read_mailbox(mail.sender or self._default_sender)
        if sender.address not in self._senders:
            raise PermanentFailure(
                f"mails from {sender.address} are not allowed; list the address in mail.senders"
            )
        return sender

    def _content(self, mail: Mail) -> Rendered:
        if mail.template is None:
            return Rendered(mail.subject, mail.text, mail.html)
        rendered = self._templates.render(mail.template, mail.data)
        if not (mail.subject or rendered.subject):
            raise PermanentFailure(f"neither the job nor template {mail.template!r} has a subject")
        return rendered._replace(subject=mail.subject or rendered.subject)

    def _files(self, attachments: Iterable[Attachment], context: JobContext) -> list[AttachedFile]:
        files: list[AttachedFile] = []
        left = self._most_bytes
        for attachment in attachments:
            artifact = _found(self._artifacts, attachment.artifact, context)
            left -= artifact.size_bytes
            if left < 0:
                raise PermanentFailure(
                    f"the attachments are over mail.attachments_mb ({self._most_bytes:.0f} bytes); "
                    "send a link to the artifact instead"
                )
            files.append(
                AttachedFile(
                    attachment.name or artifact.name,
                    artifact.media_type,
                    artifact.size_bytes,
                    partial(self._artifacts.open, artifact.id),
                )
            )
        return files


def _found(store: ArtifactStore, artifact_id: str, context: JobContext) -> Artifact:
    """A file that the job may see; one of another tenant is as if it were not there."""
    try:
        artifact = store.find(artifact_id)
    except ArtifactError as error:
        raise cannot_attach(error) from error
    if context.is_confined and artifact.tenant != context.tenant:
        raise cannot_attach(
            ArtifactError(f"there is no artifact {artifact_id!r}; it may have expired")
        )
    return artifact


def _written(parts: MailParts) -> Message:
    try:
        return write_message(parts)
    except ArtifactError as error:
        raise cannot_attach(error) from error


def cannot_attach(error: ArtifactError) -> PermanentFailure:
    """How an attempt ends whose attachment cannot be read."""
    return PermanentFailure(f"cannot attach: {error}")


def _configured(text: str) -> Mailbox:
    try:
        return read_mailbox(text)
    except ValueError as error:
        raise ConfigurationError(
            f"smtp.sender and mail.senders hold mail addresses; {text!r}: {error}"
        ) from error


def _each_once(mailboxes: Iterable[Mailbox]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(mailbox.address for mailbox in mailboxes))
