"""The kinds of values that requests are made of, each with what it may look like."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from backend.api.config.section import within
from backend.domain import bounds
from backend.domain.job_state import JobState
from backend.domain.queue_name import Priority
from backend.domain.role import Role
from backend.services.job_options import WEB_ADDRESS

_INSTANT = r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)?"
_NUMBER = r"-?(0|[1-9]\d{0,15})"
#: Printable, with no control characters, so that it fits a header, a log line and a Redis key.
_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"


def _instant(value: Any) -> Any:
    """RFC 3339; pydantic alone would take numbers and bare dates as well. A naive one means UTC."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not re.fullmatch(_INSTANT, value):
        raise ValueError("must be an instant such as 2026-01-27T08:30:00Z")
    instant = datetime.fromisoformat(value.upper())
    try:
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError("must be within the years 1 to 9999, in UTC") from None


def _number(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(_NUMBER, value):
        raise ValueError("must be a whole number")
    return value


def _whole(value: Any) -> Any:
    """To JSON Schema 5.0 is a whole number too."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _truth(value: Any) -> Any:
    if isinstance(value, str) and value not in {"true", "false"}:
        raise ValueError("must be true or false")
    return value


#: For whole numbers of bodies; behind their limits, which the document would not show otherwise.
WHOLE = BeforeValidator(_whole)
Instant = Annotated[datetime, BeforeValidator(_instant)]
#: For numbers and truths of queries, which arrive as text.
NUMBER = BeforeValidator(_number)
QueryTruth = Annotated[bool, BeforeValidator(_truth)]

Line = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=_LINE)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_LINE)]
Reason = Annotated[str, StringConstraints(max_length=500, pattern=_LINE.replace("+$", "*$"))]
TypeName = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_LINE)]
QueueText = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_LINE)]
JobId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
WebAddress = Annotated[Line, Field(pattern=f"^{WEB_ADDRESS}$")]
ObjectId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:@-]{1,128}$")]
Cursor = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,4096}$")]
Delay = Annotated[float, within(bounds.DELAY)]
TypeVersion = Annotated[int, within(bounds.VERSION), WHOLE]
RetryDelay = Annotated[float, within(bounds.RETRY_DELAY)]

#: What naming a version asks for.
ONLY_THAT_VERSION = "Refused unless this is the version of the job type that is deployed."
#: In bodies these are JSON strings; strict models take them by value.
PriorityWord = Annotated[Priority, Field(description="How urgent.")]
StateWord = Annotated[JobState, Field(description="Where a job stands.")]
RoleWord = Annotated[Role, Field(description="What the key may do.")]
