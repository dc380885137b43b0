"""The payload of `send_email`."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    JsonValue,
    ValidationInfo,
    field_validator,
    model_validator,
)

from workers.artifacts.file_name import FileName
from workers.handlers.payload import Payload
from workers.mail.header_text import header_text
from workers.mail.mailbox import read_mailbox

MOST_RECIPIENTS = 50
_MOST_ATTACHMENTS = 20
_LONGEST_SUBJECT = 500


def _address(text: str) -> str:
    read_mailbox(text)
    return text


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("it holds half a character (a lone surrogate); send whole text") from None
    return text


Address = Annotated[str, Field(max_length=500), AfterValidator(_address)]
Addresses = Annotated[
    tuple[Address, ...],
    Field(max_length=MOST_RECIPIENTS),
    BeforeValidator(_listed, json_schema_input_type=str | list[str]),
]
HeaderText = Annotated[str, Field(max_length=_LONGEST_SUBJECT), AfterValidator(header_text)]
Body = Annotated[str, AfterValidator(_encodable)]


class Attachment(Payload):
    """A file of the artifact store that goes with a mail."""

    artifact: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="The artifact's id.")
    name: FileName | None = Field(
        None, description="What the recipient sees; its own name if none."
    )


class Mail(Payload):
    """One mail. Addresses are ``user@example.com`` or ``Name <user@example.com>``."""

    to: Annotated[Addresses, Field(min_length=1)] = Field(description="One address, or a list.")
    cc: Addresses = ()
    bcc: Addresses = Field((), description="Get the mail, and are named in none of its headers.")
    reply_to: Addresses = ()
    sender: Address | None = Field(
        None, alias="from", description="smtp.sender when none; others are listed in mail.senders."
    )
    template: str | None = Field(
        None,
        pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$",
        description="A folder of the template folder, instead of text and html.",
    )
    data: dict[str, JsonValue] = Field(
        default_factory=dict, description="What the template's variables stand for."
    )
    subject: HeaderText = Field("", description="May come from the template instead.")
    text: Body = Field("", description="The body as plain text.")
    html: Body = Field("", description="The body as HTML.")
    attachments: Annotated[tuple[Attachment, ...], Field(max_length=_MOST_ATTACHMENTS)] = ()

    @field_validator("subject")
    @classmethod
    def _subject_is_somewhere(cls, subject: str, info: ValidationInfo) -> str:
        if not subject.strip() and info.data.get("template") is None:
            raise ValueError("a mail needs a subject, or a template that has one")
        return subject

    @field_validator("text", "html")
    @classmethod
    def _not_beside_a_template(cls, body: str, info: ValidationInfo) -> str:
        if body and info.data.get("template") is not None:
            raise ValueError("give a template or a body of your own, not both")
        return body

    @model_validator(mode="after")
    def _few_enough(self) -> Self:
        if len(self.to) + len(self.cc) + len(self.bcc) > MOST_RECIPIENTS:
            raise ValueError(
                f"to, cc and bcc together may name {MOST_RECIPIENTS} recipients; "
                "send several mails instead"
            )
        return self
