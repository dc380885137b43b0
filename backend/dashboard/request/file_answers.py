"""Files that jobs produced, as a browser gets them."""

from __future__ import annotations

from flask import Response, request

from backend.api.http.answer import FileAnswer
from backend.api.http.response import file_response

#: Browsers show these without running anything of them as a page of ours.
_SHOWN = frozenset({"application/pdf"})
_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def shown_or_saved(file: FileAnswer) -> Response:
    """A PDF opens; everything else is saved."""
    if file.media_type not in _SHOWN:
        return file_response(file, request)
    response = file_response(file, request, place="inline")
    response.headers["Content-Security-Policy"] = _POLICY
    return response
