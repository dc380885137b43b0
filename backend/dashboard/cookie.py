"""The cookie that carries the id of a session."""

from __future__ import annotations

from flask import Request, Response

_SECURE_NAME, _PLAIN_NAME = "__Host-tally", "tally_session"


def session_id_in(request: Request) -> str:
    """The id that a browser sent; empty when it sent none."""
    return request.cookies.get(_name(request), "")


def set_cookie(response: Response, request: Request, session_id: str, seconds: float) -> None:
    """Gives a browser the id. Over HTTPS no other host or path can set or read it."""
    response.set_cookie(
        _name(request),
        session_id,
        max_age=int(seconds),
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
        path="/",
    )


def clear_cookie(response: Response, request: Request) -> None:
    """Takes it away."""
    response.delete_cookie(
        _name(request), path="/", secure=request.is_secure, httponly=True, samesite="Strict"
    )


def _name(request: Request) -> str:
    return _SECURE_NAME if request.is_secure else _PLAIN_NAME
