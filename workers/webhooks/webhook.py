"""The payload of `send_webhook`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue, field_validator

from backend.domain.text.web_target import read_target
from workers.handlers.payload import Payload

_MOST_HEADERS = 20
_LONGEST_VALUE = 2048
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
#: Headers that say how the message is carried, or that we set ourselves.
_RESERVED = re.compile(
    r"host|connection|keep-alive|content-.*|transfer-encoding|te|trailer|upgrade|expect|cookie|forwarded|"
    r"x-forwarded-.*|x-real-ip|via|date|accept-encoding|origin|referer|sec-.*|proxy-.*|webhook-.*|"
    r"idempotency-key|user-agent|http2-settings|x-http-method.*|x-method-override",
    re.IGNORECASE,
)


def _url(url: str) -> str:
    read_target(url)
    return url


class Webhook(Payload):
    """A message for another program: ``body`` is sent as JSON in a signed POST."""

    url: Annotated[str, AfterValidator(_url)] = Field(
        description="https://host/path of the receiver."
    )
    body: JsonValue = Field(default_factory=dict, description="Sent as JSON.")
    secret: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_.-]{1,64}$",
        description="Name of the signing secret under webhook.secrets; never the secret itself.",
    )
    headers: dict[str, str] = Field(
        default_factory=dict, description="Headers to send besides ours."
    )

    @field_validator("headers")
    @classmethod
    def _plain_headers(cls, headers: dict[str, str]) -> dict[str, str]:
        if len(headers) > _MOST_HEADERS:
            raise ValueError(f"at most {_MOST_HEADERS} headers may be added")
        for name, value in headers.items():
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name[:64]!a} is not the name of a header")
            if _RESERVED.fullmatch(name):
                raise ValueError(f"the header {name} is set by the sender alone")
            if len(value) > _LONGEST_VALUE or not _VALUE.fullmatch(value):
                raise ValueError(
                    f"the header {name} must be a line of 1 to {_LONGEST_VALUE} ASCII characters"
                )
        if len({name.lower() for name in headers}) < len(headers):
            raise ValueError("a header is given twice in different spelling")
        return headers
