"""Job ids: UUID version 7, so that the indexes of history stay dense (RFC 9562, section 5.7).

The last 12 of their random bits are the place where a job is at home: one of 4,096, of which each shard of
a deployment has its share. A deployment of one shard has all places, so a place decides nothing yet. It is
fixed already because ids live for years in records, in links and in tables of callers: whoever knows an
id will find the shard from it alone, without asking anybody. See docs/ids.md.
"""

from __future__ import annotations

import re
from binascii import crc_hqx

from backend.domain.errors import InvalidOption

#: What RQ accepts and what our composite keys survive.
PATTERN = "[A-Za-z0-9_-]{1,64}"
WORDS = "1 to 64 letters, digits, '_' and '-'"
_ALLOWED = re.compile(PATTERN)
#: A random digit with the two bits above that say which kind of UUID it is (RFC 9562, section 4.1).
_VARIANT = {f"{digit:x}": f"{0b1000 | digit & 0b11:x}" for digit in range(16)}
_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
PLACES = 4096
#: The last digits of a UUID, which tell its place.
_DIGITS = 3


def uuid7(unix_ms: int, randomness: bytes) -> str:
    """The UUIDv7 of an instant in milliseconds and 10 random bytes."""
    time, tail = f"{unix_ms & 0xFFFFFFFFFFFF:012x}", randomness[:10].hex()
    return f"{time[:8]}-{time[8:]}-7{tail[:3]}-{_VARIANT[tail[4]]}{tail[5:8]}-{tail[8:]}"


def checked(job_id: str) -> str:
    """``job_id`` itself; raises `InvalidOption` when RQ or our keys could not carry it."""
    if not _ALLOWED.fullmatch(job_id):
        raise InvalidOption(f"job id {job_id!r}: use {WORDS}", field="job_id")
    return job_id


def place(job_id: str) -> int:
    """The place of a job: the last 12 bits of a UUIDv7, of any other id that of its text."""
    if _UUID7.fullmatch(job_id):
        return int(job_id[-_DIGITS:], 16)
    return place_of_key(job_id)


def place_of_key(key: str) -> int:
    """The place of everything that one key holds together: CRC-16 as Redis Cluster has it, by 4,096."""
    return crc_hqx(key.encode(), 0) % PLACES


def key_that_places(
    *, limit_key: str = "", scope: str = "", unique_key: str = "", limited_type: str = ""
) -> str:
    """The key by which a job is placed; empty: it may be anywhere.

    What is limited or unique is so exactly only where all of it is in one place. A limit comes first: it
    is asked for at each start, and whether a key is taken once in a job's life. The key of what is the
    same comes before that of a call: said again, the same call has the same.
    """
    return limit_key or scope or unique_key or limited_type


def placed(job_id: str, key: str) -> str:
    """A fresh UUIDv7 at the place of a key; as it is where no key places it: its last bits are random."""
    return f"{job_id[:-_DIGITS]}{place_of_key(key):03x}" if key else job_id
