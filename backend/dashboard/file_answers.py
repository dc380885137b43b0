"""Files that jobs produced, as a browser gets them."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response

from backend.api.answer import FileAnswer

#: Browsers show these without running anything of them as a page of ours.
_SHOWN = frozenset({"application/pdf"})
_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def file_response(file: FileAnswer) -> Response:
    """A PDF opens; everything else is saved, because what a job made is not ours to run."""
    shown = file.media_type in _SHOWN
    response = Response(file.chunks, content_type=file.media_type)
    place = "inline" if shown else "attachment"
    name = quote(file.name, safe="")
    response.headers["Content-Disposition"] = f"{place}; filename*=UTF-8''{name}"
    response.headers["Content-Length"] = str(file.size_bytes)
    if shown:
        response.headers["Content-Security-Policy"] = _POLICY
    return response
