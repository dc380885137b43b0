"""Jobs of other programs: none, for nobody else reaches the memory of this process."""

from __future__ import annotations

from collections.abc import Sequence

from backend.domain.ledger.foreign_job import ForeignJob


class NoForeignJobs:
    """The `ForeignJobs` in memory."""

    def count(self) -> int:
        """None."""
        return 0

    def first(self, most: int) -> list[ForeignJob]:  # noqa: ARG002 - the port's signature
        """None."""
        return []

    def give_back(self, job_ids: Sequence[str], queue: str) -> list[bool]:  # noqa: ARG002 - likewise
        """Nothing is there to be given back."""
        return [False for _ in job_ids]
