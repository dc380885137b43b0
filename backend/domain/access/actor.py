"""Who acts: by name for the history of jobs, and in full for rights and the audit log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from backend.domain.access.role import Role


class ActorKind(StrEnum):
    """What acted."""

    PERSON = "person"
    TOKEN = "token"  # noqa: S105 - a kind of actor
    SYSTEM = "system"


class Channel(StrEnum):
    """The door that was used."""

    API = "api"
    DASHBOARD = "dashboard"
    CLI = "cli"
    PYTHON = "python"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, from where, and what they may."""

    name: str
    #: Empty for code, which may do everything.
    role: str = ""
    #: An address, or a host.
    source: str = ""
    kind: ActorKind = ActorKind.PERSON
    channel: Channel = Channel.PYTHON
    #: ``key:<id>``, ``jwt:<issuer>|<subject>``…; names are free, and may be the same. Empty for a shell.
    id: str = ""
    #: Only this tenant's jobs are theirs; None: all.
    tenant: str | None = None
    #: The job types they may have run; None: all that their role may.
    job_types: frozenset[str] | None = None
    request_id: str = ""
    trace_id: str = ""

    @property
    def is_confined(self) -> bool:
        """Whether there are jobs, or job types, that they may not touch."""
        return (
            self.tenant is not None
            or self.job_types is not None
            or self.role not in {"", Role.ADMIN}
        )

    @property
    def without_request(self) -> Actor:
        """The same in all of their requests."""
        return replace(self, request_id="", trace_id="")
