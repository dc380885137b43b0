"""Where a form comes from: only from our own pages, in the session that it was drawn in."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from flask import Request

from backend.dashboard.session import Session
from backend.domain.access_errors import NotAllowed

TOKEN_FIELD = "form_token"  # noqa: S105 - the name of a field


class ForeignForm(NotAllowed):
    """The form was not drawn by this dashboard for this session; nothing was done."""

    code = "foreign_form"


def check_origin(request: Request) -> None:
    """Raises `ForeignForm` for what another site made a browser send."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in {"same-origin", "none"}:
        raise ForeignForm("this form was sent from another site")
    origin = request.headers.get("Origin")
    # A page without a referrer, as ours are, sends "null" from Firefox; the token decides then.
    if origin not in {None, "null"} and urlsplit(str(origin)).netloc != request.host:
        raise ForeignForm("this form was sent from another site")


def check_token(request: Request, session: Session) -> None:
    """Raises `ForeignForm` unless the form bears the token of its session."""
    sent = request.form.get(TOKEN_FIELD, "") or request.headers.get("X-Form-Token", "")
    if not hmac.compare_digest(sent.encode(), session.form_token.encode()):
        raise ForeignForm("this form is from another session; load the page again and retry")
