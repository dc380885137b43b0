"""Values for a report's parameters: what the job gave, read as the definition's types."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from backend.domain.errors import PermanentFailure
from backend.domain.text.nearest_name import suggestion
from workers.reports.definition import Definition, Parameter, placeholders

_DAYS = {"today": 0, "yesterday": -1}


def values_for(definition: Definition, given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A value for every parameter; raises `PermanentFailure` naming the one that does not fit."""
    for name in given:
        if name not in definition.parameters:
            raise PermanentFailure(
                f"this report has no parameter {name!r}{suggestion(name, definition.parameters)}"
            )
    return {
        name: _value(name, parameter, given, now)
        for name, parameter in definition.parameters.items()
    }


def asked_of_all(definition: Definition) -> set[str]:
    """The parameters that the whole of a report depends on: each of its queries, or its function."""
    if definition.function is not None:
        return set(definition.parameters)
    return set.intersection(*map(placeholders, definition.datasets.values()))


def _value(name: str, parameter: Parameter, given: Mapping[str, Any], now: datetime) -> Any:
    raw = given.get(name, parameter.default)
    if raw is None:
        if parameter.required:
            raise PermanentFailure(f"this report needs a value for the parameter {name!r}")
        return None
    try:
        value = _READERS[parameter.type](raw, now)
    except (ValueError, TypeError, OverflowError) as error:
        raise PermanentFailure(
            f"parameter {name!r} must be of type {parameter.type}: {error}"
        ) from None
    if parameter.choices and value not in parameter.choices:
        raise PermanentFailure(f"parameter {name!r} must be one of {list(parameter.choices)}")
    return value


def _date(raw: Any, now: datetime) -> date:
    if isinstance(raw, date):
        return raw
    if isinstance(raw, str) and raw in _DAYS:
        return now.date() + timedelta(days=_DAYS[raw])
    return date.fromisoformat(_text(raw, now))


def _datetime(raw: Any, now: datetime) -> datetime:
    instant = raw if isinstance(raw, datetime) else datetime.fromisoformat(_text(raw, now))
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _integer(raw: Any, _now: datetime) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise TypeError("give a whole number")
    return raw


def _number(raw: Any, _now: datetime) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw):
        raise TypeError("give a number")
    return raw


def _text(raw: Any, _now: datetime) -> str:
    if not isinstance(raw, str) or "\x00" in raw:
        raise TypeError("give a text")
    return raw


def _boolean(raw: Any, _now: datetime) -> bool:
    if not isinstance(raw, bool):
        raise TypeError("give true or false")
    return raw


_READERS: dict[str, Callable[[Any, datetime], Any]] = {
    "date": _date,
    "datetime": _datetime,
    "integer": _integer,
    "number": _number,
    "text": _text,
    "boolean": _boolean,
}
