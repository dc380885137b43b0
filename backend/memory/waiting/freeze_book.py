"""What operators said of freezes, and their windows, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from backend.broker.jobs.codec import milliseconds
from backend.broker.jobs.moments import moment
from backend.domain.schedules.freeze import Freeze, FrozenWindow, KeptFreeze, Window
from backend.domain.schedules.freeze_ports import PlanCode
from backend.memory.inspection import MemoryInspection
from backend.memory.state import BrokerState
from backend.memory.waiting.freezes import WindowKey


class MemoryFreezes:
    """The `Freezes` in memory."""

    def __init__(self, state: BrokerState) -> None:
        self._state = state
        self._version = 0
        self._planned_version = -1
        self._kept: dict[str, KeptFreeze] = {}

    def is_planned(self) -> bool:
        """Whether nothing was said since a plan was begun."""
        return self._planned_version == self._version

    def begin_plan(self) -> None:
        """Notes what was said so far."""
        self._planned_version = self._version

    def all(self) -> list[KeptFreeze]:
        """Every freeze that was said and not lifted, by name."""
        with self._state.lock:
            return [self._kept[name] for name in sorted(self._kept)]

    def windows(self) -> list[FrozenWindow]:
        """The windows that workers know, by their beginning; also those whose ramp is not over."""
        return MemoryInspection(self._state).frozen()

    def set(self, freeze: Freeze, windows: Sequence[Window], *, by: str, reason: str) -> None:
        """Says a freeze, instead of one of the same name, with its windows that are not over."""
        with self._state.lock:
            now, before = moment(self._state.now_ms / 1000), self._kept.get(freeze.name)
            if before is None or (before.freeze, before.by) != (freeze, by):
                self._version += 1
                self._kept[freeze.name] = KeptFreeze(freeze, self._version, by, reason, now)
            self._write(freeze.name, freeze, windows)

    def lift(self, name: str, *, by: str, reason: str) -> bool:  # noqa: ARG002 - nobody reads who
        """Ends it, with its ramp; False if there is none of that name."""
        with self._state.lock:
            found = self._kept.pop(name, None)
            if found is not None:
                self._version += 1
                self._write(name, found.freeze, ())
            return found is not None

    def plan(self, kept: KeptFreeze, windows: Sequence[Window], fence: int) -> PlanCode:
        """Writes the windows of the next time, unless another word or a newer leader has been there."""
        with self._state.lock:
            seen = self._state.fences_seen["calendar"]
            if 0 < fence < seen:
                return PlanCode.NEWER_LEADER
            self._state.fences_seen["calendar"] = max(seen, fence)
            held = self._kept.get(kept.freeze.name)
            if held is None or held.version != kept.version:
                return PlanCode.ANOTHER_WORD
            self._write(kept.freeze.name, kept.freeze, windows)
            return PlanCode.WRITTEN

    def aside(self, whats: Sequence[str]) -> list[int]:
        """How many jobs wait aside for each type or tenant to thaw."""
        with self._state.lock:
            return [len(self._state.parked[f"frozen:{what}"]) for what in whats]

    def _write(self, name: str, freeze: Freeze, windows: Sequence[Window]) -> None:
        """Instead of all that it has. A window that has begun and is no more ends now, with its ramp."""
        frozen, now, ramp = self._state.frozen, self._state.now_ms, int(freeze.ramp_seconds * 1000)
        wanted = {
            WindowKey(freeze.what, milliseconds(ends), ramp, name): milliseconds(starts)
            for starts, ends in windows
        }
        for key, begins in list(frozen.items()):
            if key.name == name and key.ends > now and key not in wanted:
                del frozen[key]
                if begins <= now:
                    frozen[key._replace(ends=now)] = begins
        frozen.update(wanted)
        self._state.changed.notify_all()
