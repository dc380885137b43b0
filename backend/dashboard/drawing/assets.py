"""Style, script and icon: our own files, named by their contents so that browsers may keep them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Response, abort, request

FOLDER = Path(__file__).parents[1] / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def asset(name: str) -> str:
    """The address of a file."""
    return f"{request.script_root}/dashboard/static/{_release()}/{name}"


def serve_asset(release: str, name: str) -> Response:
    """The file itself; they are small, and read whole so that they can be compressed.

    Ours under the address of another release, as during an upgrade, is good for this once only.
    """
    contents = _files().get(name)
    if contents is None:
        abort(404)
    response = Response(contents, content_type=f"{_TYPES[Path(name).suffix]}; charset=utf-8")
    if release == _release():
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@cache
def _files() -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix in _TYPES
    }


@cache
def _release() -> str:
    """One digest for all, because scripts import each other by relative addresses."""
    digest = hashlib.sha256()
    for name, contents in _files().items():
        digest.update(name.encode() + contents)
    return digest.hexdigest()[:16]
