"""The door before every page: who comes in, whether they may, and whether a form is our own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from flask import Response, request
from pydantic import ValidationError

from backend.api.access.authorize import note_refusal
from backend.api.access.rights import RIGHTS, permit
from backend.api.config.dashboard_settings import DashboardSettings
from backend.api.http.error_handlers import status_of
from backend.api.request.request_context import Call, current_call
from backend.dashboard.drawing.renderer import Drawing
from backend.dashboard.drawing.ttl_cache import Fresh
from backend.dashboard.request.forms import check_origin, check_token
from backend.dashboard.request.page_context import HOME, Visit, link
from backend.dashboard.request.redirect import see_other
from backend.dashboard.request.routes import Route, page_of
from backend.dashboard.request.slip import Slip, slip_of
from backend.dashboard.session.cookie import session_id_in
from backend.dashboard.session.session import Session
from backend.dashboard.session.sessions import Sessions
from backend.domain.access.access_errors import NotAllowed
from backend.domain.access.actor import Channel
from backend.domain.errors import TallyError
from backend.domain.history.queue_flow import FlowReader

_GOOD, _SIGN_IN_AGAIN, _WRONG_FIELDS = 200, 401, 422
#: What somebody can do something about on the page where they are, or at least keeps what they typed.
_SHOWN_AGAIN = {409, 413, 422, 429, 503}
#: Seconds for which all who look share one answer.
_FRESH = 1.0


class SessionGuard:
    """Turns routes into views."""

    def __init__(
        self,
        sessions: Sessions,
        drawing: Drawing,
        settings: DashboardSettings,
        flow: FlowReader,
        monotonic: Callable[[], float],
        *,
        routes: Sequence[Route],
    ) -> None:
        self._pages = {each.name: page_of(each, routes) for each in routes if each.is_action}
        self._sessions = sessions
        self._drawing = drawing
        self._settings = settings
        self._flow = flow
        self._fresh: Fresh[Any] = Fresh(monotonic, _FRESH)

    def view(self, route: Route) -> Callable[..., Response]:
        """The view of a route."""

        def enter(**places: str) -> Response:
            session = self.session()
            if session is None:
                return self._to_sign_in(route, places)
            visit = self._visit(route, session)
            if route.is_action:
                here = link(self._pages[route.name].path(places))
                visit = replace(visit, page_address=here + self._conditions(route))
            try:
                answer = route.handler(visit, **places)
            except (TallyError, ValidationError) as error:
                return self._again(route, visit, places, error)
            return answer if isinstance(answer, Response) else see_other(str(answer))

        return enter

    def looking_on(self) -> Visit | None:
        """Somebody who sees a page of ours without a right to anything; None without a session."""
        session = self.session()
        return None if session is None else self._visit_of(the_call(), session)

    def _again(
        self,
        route: Route,
        visit: Visit,
        places: dict[str, str],
        error: TallyError | ValidationError,
    ) -> Response:
        """The page that a form or conditions stand on, with what did not fit; raises other errors on."""
        status = _WRONG_FIELDS if isinstance(error, ValidationError) else status_of(type(error))
        page = self._pages[route.name] if route.is_action else route
        if status not in _SHOWN_AGAIN or not visit.may(page.operation):
            raise error
        slip = _slip(route, error)
        if not route.is_action and not (route.has_filter and slip.texts.keys() & slip.typed.keys()):
            raise error
        try:
            response: Response = page.handler(replace(visit, slip=slip), **page.places_of(places))
        except (TallyError, ValidationError):
            raise error from None
        if response.status_code != _GOOD:
            raise error
        response.status_code = status
        return response

    def session(self) -> Session | None:
        """The session of this request."""
        session_id = session_id_in(request)
        if not session_id:
            return None
        return self._sessions.find(session_id, in_use="X-Live" not in request.headers)

    def _visit(self, route: Route, session: Session) -> Visit:
        call = the_call()
        call.operation = route.operation
        visit = self._visit_of(call, session)
        if route.is_action:
            check_origin(request)
            check_token(request, session)
        self._permit(route, call)
        return visit

    def _visit_of(self, call: Call, session: Session) -> Visit:
        call.principal = session.principal
        call.channel = Channel.DASHBOARD
        return Visit(call, session, self._settings, self._flow, self._fresh, self._drawing.draw)

    @staticmethod
    def _permit(route: Route, call: Call) -> None:
        try:
            permit(RIGHTS[route.operation], call.who)
        except NotAllowed as error:
            if route.is_action:
                note_refusal(call, error)
            raise

    def _to_sign_in(self, route: Route, places: dict[str, str]) -> Response:
        if "X-Live" in request.headers:
            return Response(status=_SIGN_IN_AGAIN)
        asked = request.full_path.rstrip("?")
        if route.is_action:
            # An action must be sent again on purpose, from the page that its form stands on.
            asked = HOME + self._pages[route.name].path(places) + self._conditions(route)
        note = "ended" if session_id_in(request) else ""
        return see_other(link("/sign-in", next=asked, note=note))

    def _conditions(self, route: Route) -> str:
        """What follows the path of an action's page: what its form is about, where it is of that path."""
        asked = request.query_string.decode(errors="replace")
        return f"?{asked}" if asked and self._pages[route.name].rule == route.rule else ""


def _slip(route: Route, error: TallyError | ValidationError) -> Slip:
    if route.is_action:
        return slip_of(error, request.script_root + request.path, request.form.to_dict())
    return slip_of(error, "", request.args.to_dict())


def the_call() -> Call:
    """What the API knows of this request."""
    call = current_call()
    if call is None:
        raise RuntimeError("a page of the dashboard outside of the application")
    return call
