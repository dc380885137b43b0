"""Fields of requests, made of the options of a job."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Discriminator, Field, JsonValue, Tag, create_model

from backend.api.config.section import within
from backend.api.schemas.base import Request
from backend.api.schemas.fields import (
    A_NAME,
    AN_OBJECT,
    WHOLE,
    Instant,
    TypeName,
    fitting,
    or_seconds,
)
from backend.domain.jobs.options.bounds import UNIQUE_SECONDS
from backend.domain.jobs.options.job_options import OPTIONS, UNTIL, Option

Model = TypeVar("Model", bound=BaseModel)


class FollowUpBody(Request):
    """A job that is to follow another one."""

    job_type: TypeName = Field(description="What to do.")
    payload: dict[str, JsonValue] | None = Field(
        None, description="Without one it is told which job ended, as by its name alone."
    )


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
    return {name: _plain(value) for name, value in said.items() if value is not None}


def _plain(value: Any) -> Any:
    return value.model_dump() if isinstance(value, FollowUpBody) else value


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
    text = fitting(option.text) if option.text else str
    if option.text is UNTIL:
        return or_seconds(text, UNIQUE_SECONDS)
    return text if option.job is None else _or_job(text)


def _or_job(text: Any) -> Any:
    named = Annotated[text, Tag(A_NAME)]
    asked = Annotated[FollowUpBody, Tag(AN_OBJECT)]
    return Annotated[named | asked, Discriminator(_alternative)]


def _alternative(value: Any) -> str:
    return AN_OBJECT if isinstance(value, dict | FollowUpBody) else A_NAME


def _description(option: Option) -> str:
    seconds = option.bound is not None and option.bound.unit == "seconds"
    return f"{option.about} In seconds." if seconds else option.about
