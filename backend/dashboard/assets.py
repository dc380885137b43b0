"""Style, script and icon: our own files, named by their contents so that browsers may keep them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Response, abort, request, send_from_directory

FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def asset(name: str) -> str:
    """The address of a file."""
    return f"{request.script_root}/dashboard/static/{_release()}/{name}"


def serve_asset(release: str, name: str) -> Response:  # noqa: ARG001 - only part of the address
    """The file itself."""
    kind = _TYPES.get(Path(name).suffix)
    if kind is None:
        abort(404)
    response = send_from_directory(FOLDER, name, mimetype=kind)
    response.direct_passthrough = False  # small: read whole, so that it can be compressed
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@cache
def _release() -> str:
    """One digest for all, because scripts import each other by relative addresses."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]
