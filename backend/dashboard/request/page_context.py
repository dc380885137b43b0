"""One request of somebody who is signed in: who they are, what they may, what they asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from flask import Response, request

from backend.api.access.rights import RIGHTS, permit
from backend.api.config.dashboard_settings import DashboardSettings
from backend.api.request.api_services import ApiServices
from backend.api.request.request_context import Call
from backend.dashboard.drawing.ttl_cache import Fresh
from backend.dashboard.request.slip import Slip
from backend.dashboard.session.session import Session
from backend.domain.access.access_errors import NotAllowed
from backend.domain.access.actor import Actor
from backend.domain.access.api_key import Principal
from backend.domain.errors import InvalidOption
from backend.domain.history.queue_flow import FlowReader
from backend.services.actions.families import Actions

#: Where the pages are, below the path that a proxy serves all of this under.
HOME = "/dashboard/jobs"
#: What names of queues and job types are made of, but for what would end a path.
_PLAIN = "/:@!$&'()*+,;=~"


class Asked(dict[str, str]):
    """Conditions of the address bar; one that was not given is empty."""

    def __missing__(self, name: str) -> str:
        return ""


#: Conditions that are instants.
_INSTANTS = frozenset({"since", "until", "after", "before"})


@dataclass(frozen=True, slots=True)
class Visit:
    """What handlers are given."""

    call: Call
    session: Session
    settings: DashboardSettings
    flow: FlowReader
    fresh: Fresh[Any]
    draw: Callable[..., Response]
    #: What did not fit, when a page is shown again for it.
    slip: Slip | None = None
    #: The address of the page that the form of an action stands on.
    page_address: str = ""

    @property
    def parts(self) -> ApiServices:
        """The services."""
        return self.call.parts

    @property
    def who(self) -> Principal:
        """Who is signed in."""
        return self.session.principal

    @property
    def actor(self) -> Actor:
        """Who is signed in, as they act in this request."""
        return self.call.actor

    @property
    def actions(self) -> Actions:
        """What changes anything, each written down."""
        return self.call.actions

    @property
    def query(self) -> dict[str, str]:
        """What the address bar says, without what was left empty."""
        given = {name: value.strip() for name, value in request.args.items() if value.strip()}
        return {
            name: _whole_instant(value) if name in _INSTANTS else value
            for name, value in given.items()
            if name not in self._unfit
        }

    @property
    def _unfit(self) -> set[str]:
        """Conditions of the address bar that did not fit."""
        return set(self.slip.texts) if self.slip is not None and not self.slip.action else set()

    @property
    def form(self) -> dict[str, str]:
        """What was sent, without what was left empty."""
        return {name: value.strip() for name, value in request.form.items() if value.strip()}

    @property
    def reason(self) -> str:
        """Why they do this, if they said so."""
        return self.form.get("reason", "")

    def must_say_why(self) -> str:
        """The same for what cannot be taken back; raises `InvalidOption` when they did not."""
        if not self.reason:
            raise InvalidOption(
                "say why: it is kept in the history and the audit log", field="reason"
            )
        return self.reason

    def asked(self, *names: str) -> Asked:
        """Those of some conditions that were given."""
        return Asked({name: self.query[name] for name in names if name in self.query})

    @property
    def is_current(self) -> bool:
        """Whether the address bar leads to what is shown, so that it can be asked for again."""
        return self.slip is None and request.method == "GET"

    @property
    def here(self) -> str:
        """What the address bar should say where it has a form's address: a reload sends nothing then."""
        return "" if request.method == "GET" else self.page_address

    def typed(self, name: str, otherwise: object = "", action: str = "") -> object:
        """What a field of a form holds: what was typed, where that did not fit."""
        if self.slip is None or self.slip.action != action:
            return otherwise
        return self.slip.typed.get(name, "")

    def mistake(self, name: str, action: str = "") -> str:
        """What did not fit in a field; empty where all did."""
        slip = self.slip
        return slip.texts.get(name, "") if slip is not None and slip.action == action else ""

    def may(self, operation: str) -> bool:
        """Whether they have the right to an operation of the API."""
        try:
            permit(RIGHTS[operation], self.who)
        except NotAllowed:
            return False
        return True

    def show(self, template: str, **context: Any) -> Response:
        """A page."""
        return self.draw(template, visit=self, **context)


def _whole_instant(value: str) -> str:
    """Browsers leave out the seconds of a time that was picked when they are zero."""
    return f"{value}:00" if re.fullmatch(r"[\d-]{10}T\d\d:\d\d", value) else value


def link(path: str = "", query: Mapping[str, Any] | None = None, **changes: Any) -> str:
    """An address below the dashboard's, as a browser needs it; parameters that are empty are left out."""
    asked = {**(query or {}), **changes}
    kept = {name: value for name, value in asked.items() if value not in (None, "")}
    address = f"{request.script_root}{HOME}{quote(path, safe=_PLAIN)}"
    return f"{address}?{urlencode(kept)}" if kept else address
