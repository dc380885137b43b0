"""What a handler returns, by its annotation: its JSON becomes that again for whoever waits for it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from backend.domain.errors import InvalidResult
from backend.domain.text.checked_words import checked_words
from workers.job_types.declaration import hint
from workers.job_types.job_handle import as_it_came

#: What JSON gives back as it was.
_PLAIN = frozenset({Any, None, NoneType, str, int, float, bool, dict, list, object})
_CONTAINERS = frozenset({dict, list, Union, UnionType})


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
            return adapter.validate_python(result)
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
