"""Where a form comes from: only from our own pages, in the session that it was drawn in."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from flask import Request

from backend.dashboard.session.session import Session
from backend.domain.access.access_errors import NotAllowed

TOKEN_FIELD = "form_token"  # noqa: S105 - the name of a field


class ForeignForm(NotAllowed):
    """The form was not drawn by this dashboard for this session; nothing was done."""

    code = "foreign_form"


def check_origin(request: Request) -> None:
    """Raises `ForeignForm` for what another site made a browser send."""
    site = request.headers.get("Sec-Fetch-Site")
    if site == "same-origin":
        return  # The browser compared them itself, by what stands in its address bar.
    if site not in {None, "none"}:
        raise ForeignForm("this form was sent from another site")
    origin = request.headers.get("Origin")
    # A page without a referrer, as ours are, sends "null" from Firefox; the token decides then.
    if origin not in {None, "null"} and _host_of(str(origin)) != request.host:
        raise ForeignForm(
            f"this form was sent from {_host_of(str(origin))!r}, and this dashboard is served as "
            f"{request.host!r}. If both are yours, the proxy between them must pass the Host header on, "
            "or send X-Forwarded-Host with api.trusted_proxies set"
        )


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return origin


def check_token(request: Request, session: Session) -> None:
    """Raises `ForeignForm` unless the form bears the token of its session."""
    sent = request.form.get(TOKEN_FIELD, "") or request.headers.get("X-Form-Token", "")
    if not hmac.compare_digest(sent.encode(), session.form_token.encode()):
        raise ForeignForm("this form is from another session; load the page again and retry")
