"""One request on its way through the API: who sent it, under which ids, and what serves it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from flask import g
from werkzeug.datastructures import Headers

from backend.api.request.api_services import ApiServices
from backend.api.request.app_state import AppState
from backend.api.request.tracing import TraceContext
from backend.domain.access.actor import Actor, ActorKind, Channel
from backend.domain.access.api_key import Credential, Principal
from backend.services.actions.families import Actions


@dataclass(slots=True)
class Call:
    """What a handler knows of its request beside path, query and body."""

    app_state: AppState
    request_id: str
    trace: TraceContext
    address: str
    headers: Headers
    #: The operation's name in the table of rights.
    operation: str = ""
    #: When it came, by the performance counter.
    began: float = 0.0
    principal: Principal | None = None
    #: The door that was used; pages beside the API set their own.
    channel: Channel = Channel.API
    #: Headers for the answer, such as those that tell of limits.
    answer_headers: dict[str, str] = field(default_factory=dict)

    @property
    def parts(self) -> ApiServices:
        """The services."""
        return self.app_state.parts

    @property
    def who(self) -> Principal:
        """The caller of a route that has a role."""
        if self.principal is None:
            raise RuntimeError("this route is open to all: it has no principal")
        return self.principal

    @property
    def actions(self) -> Actions:
        """What changes anything, each written down."""
        return self.parts.actions

    @property
    def actor(self) -> Actor:
        """The caller, as they act in this request."""
        who = self.who
        is_person = who.credential is Credential.JWT or self.channel is Channel.DASHBOARD
        return Actor(
            who.name,
            who.role,
            self.address,
            kind=ActorKind.PERSON if is_person else ActorKind.TOKEN,
            channel=self.channel,
            id=who.full_id,
            tenant=who.tenant,
            job_types=who.job_types,
            request_id=self.request_id,
            trace_id=self.trace.trace_id,
        )


def current_call() -> Call | None:
    """The call that this thread serves; None outside of a request."""
    return cast("Call | None", g.get("tally_call")) if g else None


def enter(call: Call) -> Call:
    """Makes it the current one."""
    g.tally_call = call
    return call
