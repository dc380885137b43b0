"""What a handler returned, as it is kept: JSON of a bounded size. What cannot be kept fails the job.

The handler has done its work by then, so trying again would only repeat its effects: it fails for good.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, TypeAdapter
from pydantic_core import to_jsonable_python

from backend.domain.errors import PermanentFailure
from backend.domain.jobs.options.bounds import RESULT_BYTES
from backend.domain.text.strict_json import DEEPEST, NotJson, json_encoder

_PLAIN_CONTAINERS = frozenset({dict, list, tuple})
_NUMBERS = frozenset({int, float, bool})
#: What has one form in JSON that says all of it, the one that pydantic gives it.
_KNOWN = (BaseModel, datetime, date, time, timedelta, Decimal, UUID, Enum)


class ResultNotJson(PermanentFailure):
    """What the handler returned is not JSON; the message says where."""

    code = "result_not_json"


class ResultTooLarge(PermanentFailure):
    """What the handler returned has more bytes than ``max_result_bytes``."""

    code = "result_too_large"


def result_encoder(
    max_bytes: int = RESULT_BYTES, returned: TypeAdapter[Any] | None = None
) -> Callable[[Any], str]:
    """A function that makes JSON text of a result; raises `ResultNotJson` and `ResultTooLarge`.

    What has no one form in JSON (a set, bytes) is written as the type says that the handler is annotated
    to return, ``returned``, and read back so by whoever waits for it.
    """

    def encoded(result: Any, *, is_dumped: bool = False) -> str:
        try:
            # Most results are small and flat: what is asked of each job is asked of its type first.
            is_number = type(result) in _NUMBERS
            least = 0 if is_number else max_bytes - _room(result, max_bytes, 0)
            text = _to_json(result) if least <= max_bytes else ""
        except NotJson as error:
            dumped = result if returned is None or is_dumped else _dumped(returned, result)
            if dumped is not result:
                return encoded(dumped, is_dumped=True)
            raise ResultNotJson(f"{error}{_cure(result)}") from None
        except MemoryError:
            raise ResultTooLarge(f"no memory for the result's JSON, {_advice(max_bytes)}") from None
        if least > max_bytes:
            raise ResultTooLarge(f"the result has at least {least} bytes, {_advice(max_bytes)}")
        size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        if size > max_bytes:
            raise ResultTooLarge(f"the result has {size} bytes, {_advice(max_bytes)}")
        return text

    return encoded


def _dumped(returned: TypeAdapter[Any], result: Any) -> Any:
    """What the annotated type makes of it; the result itself where it is nothing of that type."""
    try:
        return returned.dump_python(
            result, mode="json", by_alias=True, warnings="error", serialize_as_any=True
        )
    except Exception:  # noqa: BLE001 - the encoder says what is wrong with it, and where
        return result


def _advice(max_bytes: int) -> str:
    return (
        f"{max_bytes} are allowed (max_result_bytes); store it as an artifact, or in a table, "
        "and return its name"
    )


def _room(value: Any, room: int, depth: int) -> int:
    """How many bytes are left of ``room`` at most: a huge result need not be copied to be refused."""
    if isinstance(value, str):
        return room - len(value)
    # Exactly these: what is derived from them may do anything when it is looked at.
    if type(value) not in _PLAIN_CONTAINERS or depth >= DEEPEST:
        return room
    room -= 2 * len(value)
    for inner in value.values() if isinstance(value, dict) else value:
        if room < 0:
            break
        room = _room(inner, room, depth + 1)
    return room


def _jsonable(value: Any) -> Any:
    if isinstance(value, _KNOWN):
        return to_jsonable_python(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return value


_to_json = json_encoder("result", _jsonable)


def _cure(result: Any) -> str:
    if inspect.iscoroutine(result):
        # Nobody will ever await it: Python would complain of that much later.
        result.close()
        return ": the handler calls an async function without awaiting it; make it an async def too"
    if inspect.isgenerator(result):
        return ": the handler calls a function with yield; return list(…) of it"
    return ""
