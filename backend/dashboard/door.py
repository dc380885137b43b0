"""The door before every page: who comes in, whether they may, and whether a form is our own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, request

from backend.api.access import RIGHTS, permit
from backend.api.auditing import note_refusal
from backend.api.call import Call, current_call
from backend.api.config.dashboard_settings import DashboardSettings
from backend.dashboard.cookie import session_id_in
from backend.dashboard.drawing import Drawing
from backend.dashboard.forms import check_origin, check_token
from backend.dashboard.fresh import Fresh
from backend.dashboard.redirect import see_other
from backend.dashboard.routes import Route
from backend.dashboard.session import Session
from backend.dashboard.sessions import Sessions
from backend.dashboard.visit import Visit, link
from backend.domain.access_errors import NotAllowed
from backend.domain.audit import Channel
from backend.domain.queue_flow import FlowReader

_SIGN_IN_AGAIN = 401
#: Seconds for which all who look share one answer.
_FRESH = 1.0


class Door:
    """Turns routes into views."""

    def __init__(
        self,
        sessions: Sessions,
        drawing: Drawing,
        settings: DashboardSettings,
        flow: FlowReader,
        monotonic: Callable[[], float],
    ) -> None:
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
                return self._to_sign_in(route)
            visit = self._visit(route, session)
            answer = route.handler(visit, **places)
            return answer if isinstance(answer, Response) else see_other(str(answer))

        return enter

    def session(self) -> Session | None:
        """The session of this request."""
        session_id = session_id_in(request)
        if not session_id:
            return None
        return self._sessions.find(session_id, in_use="X-Live" not in request.headers)

    def _visit(self, route: Route, session: Session) -> Visit:
        call = the_call()
        call.operation = route.operation
        call.principal = session.principal
        call.channel = Channel.DASHBOARD
        if route.is_action:
            check_origin(request)
            check_token(request, session)
        self._permit(route, call)
        return Visit(call, session, self._settings, self._flow, self._fresh, self._drawing.draw)

    @staticmethod
    def _permit(route: Route, call: Call) -> None:
        try:
            permit(RIGHTS[route.operation], call.who)
        except NotAllowed as error:
            if route.is_action:
                note_refusal(call, str(error))
            raise

    @staticmethod
    def _to_sign_in(route: Route) -> Response:
        if "X-Live" in request.headers:
            return Response(status=_SIGN_IN_AGAIN)
        asked = request.full_path.rstrip("?")
        note = "ended" if session_id_in(request) else ""
        return see_other(link("/sign-in", next="" if route.is_action else asked, note=note))


def the_call() -> Call:
    """What the API knows of this request."""
    call = current_call()
    if call is None:
        raise RuntimeError("a page of the dashboard outside of the application")
    return call
