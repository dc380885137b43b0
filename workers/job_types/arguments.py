"""Plain arguments as a payload: the model of a function's signature, and calls by it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

from backend.domain.errors import ConfigurationError, InvalidPayload

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def refuse_unnamed(owner: str, handler: Callable[..., Any]) -> None:
    """Raises `ConfigurationError` for a parameter without a name of its own: a payload is an object."""
    for parameter in inspect.signature(handler).parameters.values():
        if parameter.kind not in _NAMED:
            raise ConfigurationError(
                f"{owner}: {handler.__qualname__} takes {parameter}, which has no name in a payload; "
                "each argument of a task must be one that can be given by name"
            )


def model_of_arguments(handler: Callable[..., Any]) -> type[BaseModel]:
    """A payload with a field for each parameter; raises `ConfigurationError` for a type that is unknown."""
    try:
        hints = get_type_hints(inspect.unwrap(handler), include_extras=True)
    except NameError as error:
        raise ConfigurationError(
            f"{handler.__module__}.{handler.__qualname__}: the type of an argument cannot be found when it "
            f"runs: {error}; import it outside of `if TYPE_CHECKING`"
        ) from error
    fields: dict[str, Any] = {
        _field(place): (
            hints.get(parameter.name, Any),
            Field(alias=parameter.name, default=_default(parameter)),
        )
        for place, parameter in enumerate(inspect.signature(handler).parameters.values())
    }
    return create_model(
        handler.__name__,
        __config__=ConfigDict(extra="forbid", hide_input_in_errors=True),
        __module__=handler.__module__,
        **fields,
    )


def _field(place: int) -> str:
    """Not the parameter's own name, which may be one that models have themselves: ``copy``, ``json``."""
    return f"argument_{place}"


def _default(parameter: inspect.Parameter) -> Any:
    return ... if parameter.default is inspect.Parameter.empty else parameter.default


def payload_of_call(
    handler: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """The payload that says what a call says; raises `InvalidPayload` for a call that cannot be."""
    try:
        return dict(inspect.signature(handler).bind(*args, **kwargs).arguments)
    except TypeError as error:
        raise InvalidPayload(f"{handler.__qualname__}: {error}") from None


def call_with_fields(handler: Callable[..., Any]) -> Callable[[BaseModel], Any]:
    """The handler as one that takes the model of its arguments."""
    names = tuple(inspect.signature(handler).parameters)

    def call(payload: BaseModel) -> Any:
        return handler(**{n: getattr(payload, _field(at)) for at, n in enumerate(names)})

    return call
