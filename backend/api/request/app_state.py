"""What all requests of one process share beside the services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backend.api.request.api_services import ApiServices
from backend.api.request.enqueue_audit import EnqueueAudit
from backend.api.request.waiting import Waiting
from backend.api.schemas.job_resources import JobResources


class AppState:
    """Made once for an application."""

    def __init__(self, parts: ApiServices, document: Callable[[], dict[str, Any]]) -> None:
        self.parts = parts
        #: The OpenAPI document.
        self.document = document
        self.resources = JobResources(parts.catalogue)
        self.waiting = Waiting(parts)
        self.enqueue_audit = EnqueueAudit(parts.audit)

        #: Called at the end of the process, the last one first.
        self.at_close: list[Callable[[], None]] = [self.enqueue_audit.close]

    def close(self) -> None:
        """Lets nothing get lost at the end of the process."""
        while self.at_close:
            self.at_close.pop()()
