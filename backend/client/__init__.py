"""A small client of the HTTP API, for programs that do not run inside the deployment.

It knows HTTP and nothing else of ours.
"""

from __future__ import annotations

from backend.client.api_problem import ApiProblem, ApiUnreachable
from backend.client.tally_client import TallyClient

__all__ = ["ApiProblem", "ApiUnreachable", "TallyClient"]
