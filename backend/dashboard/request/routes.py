"""The pages and actions of the dashboard, each under the right of the API's operation that it shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

_PLACE = re.compile(r"<(\w+)>")


class Route(NamedTuple):
    """One path. ``operation`` names the row in the API's table of rights."""

    rule: str
    name: str
    operation: str
    handler: Callable[..., Any]
    is_action: bool
    #: The rule of the page that an action's form stands on; empty: the nearest above it.
    stands_on: str = ""
    #: Whether a page shows the fields of its conditions, so that it can say what did not fit in them.
    has_filter: bool = False

    def places_of(self, places: Mapping[str, str]) -> dict[str, str]:
        """Those of some places that this path has."""
        return {name: places[name] for name in _PLACE.findall(self.rule)}

    def path(self, places: Mapping[str, str]) -> str:
        """The path with its places filled in."""
        return _PLACE.sub(lambda match: places[match[1]], self.rule)


class Routes:
    """A family of routes, declared where their handlers are."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def page(
        self, rule: str, operation: str, *, has_filter: bool = False
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declares what shows something; its handler takes a `Visit` and gives back a response."""

        def declare(handler: Callable[..., Any]) -> Callable[..., Any]:
            name = handler.__name__
            self.all.append(Route(rule, name, operation, handler, False, has_filter=has_filter))
            return handler

        return declare

    def action(
        self, rule: str, operation: str, *, stands_on: str = ""
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declares what changes something; its handler gives back where to go next."""

        def declare(handler: Callable[..., Any]) -> Callable[..., Any]:
            name = handler.__name__
            self.all.append(Route(rule, name, operation, handler, True, stands_on))
            return handler

        return declare


def page_of(action: Route, routes: Iterable[Route]) -> Route:
    """The page that an action's form stands on."""
    above = action.stands_on or action.rule
    pages = [each for each in routes if not each.is_action and _is_above(each.rule, above)]
    return max(pages, key=lambda page: len(page.rule))


def _is_above(rule: str, other: str) -> bool:
    return other == rule or other.startswith(f"{rule}/")
