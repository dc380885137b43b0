"""What makes a method an action: it is written down before and after, whatever door it came through."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from backend.domain.access.actor import Actor
from backend.domain.text.storable_text import whole_text
from backend.services.actions.action_log import ActionLog, Effect

T = TypeVar("T")
P = ParamSpec("P")
Family = TypeVar("Family", bound="ActionFamily")

#: The method of each action, by the action's name; the name is also that of the right to it.
ACTIONS: dict[str, str] = {}


class ActionFamily:
    """Actions on things of one kind. Each public method is one, with who acts as its first argument."""

    def __init__(self, log: ActionLog) -> None:
        self._log = log

    @property
    def log(self) -> ActionLog:
        """Where its actions are written down."""
        return self._log


def action(
    name: str, what: str
) -> Callable[
    [Callable[Concatenate[Family, Actor, P], Effect[T]]],
    Callable[Concatenate[Family, Actor, P], T],
]:
    """Makes a method the action ``name``; ``what`` it is done to names its arguments: ``job:{job_id}``.

    The method returns an `Effect`, its callers get the effect's value. A ``reason`` among its
    arguments is written down too.
    """

    def declare(
        method: Callable[Concatenate[Family, Actor, P], Effect[T]],
    ) -> Callable[Concatenate[Family, Actor, P], T]:
        signature = inspect.signature(method)
        ACTIONS[name] = f"{method.__module__}.{method.__qualname__}"

        @wraps(method)
        def audited(family: Family, by: Actor, /, *args: P.args, **kwargs: P.kwargs) -> T:
            if "reason" in kwargs:
                kwargs["reason"] = whole_text(str(kwargs["reason"]))
            said = signature.bind(family, by, *args, **kwargs).arguments
            reason = str(said.get("reason", ""))
            with family.log.around(name, by, what.format_map(said), reason) as attempt:
                effect = method(family, by, *args, **kwargs)
                attempt.effect = effect
            return effect.value

        return audited

    return declare
