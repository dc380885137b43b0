"""Ids of jobs that follow from something else: the same cause gives the same id, however often."""

from __future__ import annotations

import hashlib
import re

from backend.domain.jobs.job_id import uuid7

_UUID7 = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def derived_job_id(cause: str, purpose: str) -> str:
    """The id of the job that follows from ``cause`` for one ``purpose``.

    It keeps the instant inside a UUIDv7, so that the indexes of history stay dense. Its place comes from
    the cause and the purpose too, see `place`.
    """
    digest = hashlib.sha256(f"{cause}\n{purpose}".encode()).digest()
    match = _UUID7.fullmatch(cause)
    unix_ms = int(match[1] + match[2], 16) if match else int.from_bytes(digest[10:16], "big")
    return uuid7(unix_ms, digest[:10])
