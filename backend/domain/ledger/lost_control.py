"""Pauses and limits that only the audit log knows of: said before they were on record themselves."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple


class HeldControl(NamedTuple):
    """A pause or a limit that holds: ``what`` is ``queue:<name>``, ``lane:<name>`` or ``type:<name>``."""

    what: str
    #: How many jobs of a type may run at once; 0: it is a pause.
    limit: int = 0


class LostControl(NamedTuple):
    """One that the audit log says holds, and Redis does not know."""

    what: str
    limit: int
    by: str
    at: datetime


class Said(NamedTuple):
    """A row of the audit log on a pause or a limit, the last of its object."""

    what: str
    action: str
    #: What it was set to, as JSON text; empty for none.
    after: str
    by: str
    at: datetime


def lost_controls(said: Iterable[Said], present: Collection[HeldControl]) -> list[LostControl]:
    """What held when it was last spoken of, and is not there now."""
    names = {(control.what, control.limit > 0) for control in present}
    held = [LostControl(row.what, _limit_in(row), row.by, row.at) for row in said if _holds(row)]
    return [control for control in held if (control.what, control.limit > 0) not in names]


def _holds(row: Said) -> bool:
    if row.action == "types.limit":
        return _limit_in(row) > 0
    return ".pause" in row.action


def _limit_in(row: Said) -> int:
    """Of a limit: the number, which the command line notes bare and HTTP by its name."""
    if row.action != "types.limit":
        return 0
    after = json.loads(row.after or "0")
    return int(after.get("limit", 0) if isinstance(after, dict) else after)
