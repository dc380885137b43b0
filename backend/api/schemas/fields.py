"""The kinds of values that requests are made of, each with what it may look like."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, TypeAdapter, WithJsonSchema

from backend.domain.access.role import Role
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.bounds import Bound
from backend.domain.jobs.options.job_options import JOB_ID, LINE, QUEUE, Text
from backend.domain.jobs.queue_name import Priority

#: How pydantic names which of two kinds a value was meant to be. That is no place in a body.
A_NAME, AN_OBJECT = ALTERNATIVES = ("(a name)", "(an object)")
_INSTANT = r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)?"
_NUMBER = r"-?(0|[1-9]\d{0,15})"
_LINE = f"^{LINE.pattern}$"


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


def fitting(text: Text) -> Any:
    """The type of texts that look so."""
    limits = StringConstraints(min_length=1, max_length=text.longest, pattern=f"^{text.pattern}$")
    return Annotated[str, limits]


def or_seconds(text: Any, bound: Bound) -> Any:
    """The type of texts that may be a number of seconds, too, which is read as its text."""

    def seconds(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        if not bound.holds(value):
            raise ValueError(f"must be {bound.words}")
        return f"{value:.12g}"

    said = TypeAdapter(text).json_schema()
    number = {"type": "number", "minimum": bound.least, "maximum": bound.most}
    return Annotated[text, BeforeValidator(seconds), WithJsonSchema({"anyOf": [said, number]})]


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

Line = fitting(LINE)
Tag = Line
Reason = Annotated[str, StringConstraints(max_length=500, pattern=_LINE.replace("+$", "*$"))]
TypeName = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_LINE)]
QueueText = fitting(QUEUE)
JobId = fitting(JOB_ID)
ObjectId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:@-]{1,128}$")]
Cursor = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,4096}$")]

#: In bodies these are JSON strings; strict models take them by value.
PriorityWord = Annotated[Priority, Field(description="How urgent.")]
StateWord = Annotated[JobState, Field(description="Where a job stands.")]
RoleWord = Annotated[Role, Field(description="What the key may do.")]
