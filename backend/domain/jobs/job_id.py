"""Job ids: UUID version 7, so that the indexes of history stay dense (RFC 9562, section 5.7)."""

from __future__ import annotations

import re

from backend.domain.errors import InvalidOption

#: What RQ accepts and what our composite keys survive.
PATTERN = "[A-Za-z0-9_-]{1,64}"
WORDS = "1 to 64 letters, digits, '_' and '-'"
_ALLOWED = re.compile(PATTERN)
#: A random digit with the two bits above that say which kind of UUID it is (RFC 9562, section 4.1).
_VARIANT = {f"{digit:x}": f"{0b1000 | digit & 0b11:x}" for digit in range(16)}


def uuid7(unix_ms: int, randomness: bytes) -> str:
    """The UUIDv7 of an instant in milliseconds and 10 random bytes."""
    time, tail = f"{unix_ms & 0xFFFFFFFFFFFF:012x}", randomness[:10].hex()
    return f"{time[:8]}-{time[8:]}-7{tail[:3]}-{_VARIANT[tail[4]]}{tail[5:8]}-{tail[8:]}"


def checked(job_id: str) -> str:
    """``job_id`` itself; raises `InvalidOption` when RQ or our keys could not carry it."""
    if not _ALLOWED.fullmatch(job_id):
        raise InvalidOption(f"job id {job_id!r}: use {WORDS}", field="job_id")
    return job_id
