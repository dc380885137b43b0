"""The cookie that carries the id of a session."""

from __future__ import annotations

from flask import Request, Response

#: Browsers take the first only for a whole host; below a path another deployment may be beside ours.
_HOST_NAME, _SECURE_NAME, _PLAIN_NAME = "__Host-tally", "__Secure-tally", "tally_session"


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
        path=_path(request),
    )


def clear_cookie(response: Response, request: Request) -> None:
    """Takes it away."""
    response.delete_cookie(
        _name(request),
        path=_path(request),
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )


def _name(request: Request) -> str:
    if not request.is_secure:
        return _PLAIN_NAME
    return _SECURE_NAME if request.script_root else _HOST_NAME


def _path(request: Request) -> str:
    return request.script_root or "/"
