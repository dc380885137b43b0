"""The base of every group of settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import NoDecode

from backend.domain.jobs.options.bounds import Bound

Item = TypeVar("Item")


def _listed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return [word.strip() for word in value.split(",") if word.strip()]


#: A list, which one variable of the environment may give as JSON or with commas between.
Listed = Annotated[tuple[Item, ...], NoDecode, BeforeValidator(_listed)]
Seconds = Annotated[float, Field(gt=0)]
#: What is meant below the working folder of the start stays there: a job may change the folder.
Place = Annotated[Path, AfterValidator(Path.absolute)]


class Section(BaseModel):
    """A group of settings; a name that is not one of them is refused, and so is infinity."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        # Else what pydantic says repeats it, secrets too, in the traceback of who asked for the settings.
        hide_input_in_errors=True,
        # Each start pays for what is built, and the settings as a whole build their sections anyway.
        defer_build=True,
    )


def within(bound: Bound) -> Any:
    """The range of a number, for a model's field; NaN is outside of every range."""
    least, most = (int(end) if bound.is_whole else end for end in (bound.least, bound.most))
    return Field(ge=least, le=most)
