"""Who may have jobs of a type run: asked wherever jobs come in with a caller's name."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Protocol

from backend.domain.access.access_errors import NotAllowed
from backend.domain.access.role import Role
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue


class Bearer(Protocol):
    """Whoever has rights: a principal at the door, or an actor."""

    @property
    def role(self) -> str:
        """Empty: every right."""

    @property
    def tenant(self) -> str | None:
        """Whose jobs are theirs; None: all."""

    @property
    def job_types(self) -> frozenset[str] | None:
        """What they may have run; None: all that the role may."""


def permit_type(who: Bearer, kind: JobType) -> None:
    """Raises `NotAllowed` unless ``who`` may have jobs of this type run."""
    if who.job_types is not None and kind.name not in who.job_types:
        raise NotAllowed(
            f"your key is for {_listed(who.job_types)}; it may not have {kind.name!r} run"
        )
    if who.role and not Role(who.role).includes(kind.role):
        raise NotAllowed(
            f"jobs of type {kind.name!r} need the role {kind.role}; yours is {who.role}"
        )
    if who.tenant is not None and not kind.tenants:
        raise NotAllowed(
            f"jobs of type {kind.name!r} concern every tenant; your key is bound to {who.tenant!r}"
        )


def permit_types(who: Bearer, catalogue: JobTypeCatalogue, names: Iterable[str]) -> None:
    """The same of several, which are told by name; one that nobody knows is no secret.

    Raises `Unavailable` while nobody can tell what one of them asks for.
    """
    if _may_have_all(who):
        return
    for name in names:
        if (kind := catalogue.look_up(name)) is not None:
            permit_type(who, kind)


def _may_have_all(who: Bearer) -> bool:
    return who.role in {"", Role.ADMIN} and who.tenant is None and who.job_types is None


def permit_key(who: Bearer, job_types: Collection[str] | None) -> None:
    """Raises `NotAllowed` for a key that would have run what ``who`` may not; None: it is for all types."""
    if who.job_types is not None and (job_types is None or not who.job_types.issuperset(job_types)):
        raise NotAllowed(f"your key is for {_listed(who.job_types)}; it makes none for others")


def _listed(names: frozenset[str]) -> str:
    return "no job type" if not names else f"the job types {', '.join(sorted(names))}"
