"""Fields of requests, made of the options of a job."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, create_model

from backend.api.config.section import within
from backend.api.schemas.fields import WHOLE, Instant, fitting
from backend.domain.jobs.options.job_options import OPTIONS, Option

Model = TypeVar("Model", bound=BaseModel)


def with_options(*names: str) -> Callable[[type[Model]], type[Model]]:
    """Gives a request a field for each of these options."""

    def extended(model: type[Model]) -> type[Model]:
        fields: dict[str, Any] = {name: _field(OPTIONS[name]) for name in names}
        return create_model(
            model.__name__,
            __base__=model,
            __module__=model.__module__,
            __doc__=model.__doc__,
            **fields,
        )

    return extended


def said_options(request: BaseModel) -> dict[str, Any]:
    """The options that a request gives, by name."""
    said = {name: getattr(request, name) for name in request.model_fields_set & OPTIONS.keys()}
    return {name: value for name, value in said.items() if value is not None}


def _field(option: Option) -> tuple[Any, Any]:
    if option.kind is bool:
        return bool, Field(False, description=option.about)
    kind = _kind(option)
    if option.most is not None:
        several: Any = list
        kind = Annotated[several[kind], Field(max_length=option.most)]
    return kind | None, Field(None, description=_description(option))


def _kind(option: Option) -> Any:
    if option.kind is datetime:
        return Instant
    if option.bound is not None:
        limits = within(option.bound)
        if option.bound.is_whole:
            return Annotated[int, limits, WHOLE]
        return Annotated[float, limits]
    return fitting(option.text) if option.text else str


def _description(option: Option) -> str:
    seconds = option.bound is not None and option.bound.unit == "seconds"
    return f"{option.about} In seconds." if seconds else option.about
