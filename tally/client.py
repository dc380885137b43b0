"""A client of the HTTP API, for programs that do not run inside the deployment."""

from __future__ import annotations

from backend.client import ApiProblem, ApiUnreachable, TallyClient

__all__ = ["ApiProblem", "ApiUnreachable", "TallyClient"]
