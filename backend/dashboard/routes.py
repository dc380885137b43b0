"""The pages and actions of the dashboard, each under the right of the API's operation that it shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Route(NamedTuple):
    """One path. ``operation`` names the row in the API's table of rights."""

    rule: str
    name: str
    operation: str
    handler: Callable[..., Any]
    is_action: bool


class Routes:
    """A family of routes, declared where their handlers are."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def page(self, rule: str, operation: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declares what shows something; its handler takes a `Visit` and gives back a response."""
        return self._declare(rule, operation, is_action=False)

    def action(
        self, rule: str, operation: str
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declares what changes something; its handler gives back where to go next."""
        return self._declare(rule, operation, is_action=True)

    def _declare(
        self, rule: str, operation: str, *, is_action: bool
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def declare(handler: Callable[..., Any]) -> Callable[..., Any]:
            name = handler.__name__
            self.all.append(Route(rule, name, operation, handler, is_action))
            return handler

        return declare
