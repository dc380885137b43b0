"""A small client of the HTTP API, for programs that do not run inside the deployment.

It knows HTTP, and of ours the words of the domain: options, and the errors that tell of a job's end. It
is a wheel of its own too, `tally-client`, with what it imports.
"""

from __future__ import annotations

from backend.client.api_problem import ApiProblem, ApiUnreachable
from backend.client.client_job import ClientJob
from backend.client.client_job_type import ClientJobType, ClientOptions
from backend.client.tally_client import TallyClient
from backend.domain.errors import JobCanceled, JobFailed, TallyError, WaitTimeout

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
