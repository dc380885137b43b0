"""What can be wrong with naming a schedule or a freeze."""

from __future__ import annotations

from backend.domain.errors import InvalidRequest


class ScheduleNotFound(InvalidRequest):
    """There is no schedule with this name."""

    code = "schedule_not_found"


class FreezeNotFound(InvalidRequest):
    """There is no freeze with this name: it was never said, or was lifted."""

    code = "freeze_not_found"


class ScheduleConflict(InvalidRequest):
    """Another has this name, or somebody changed the schedule since it was read."""

    code = "schedule_conflict"
