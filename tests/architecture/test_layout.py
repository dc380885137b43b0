"""Templates and styles are laid out to be read and compared line by line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.source_tree import CODE, files, lines_of, name_of

TEMPLATES, STYLES = files("*.html", *CODE), files("*.css", *CODE)
TEMPLATE_LINE, STYLE_LINE, TEMPLATE_FILE, STYLE_FILE = 140, 120, 300, 600
#: A line that ends one of these and begins another shows two elements of a page.
_BLOCKS = (
    "div|section|form|table|thead|tbody|tr|td|th|ul|ol|li|dl|dt|dd|figure|nav|main|header|aside"
)


def _long(file: Path, limit: int) -> list[str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return [f"{n}: {len(line)}" for n, line in enumerate(lines, 1) if len(line) > limit]


@pytest.mark.parametrize("file", TEMPLATES, ids=name_of)
def test_a_template_has_short_lines(file: Path) -> None:
    assert _long(file, TEMPLATE_LINE) == []


@pytest.mark.parametrize("file", TEMPLATES, ids=name_of)
def test_a_template_has_one_element_a_line(file: Path) -> None:
    beside = re.compile(rf"</(?:{_BLOCKS})>\s*<(?:{_BLOCKS})\b")
    lines = file.read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if beside.search(line)] == []


@pytest.mark.parametrize("file", STYLES, ids=name_of)
def test_a_style_sheet_has_short_lines(file: Path) -> None:
    assert _long(file, STYLE_LINE) == []


@pytest.mark.parametrize("file", STYLES, ids=name_of)
def test_a_palette_is_written_once(file: Path) -> None:
    named = re.findall(r"^\s*(--[\w-]+):", file.read_text(encoding="utf-8"), re.MULTILINE)

    assert sorted({name for name in named if named.count(name) > 1}) == []


def test_no_template_and_no_style_sheet_is_too_long() -> None:
    sizes = dict.fromkeys(TEMPLATES, TEMPLATE_FILE) | dict.fromkeys(STYLES, STYLE_FILE)

    assert {name_of(f): lines_of(f) for f, limit in sizes.items() if lines_of(f) > limit} == {}
