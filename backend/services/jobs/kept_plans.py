"""Keeps what was previewed for as long as it can be enqueued, so that its token alone is enough."""

from __future__ import annotations

from typing import Protocol

from backend.domain.errors import InvalidOption, Unavailable

#: Seconds for which a plan can be enqueued.
PLAN_LIFETIME = 3600.0
#: Larger plans are sent again with their token: Redis is for jobs, and a preview is no job.
MOST_BYTES = 256 * 1024


class PlanShelf(Protocol):
    """Where plans lie. Every method raises `Unavailable`."""

    def keep(self, plan: str, requests: str, seconds: float) -> None:
        """Keeps the requests of a plan from now on for so long."""

    def find(self, plan: str) -> str | None:
        """The requests of a plan, if they are still kept."""


class KeptPlans:
    """Plans by their token."""

    def __init__(self, shelf: PlanShelf) -> None:
        self._shelf = shelf

    def keep(self, plan: str, requests: str) -> bool:
        """Keeps the requests of a plan; False when they are too large, or cannot be kept now."""
        if len(requests.encode()) > MOST_BYTES:
            return False
        try:
            self._shelf.keep(plan, requests, PLAN_LIFETIME)
        except Unavailable:
            return False
        return True

    def find(self, plan: str) -> str:
        """The requests of a plan; raises `InvalidOption` when they are not kept, or not any more."""
        requests = self._shelf.find(plan)
        if requests is None:
            raise InvalidOption(
                "the jobs of this plan are not kept, or not any more; send them again beside it as "
                "`jobs`, or look at the plan again",
                field="plan",
            )
        return requests
