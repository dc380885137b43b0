"""Job ids: UUID version 7, so that the indexes of history stay dense (RFC 9562, section 5.7)."""

from __future__ import annotations

import re

from backend.domain.errors import InvalidOption

#: What RQ accepts and what our composite keys survive.
PATTERN = "[A-Za-z0-9_-]{1,64}"
WORDS = "1 to 64 letters, digits, '_' and '-'"
_ALLOWED = re.compile(PATTERN)


def uuid7(unix_ms: int, randomness: bytes) -> str:
    """The UUIDv7 of an instant in milliseconds and 10 random bytes."""
    tail = int.from_bytes(randomness[:10], "big")
    value = (unix_ms & 0xFFFFFFFFFFFF) << 80
    value |= 0x7 << 76 | (tail >> 68) << 64
    value |= 0b10 << 62 | (tail & 0x3FFFFFFFFFFFFFFF)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def checked(job_id: str) -> str:
    """``job_id`` itself; raises `InvalidOption` when RQ or our keys could not carry it."""
    if not _ALLOWED.fullmatch(job_id):
        raise InvalidOption(f"job id {job_id!r}: use {WORDS}", field="job_id")
    return job_id
