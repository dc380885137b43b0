"""API keys: what a token looks like, what is kept of it, and who it makes its bearer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from backend.domain.access.role import Role

#: Makes a token recognisable to secret scanners and to our own redaction of logs.
TOKEN_HEAD = "tally_key_"  # noqa: S105 - the public part
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#: Base-62 digits of 256 bits.
_DIGITS = 43
_HINT = 4


class Credential(StrEnum):
    """How a caller proved who they are."""

    #: A key that the record knows.
    KEY = "key"
    #: A key of the settings, good without Postgres.
    SETTINGS = "settings"
    #: A signed token of an identity provider.
    JWT = "jwt"
    #: Somebody at this machine: the command line, or Python.
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, as far as rights and the audit log are concerned."""

    #: Unique among principals of one credential; limits and idempotency keys are counted by it.
    id: str
    name: str
    role: Role
    #: Only this tenant's jobs are theirs to see; None: all.
    tenant: str | None = None
    credential: Credential = Credential.KEY
    #: The job types they may have run; None: all that their role may.
    job_types: frozenset[str] | None = None

    @property
    def full_id(self) -> str:
        """Unique among all principals."""
        return f"{self.credential}:{self.id}"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key as it is kept: everything but the token."""

    id: str
    name: str
    role: Role
    token_hint: str
    created_at: datetime
    created_by: str
    tenant: str | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    last_used_at: datetime | None = None
    last_used_from: str | None = None
    #: The only job types its bearer may have run; None: all that the role may.
    job_types: tuple[str, ...] | None = None
    #: Not shown in representations, so that it reaches no log.
    token_sha256: bytes = field(default=b"", repr=False)

    def is_good(self, now: datetime) -> bool:
        """Whether it opens the door at an instant."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    @property
    def principal(self) -> Principal:
        """Who its bearer is."""
        job_types = None if self.job_types is None else frozenset(self.job_types)
        return Principal(self.id, self.name, self.role, self.tenant, Credential.KEY, job_types)


def token_of(randomness: bytes) -> str:
    """The token made of 32 random bytes."""
    number, digits = int.from_bytes(randomness, "big"), ""
    for _ in range(_DIGITS):
        number, digit = divmod(number, len(_ALPHABET))
        digits += _ALPHABET[digit]
    return TOKEN_HEAD + digits


def fingerprint_of(token: str) -> bytes:
    """What is kept of a token. A fast hash will do: it has 256 bits of chance, not a person's word."""
    return hashlib.sha256(token.encode()).digest()


def hint_of(token: str) -> str:
    """The last characters of a token, so that people can tell keys apart."""
    return token[-_HINT:]
