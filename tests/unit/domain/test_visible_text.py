"""Texts of others as people see them."""

from __future__ import annotations

import json

import pytest

from backend.domain.text.visible_text import steers, visible, visible_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("boom \x1b[2J\x1b]0;owned\x07", r"boom \x1b[2J\x1b]0;owned\x07"),
        ("\x9b31m", r"\u009b31m"),
        ("user\u202egnp.exe", r"user\u202egnp.exe"),
        ("\u2066a\u2069\u200f\u061c", r"\u2066a\u2069\u200f\u061c"),
        ("a\rb\x7f\x00", r"a\rb\u007f\x00"),
        ("half \ud800 a pair", r"half \ud800 a pair"),
        ("one\ntwo\tthree", "one\ntwo\tthree"),
        ("Grüße, שלום, 你好, 👩‍🚀", "Grüße, שלום, 你好, 👩‍🚀"),
    ],
)
def test_what_steers_is_written_out_and_all_else_stays(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_in_one_line_line_breaks_and_tabs_are_written_out_too() -> None:
    assert visible_line("one\ntwo\tthree\r\n") == r"one\ntwo\tthree\r\n"


def test_json_says_the_same_afterwards() -> None:
    value = "".join(map(chr, range(0x2100)))

    assert json.loads(visible(json.dumps(value, ensure_ascii=False))) == value


def test_a_name_that_steers_is_told_apart() -> None:
    assert [steers(name) for name in ("ada", "a\nb", "a\u202eb", "")] == [False, True, True, False]
