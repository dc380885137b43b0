"""Signing in with a token, and out again."""

from __future__ import annotations

import math
from collections.abc import Callable

import structlog
from flask import Response, request

from backend.api.access.authentication import Authenticator
from backend.api.access.rate_limit import RateLimit
from backend.api.access.rights import RIGHTS, permit
from backend.api.config.dashboard_settings import DashboardSettings
from backend.api.http.api_errors import TooManyRequests
from backend.api.http.problem import told_of
from backend.dashboard.drawing.renderer import Drawing
from backend.dashboard.drawing.wording import plural
from backend.dashboard.request.forms import check_origin, check_token
from backend.dashboard.request.page_context import HOME, link
from backend.dashboard.request.redirect import see_other
from backend.dashboard.session.cookie import clear_cookie, session_id_in, set_cookie
from backend.dashboard.session.session_guard import the_call
from backend.dashboard.session.sessions import Sessions
from backend.domain.access.access_errors import NotAllowed, NotAuthenticated
from backend.domain.access.api_key import Principal
from backend.domain.errors import MigrationError, TallyError, Unavailable
from backend.domain.text.visible_text import steers

log = structlog.get_logger("tally.dashboard")

_REFUSED, _TOO_MANY, _AWAY = 401, 429, 503


class SigningIn:
    """The page without a session."""

    def __init__(
        self,
        sessions: Sessions,
        drawing: Drawing,
        settings: DashboardSettings,
        monotonic: Callable[[], float],
    ) -> None:
        self._sessions = sessions
        self._drawing = drawing
        most = settings.wrong_sign_ins_per_minute
        self._wrong = RateLimit(most / 60, max(1, int(most)), monotonic)
        self._authenticator: Authenticator | None = None

    def use(self, authenticator: Authenticator) -> None:
        """Who tells whose token is whose; it is made with the application."""
        self._authenticator = authenticator

    def page(self) -> Response:
        """The form; somebody who is signed in goes on to where they wanted."""
        session_id = session_id_in(request)
        session = self._sessions.find(session_id, in_use=True) if session_id else None
        if session is not None:
            return see_other(_target(request.args.get("next", ""), session.principal))
        wanted = request.args.get("next", "")
        onward = (_inside(wanted) or link()) if _is_without_cookie() else ""
        response = self._draw("", 200, wanted, onward)
        if session_id:
            clear_cookie(response, request)
        return response

    def sign_in(self) -> Response:
        """Takes the token; the session gets a new id whatever the browser sent."""
        check_origin(request)
        wanted, address = request.form.get("next", ""), the_call().address
        try:
            who = self._authenticate(request.form.get("token", "").strip(), address)
        except NotAuthenticated as error:
            return self._refuse(address, error, wanted)
        except TooManyRequests as error:
            return self._slow_down(error.details["retry_after"], wanted)
        except (Unavailable, MigrationError) as error:
            return self._draw(_away(error), _AWAY, wanted)
        old = session_id_in(request)
        if old:
            self._sessions.close(old)
        session_id, session = self._sessions.open(who)
        log.info("session.opened", principal=who.name, role=who.role, address=address)
        response = see_other(_target(wanted, who))
        seconds = (session.ends_at - session.began_at).total_seconds()
        set_cookie(response, request, session_id, seconds)
        return response

    def sign_out(self) -> Response:
        """Ends the session, here and in the store."""
        check_origin(request)
        session_id = session_id_in(request)
        session = self._sessions.find(session_id, in_use=False) if session_id else None
        if session is not None:
            check_token(request, session)
            self._sessions.close(session_id)
            log.info("session.closed", principal=session.principal.name)
        response = see_other(link("/sign-in", note="signed-out"))
        response.headers["Clear-Site-Data"] = '"cache"'
        clear_cookie(response, request)
        return response

    def _authenticate(self, token: str, address: str) -> Principal:
        if self._authenticator is None:
            raise RuntimeError("the dashboard was not set up")
        return self._authenticator.authenticate(token, address)

    def _refuse(self, address: str, error: NotAuthenticated, wanted: str) -> Response:
        """Counted, so that guessing is slow; a right token is never refused for those that were wrong."""
        verdict = self._wrong.take(address)
        if not verdict.passed:
            return self._slow_down(verdict.retry_after, wanted)
        words = str(error)
        return self._draw(f"{words[:1].upper()}{words[1:]}.", _REFUSED, wanted)

    def _slow_down(self, seconds: float, wanted: str) -> Response:
        wait = max(1, math.ceil(seconds))
        words = (
            f"Too many wrong tokens came from your address. Try again in {plural(wait, 'second')}."
        )
        response = self._draw(words, _TOO_MANY, wanted)
        response.headers["Retry-After"] = str(wait)
        return response

    def _draw(self, problem: str, status: int, wanted: str, onward: str = "") -> Response:
        return self._drawing.draw(
            "sign_in.html", status=status, problem=problem, wanted=wanted, onward=onward
        )


def _is_without_cookie() -> bool:
    """Whether a link of another site led here: then the cookie is not sent, whoever is signed in.

    To go on by itself would undo that: another site could make a browser load pages in its session.
    """
    return request.headers.get("Sec-Fetch-Site") == "cross-site" and not session_id_in(request)


def _inside(wanted: str) -> str:
    """The address of a page within the dashboard; empty for all others."""
    is_inside = wanted.startswith((f"{HOME}/", f"{HOME}?")) and not steers(wanted)
    return f"{request.script_root}{wanted}" if is_inside else ""


def _target(wanted: str, who: Principal) -> str:
    """Where to go: only within the dashboard, and not to a page that would refuse them."""
    if inside := _inside(wanted):
        return inside
    try:
        permit(RIGHTS["metrics.overview"], who)
    except NotAllowed:
        return link("/search")
    return link()


def _away(error: TallyError) -> str:
    return f"Keys cannot be checked now ({told_of(error)}). The bootstrap key is good without Postgres."
