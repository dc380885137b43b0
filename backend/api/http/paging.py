"""Links between the pages of a list (RFC 8288)."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import urlencode

from flask import request

from backend.api.http.answer import Answer
from backend.api.schemas.base import Page, PageQuery

PageT = TypeVar("PageT", bound=Page)


def with_links(page: PageT, query: PageQuery) -> Answer[PageT]:
    """The page, with a Link to the next one if there is one, under the same conditions."""
    if page.next_cursor is None:
        return Answer(page)
    asked = query.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    following = urlencode({**asked, "cursor": page.next_cursor})
    return Answer(
        page, headers={"Link": f'<{request.script_root}{request.path}?{following}>; rel="next"'}
    )
