"""Where a page ended, written down and read again."""

from __future__ import annotations

import pytest

from backend.domain.errors import InvalidOption
from backend.domain.jobs.cursor import Cursor


def test_a_cursor_survives_being_written_down_whatever_its_parts_hold() -> None:
    cursor = Cursor("live", ("parked", 'key:a|b "c": ü', 7))

    assert Cursor.parse(str(cursor)) == cursor
    assert Cursor.parts_of(str(cursor), "live", str, str, int) == list(cursor.parts)
    assert str(cursor).isascii()


@pytest.mark.parametrize(
    "text", ["", "x", "äöü", "====", "bnVsbA", "WzFd", "W10", "WyJhIixudWxsXQ", "WyJhIiwtMV0"]
)
def test_what_no_page_gave_is_refused(text: str) -> None:
    with pytest.raises(InvalidOption, match="is not the cursor of a page"):
        Cursor.parse(text)


@pytest.mark.parametrize(
    "cursor", [Cursor("dead", ("a", 1)), Cursor("live", ("a",)), Cursor("live", (1, "a"))], ids=str
)
def test_a_cursor_of_another_kind_of_list_is_refused(cursor: Cursor) -> None:
    with pytest.raises(InvalidOption, match="is not the cursor of a page"):
        Cursor.parts_of(str(cursor), "live", str, int)
