"""A schedule as a file says it, and what became of saying it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from backend.domain.schedules.schedule import Origin
from backend.domain.schedules.schedule_view import Difference


class Seed(NamedTuple):
    """One schedule of the configuration: fields of a plan that it names, and whether it is on."""

    name: str
    said: Mapping[str, Any]
    is_enabled: bool = True
    origin: Origin = Origin.CONFIGURATION


class SeedOutcome(StrEnum):
    """What became of one seed."""

    CREATED = "created"
    UNCHANGED = "unchanged"
    #: The file's new words were taken over, where nobody had changed the old ones.
    CHANGED = "changed"
    #: What people did in the database stands, other than the file says.
    DIFFERS = "differs"
    #: Somebody deleted it; the file still has it.
    DELETED = "deleted"
    #: It came from a file that does not have it any more; it goes on as it is.
    GONE = "gone"
    #: It cannot be: the error says why.
    REFUSED = "refused"


class SeedReport(NamedTuple):
    """The outcome for one schedule, with whatever file and database still say differently."""

    name: str
    outcome: SeedOutcome
    differences: tuple[Difference, ...] = ()
    error: str = ""
