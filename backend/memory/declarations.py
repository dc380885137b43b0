"""Published job types in memory: those of this process, which has the code of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.published_type import DECLARATION, PublishCode, job_type_of, text_of
from backend.memory.operations import MemoryOperations
from backend.memory.state import BrokerState


class MemoryDeclarations:
    """The same rules as in Redis: the highest version stays, and of one version what came last."""

    def __init__(self, state: BrokerState, operations: MemoryOperations) -> None:
        self._state = state
        self._operations = operations
        self._known: dict[str, JobType] = {}

    def publish(self, kinds: Sequence[JobType]) -> list[PublishCode]:
        """Tells of job types."""
        codes = [self._publish(kind) for kind in kinds]
        for kind, code in zip(kinds, codes, strict=True):
            if code is not PublishCode.OLDER:
                self._limit(kind)
        return codes

    def find(self, name: str) -> JobType | None:
        """One that was published."""
        return self._known.get(name)

    def all(self) -> Mapping[str, JobType]:
        """Every one by name."""
        return dict(self._known)

    def _limit(self, kind: JobType) -> None:
        """As it is declared, unless a person has said something of it."""
        with self._state.lock:
            is_ours = self._state.limited_by.get(kind.name, DECLARATION) == DECLARATION
            if is_ours and self._state.limits.get(kind.name, 0) != (kind.limit or 0):
                self._operations.limit(kind.name, kind.limit or 0, by=DECLARATION)
            is_ours = self._state.rated_by.get(kind.name, DECLARATION) == DECLARATION
            if is_ours and self._state.rates.get(kind.name) != kind.rate:
                self._operations.rate(kind.name, kind.rate, by=DECLARATION)

    def _publish(self, kind: JobType) -> PublishCode:
        held, text = self._known.get(kind.name), text_of(kind)
        if held is not None and text_of(held) == text:
            return PublishCode.SAME
        if held is not None and held.version > kind.version:
            return PublishCode.OLDER
        self._known[kind.name] = job_type_of(kind.name, text)
        is_other = held is not None and held.version == kind.version
        return PublishCode.CHANGED if is_other else PublishCode.NEW
