"""Published job types in memory: those of this process, which has the code of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.published_type import PublishCode, job_type_of, text_of


class MemoryDeclarations:
    """The same rules as in Redis: the highest version stays, and of one version what came last."""

    def __init__(self) -> None:
        self._known: dict[str, JobType] = {}

    def publish(self, kinds: Sequence[JobType]) -> list[PublishCode]:
        """Tells of job types."""
        return [self._publish(kind) for kind in kinds]

    def find(self, name: str) -> JobType | None:
        """One that was published."""
        return self._known.get(name)

    def all(self) -> Mapping[str, JobType]:
        """Every one by name."""
        return dict(self._known)

    def _publish(self, kind: JobType) -> PublishCode:
        held, text = self._known.get(kind.name), text_of(kind)
        if held is not None and text_of(held) == text:
            return PublishCode.SAME
        if held is not None and held.version > kind.version:
            return PublishCode.OLDER
        self._known[kind.name] = job_type_of(kind.name, text)
        is_other = held is not None and held.version == kind.version
        return PublishCode.CHANGED if is_other else PublishCode.NEW
