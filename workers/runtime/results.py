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

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from backend.domain.bounds import RESULT_BYTES
from backend.domain.errors import PermanentFailure
from backend.domain.strict_json import NotJson, json_encoder

#: What has one form in JSON that says all of it, the one that pydantic gives it.
_KNOWN = (BaseModel, datetime, date, time, timedelta, Decimal, UUID, Enum)


class ResultNotJson(PermanentFailure):
    """What the handler returned is not JSON; the message says where."""

    code = "result_not_json"


class ResultTooLarge(PermanentFailure):
    """What the handler returned has more bytes than ``max_result_bytes``."""

    code = "result_too_large"


def result_encoder(max_bytes: int = RESULT_BYTES) -> Callable[[Any], str]:
    """A function that makes JSON text of a result; raises `ResultNotJson` and `ResultTooLarge`."""

    def encoded(result: Any) -> str:
        try:
            # A text is never shorter in JSON: a huge one need not be copied to be refused.
            text = "" if _is_huge(result, max_bytes) else _to_json(result)
        except NotJson as error:
            raise ResultNotJson(f"{error}{_cure(result)}") from None
        except MemoryError:
            raise ResultTooLarge(f"its JSON does not fit into memory; {_ADVICE}") from None
        size = _bytes_of(text or result)
        if size > max_bytes:
            raise ResultTooLarge(
                f"the result has {size} bytes, {max_bytes} are allowed (max_result_bytes); {_ADVICE}"
            )
        return text

    return encoded


_ADVICE = "store it as an artifact, or in a table, and return its name"


def _is_huge(result: Any, max_bytes: int) -> bool:
    return isinstance(result, str) and len(result) > max_bytes


def _bytes_of(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


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
        return ": the handler calls an async function without running it (asyncio.run)"
    if inspect.isgenerator(result):
        return ": the handler calls a function with yield; return list(…) of it"
    return ""
