"""The bases of everything that comes in and goes out."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from backend.api.schemas.fields import NUMBER, Cursor, Reason


class Request(BaseModel):
    """A body or a query; a name that is not one of its fields is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Resource(BaseModel):
    """Something that goes out."""

    model_config = ConfigDict(frozen=True)


class PageQuery(Request):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=500), NUMBER] = Field(
        50, description="Most items of a page."
    )
    cursor: Cursor | None = Field(None, description="`next_cursor` of the page before.")


class Page(Resource):
    """What all pages have beside their items."""

    next_cursor: str | None = Field(None, description="Give it as `cursor` for the next page.")


class Because(Request):
    """Why somebody does this."""

    reason: Reason = Field("", description="For the history and the audit log.")
