"""One mail address, with or without a name, read strictly."""

from __future__ import annotations

import re
from typing import NamedTuple

from backend.domain.text.internet_name import ascii_name
from workers.mail.header_text import header_text

_LONGEST_ADDRESS = 254
_LONGEST_LOCAL = 64
_LONGEST_NAME = 128
_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
#: Characters that IDNA reads as a dot; a domain must not have parts that nobody sees.
_OTHER_DOTS = re.compile("[\u3002\uff0e\uff61]")
_NAMED = re.compile(r'(?P<name>[^<>"@,;:\\()\[\]]*|"[^<>"@\\]*")\s*<(?P<address>[^<>\s]+)>')


class Mailbox(NamedTuple):
    """Somebody who can get a mail."""

    name: str
    local: str
    domain: str

    @property
    def address(self) -> str:
        """``local@domain``, the domain in ASCII."""
        return f"{self.local}@{self.domain}"


def read_mailbox(text: str) -> Mailbox:
    """The mailbox that ``user@example.com`` or ``Name <user@example.com>`` means, else `ValueError`."""
    header_text(text)
    named = _NAMED.fullmatch(text)
    name = named["name"].strip().strip('"') if named else ""
    if len(name) > _LONGEST_NAME:
        raise ValueError(f"the name before the address is over {_LONGEST_NAME} characters")
    local, at, domain = (named["address"] if named else text).rpartition("@")
    if not at or "@" in local or "," in text.replace(name, "", 1):
        raise ValueError(
            "it is not one mail address like user@example.com or Name <user@example.com>; "
            "several go in a list"
        )
    return Mailbox(name, _local(local), _domain(local, domain))


def _local(local: str) -> str:
    if len(local) > _LONGEST_LOCAL or not _LOCAL.fullmatch(local):
        raise ValueError(
            "what stands before the @ must be 1 to 64 ASCII letters, digits and signs, "
            "without quotes, blanks or comments"
        )
    return local


def _domain(local: str, domain: str) -> str:
    if _OTHER_DOTS.search(domain):
        raise ValueError("the domain after the @ holds a character that only looks like a dot")
    try:
        ascii_domain = ascii_name(domain)
    except ValueError:
        raise ValueError("the domain after the @ is not a domain name") from None
    labels = ascii_domain.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise ValueError("the domain after the @ is not a domain name like example.com")
    if len(local) + 1 + len(ascii_domain) > _LONGEST_ADDRESS:
        raise ValueError(f"the address is over {_LONGEST_ADDRESS} characters")
    return ascii_domain
