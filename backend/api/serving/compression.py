"""Texts go over the wire compressed to whoever takes that; files of jobs go as they are."""

from __future__ import annotations

import io
import secrets
from gzip import GzipFile

from flask import Flask, Response, request

_TEXTS = frozenset({"text/html", "text/css", "text/javascript", "image/svg+xml", "application/json",
                    "application/problem+json"})  # fmt: skip
#: Bytes below which compressing gains less than its header costs, and above which it would take too long.
_LEAST, _MOST = 1000, 8 * 1024 * 1024
_LEVEL = 4
#: Bytes of noise, at most: see `_packed`.
_NOISE = 100


def compress_answers(app: Flask) -> None:
    """For all that an application serves, but for files that are sent as such."""
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    if response.direct_passthrough or response.mimetype not in _TEXTS:
        return response
    response.vary.add("Accept-Encoding")
    is_plain = "Content-Encoding" not in response.headers and response.status_code not in {204, 304}
    if not is_plain or not request.accept_encodings["gzip"]:
        return response
    body = response.get_data()
    if not _LEAST <= len(body) <= _MOST:
        return response
    response.set_data(_packed(body))
    response.headers["Content-Encoding"] = "gzip"
    tag, _ = response.get_etag()
    if tag is not None:
        # The same content in other bytes.
        response.set_etag(tag, weak=True)
    return response


def _packed(body: bytes) -> bytes:
    """With a name of random length in its head, which nobody reads.

    Whoever sees how long a compressed page is, and can make a browser ask for it with texts of theirs,
    finds out a secret in it letter by letter (BREACH). Our cookie is `SameSite=Strict`: no other site can
    make a browser do that; the noise is for what is on the same site.
    """
    packed = io.BytesIO()
    name = secrets.token_hex(_NOISE)[: secrets.randbelow(_NOISE) + 1]
    with GzipFile(name, "wb", _LEVEL, packed, mtime=0) as file:
        file.write(body)
    return packed.getvalue()
