"""The base of every group of settings."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from backend.domain.bounds import Bound

Seconds = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """A group of settings; a name that is not one of them is refused, and so is infinity."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def within(bound: Bound) -> Any:
    """The range of a number, for a model's field; NaN is outside of every range."""
    least, most = (int(end) if bound.is_whole else end for end in (bound.least, bound.most))
    return Field(ge=least, le=most)
