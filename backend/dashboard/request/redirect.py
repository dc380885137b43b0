"""Sends a browser on."""

from __future__ import annotations

from flask import Response

_SEE_OTHER = 303


def see_other(address: str) -> Response:
    """Go there, with a GET, whatever was sent here."""
    return Response(status=_SEE_OTHER, headers={"Location": address})
