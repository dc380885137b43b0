"""JSON as what it was declared to be: a payload as its model, a result by the annotation of its handler."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from backend.domain.errors import InvalidResult
from backend.domain.text.checked_words import checked_words
from workers.job_types.declaration import hint
from workers.job_types.job_handle import as_it_came

#: What JSON gives back as it was.
_PLAIN = frozenset({Any, None, NoneType, str, int, float, bool, dict, list, object})
_CONTAINERS = frozenset({dict, list, Union, UnionType})
M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


def model_of(model: type[M], payload: Mapping[str, Any]) -> M:
    """A payload as its model; raises `ValidationError`, and whatever a validator of its own raises."""
    return _read(model.model_validate, model.model_validate_json, payload)


def _read(read: Callable[[Any], T], read_text: Callable[[str], T], said: Any) -> T:
    """What ``read`` makes of JSON that is Python objects by now, or else ``read_text`` of its text.

    A strict model takes a date, a UUID, an enum or a set among objects for itself alone: that a text
    stands for one it knows only where it reads JSON. Which costs more, and so comes second.
    """
    try:
        return read(said)
    except ValidationError as error:
        refusal = error
    try:
        text = json.dumps(said, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise refusal from None
    try:
        return read_text(text)
    except ValidationError as error:
        # The one that does not complain of what only looked wrong.
        raise error if error.error_count() < refusal.error_count() else refusal from None


def adapter_of(handler: Callable[..., Any]) -> TypeAdapter[Any] | None:
    """What reads and writes a handler's results; None where JSON says all, or nobody knows the type."""
    annotation = inspect.signature(handler).return_annotation
    if annotation is inspect.Signature.empty:
        return None
    try:
        returned = hint(handler, "return", annotation)
        return None if _is_plain(returned) else TypeAdapter(returned)
    except Exception:  # noqa: BLE001 - names for checkers alone, types that pydantic does not know
        return None


def _is_plain(returned: Any) -> bool:
    origin = get_origin(returned)
    if origin is None:
        return returned in _PLAIN
    return origin in _CONTAINERS and all(map(_is_plain, get_args(returned)))


def decoder_of(name: str, handler: Callable[..., Any]) -> Callable[[Any], Any]:
    """A function that makes of JSON what the handler returned; raises `InvalidResult`."""
    adapter = adapter_of(handler)
    if adapter is None:
        return as_it_came

    def decoded(result: Any) -> Any:
        try:
            return _read(adapter.validate_python, adapter.validate_json, result)
        except ValidationError as error:
            raise InvalidResult(
                f"the result of {name!r} does not fit what its handler returns here: "
                f"{_faults(error)}; another release may have run it",
                job_type=name,
            ) from None

    return decoded


def _faults(error: ValidationError) -> str:
    """Where it does not fit; what stands there is not repeated."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(
        f"{'.'.join(map(str, each['loc'])) or 'result'}: {checked_words(each['msg'])}"
        for each in found
    )
