"""The base of every group of settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """A group of settings; a name that is not one of them is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
