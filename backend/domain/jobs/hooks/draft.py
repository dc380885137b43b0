"""A job that is about to be asked for, as middleware may still change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Draft:
    """What a caller asks for, before any of it is checked."""

    job_type: str
    #: A mapping, or the job type's model.
    payload: Any = None
    #: None: that of the job type.
    priority: str | None = None
    #: Those of `JobOptions` that were said.
    options: dict[str, Any] = field(default_factory=dict)
    #: Once it is accepted: its id, or that of the same job that was there already.
    job_id: str = ""
    #: Once it is accepted: whether by this very call.
    created: bool = False
    #: Once it is accepted: where it waits.
    queue: str = ""

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> Draft:
        """That of a request as `enqueue_many` takes it."""
        # What is none names no job type either, and is refused for that.
        rest = dict(request) if isinstance(request, Mapping) else {}
        kind, payload = rest.pop("job_type", None), rest.pop("payload", None)
        return cls(kind, payload, rest.pop("priority", None), rest)

    def request(self) -> dict[str, Any]:
        """What is asked for now."""
        asked = {**self.options, "payload": self.payload, "priority": self.priority}
        return asked if self.job_type is None else {**asked, "job_type": self.job_type}
