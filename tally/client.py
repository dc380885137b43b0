"""A client of the HTTP API, for programs that do not run inside the deployment.

The wheel `tally-client` has the same as `tally_client`, and needs no other part of Tally.
"""

from __future__ import annotations

from backend.client import (
    ApiProblem,
    ApiUnreachable,
    ClientJob,
    ClientJobType,
    ClientOptions,
    JobCanceled,
    JobFailed,
    TallyClient,
    TallyError,
    WaitTimeout,
)

__all__ = [
    "ApiProblem",
    "ApiUnreachable",
    "ClientJob",
    "ClientJobType",
    "ClientOptions",
    "JobCanceled",
    "JobFailed",
    "TallyClient",
    "TallyError",
    "WaitTimeout",
]
