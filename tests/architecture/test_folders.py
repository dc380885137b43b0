"""A newcomer finds a line by guessing its folder: none holds more than one takes in at a look."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.source_tree import CODE, ROOT, name_of

#: Folders in which every entry has the same form, so that its name alone is read.
_LISTS = {
    "backend/api/routers": "one resource a file",
    "backend/api/schemas": "the bodies of one resource a file",
    "backend/dashboard/static": "one behaviour of a page a file",
}
#: What nobody looks for.
_UNSEEN = {"__pycache__", "py.typed"}
_MOST, _MOST_AT_THE_TOP = 20, 12
_TOPS = ("domain", "services", "history", "cli", "api", "broker", "dashboard", "telemetry")


def _entries(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir() if each.name not in _UNSEEN)


def test_no_folder_has_too_many_entries() -> None:
    folders = [
        folder
        for top in CODE
        for folder in (ROOT / top, *(ROOT / top).rglob("*"))
        if folder.is_dir() and folder.name != "__pycache__"
    ]
    sizes = {name_of(folder): len(_entries(folder)) for folder in folders}

    assert {n: size for n, size in sizes.items() if size > _MOST and n not in _LISTS} == {}


@pytest.mark.parametrize("top", _TOPS)
def test_a_layer_shows_its_features_at_its_top(top: str) -> None:
    assert len(_entries(ROOT / "backend" / top)) <= _MOST_AT_THE_TOP


def test_every_folder_of_code_says_what_is_in_it() -> None:
    silent = {
        name_of(file)
        for top in CODE
        for file in (ROOT / top).rglob("__init__.py")
        if not file.read_text(encoding="utf-8").lstrip().startswith('"""')
    }

    assert silent == set()
