"""What people do to freezes, and how they stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from backend.domain.access.actor import Actor
from backend.domain.errors import InvalidOption
from backend.domain.jobs.job_type import JobTypeCatalogue
from backend.domain.schedules.freeze import Freeze, FreezeState, may_be_called
from backend.domain.schedules.freeze_ports import Freezes
from backend.domain.schedules.schedule_errors import FreezeNotFound
from backend.domain.text.nearest_name import suggestion
from backend.services.jobs.job_control import held_thing
from backend.services.schedules.freeze_windows import first_unplanned, next_window, windows_of


def _nowhere(_name: str) -> None:
    """What was said is kept in Redis alone."""


class FreezeService:
    """Says, lifts and shows freezes. Every method raises QueueUnavailable while Redis is away."""

    def __init__(
        self,
        freezes: Freezes,
        catalogue: JobTypeCatalogue,
        now: Callable[[], datetime],
        note: Callable[[str], None] = _nowhere,
    ) -> None:
        """``note`` is given the name of the control on which something was said, to write it down."""
        self._freezes = freezes
        self._catalogue = catalogue
        self._now = now
        self._note = note

    def set(self, freeze: Freeze, *, by: Actor, reason: str = "") -> FreezeState:
        """Says a freeze, or says one of that name anew; how it stands now.

        Raises `InvalidRequest` for what is not there, cannot be read, or is over before it began.
        """
        checked = replace(freeze, what=held_thing(freeze.what, self._catalogue, also=("tenant",)))
        now = self._now()
        if next_window(checked, now) is None:
            raise InvalidOption("it would never hold: all of it lies in the past", field="until")
        self._freezes.set(checked, windows_of(checked, now), by=by.name, reason=reason)
        self._note(f"freeze:{checked.name}")
        return next(state for state in self.all() if state.kept.freeze.name == checked.name)

    def lift(self, name: str, *, by: Actor, reason: str = "") -> None:
        """Ends it at once, with its ramp, and for good; raises `FreezeNotFound` naming the nearest one."""
        if not may_be_called(name) or not self._freezes.lift(name, by=by.name, reason=reason):
            near = suggestion(name, [kept.freeze.name for kept in self._freezes.all()])
            raise FreezeNotFound(
                f"there is no freeze {name!r}{near or '; the list of freezes names them'}",
                name=name,
            )
        self._note(f"freeze:{name}")

    def all(self) -> list[FreezeState]:
        """Every freeze that was said and not lifted, by name."""
        kept, now = self._freezes.all(), self._now()
        known = self._freezes.windows()
        aside = self._freezes.aside([each.freeze.what for each in kept])
        states = []
        for each, waiting in zip(kept, aside, strict=True):
            window = next_window(each.freeze, now)
            holds = window is not None and window.starts_at <= now
            unplanned = first_unplanned(each.freeze, known, now)
            states.append(FreezeState(each, window, holds, unplanned is None, waiting, unplanned))
        return states
