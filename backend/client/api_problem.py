"""What the API says went wrong, as an exception."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ApiUnreachable(Exception):
    """No answer came: the server is away, or the way to it."""


class ApiProblem(Exception):
    """An answer that tells of a problem. ``code`` is stable; the message is for people."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(str(problem.get("detail") or problem.get("title") or f"HTTP {status}"))
        self.status = status
        self.code = str(problem.get("code", ""))
        self.request_id = str(problem.get("request_id", ""))
        #: Each place of the request that does not fit: ``pointer`` or ``parameter``, and ``detail``.
        self.errors: list[dict[str, str]] = list(problem.get("errors") or ())
        self.details: dict[str, Any] = dict(problem.get("details") or {})

    @property
    def is_temporary(self) -> bool:
        """Whether the same request may work later."""
        return self.status in {429, 503}
