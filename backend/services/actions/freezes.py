"""What people and tokens do to freezes."""

from __future__ import annotations

from backend.domain.access.actor import Actor
from backend.domain.schedules.freeze import Freeze, FreezeState
from backend.services.actions.action import ActionFamily, action
from backend.services.actions.action_log import ActionLog, Effect
from backend.services.schedules.freeze_service import FreezeService


class FreezeActions(ActionFamily):
    """Say and lift maintenance windows."""

    def __init__(self, log: ActionLog, freezes: FreezeService) -> None:
        super().__init__(log)
        self._freezes = freezes

    @action("freezes.set", "freeze:{freeze.name}")
    def set(self, by: Actor, freeze: Freeze, *, reason: str = "") -> Effect[FreezeState]:
        """Says from when until when nothing of something starts, or says it anew; how it stands now."""
        before = self._said(freeze.name)
        state = self._freezes.set(freeze, by=by, reason=reason)
        return Effect(state, [freeze.name], before=before, after={"said": state.kept.freeze.text})

    @action("freezes.lift", "freeze:{name}")
    def lift(self, by: Actor, name: str, *, reason: str = "") -> Effect[None]:
        """Ends a freeze at once and for good; raises `FreezeNotFound`."""
        before = self._said(name)
        self._freezes.lift(name, by=by, reason=reason)
        return Effect(None, [name], before=before, after={"said": ""})

    def _said(self, name: str) -> dict[str, str]:
        kept = [state.kept.freeze for state in self._freezes.all()]
        return {"said": next((freeze.text for freeze in kept if freeze.name == name), "")}
