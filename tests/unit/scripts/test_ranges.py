"""The ranges of dependencies are as wide as what is tried: `scripts/test-ranges.sh` tries their ends."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
_RANGE = re.compile(r"^([\w-]+)(?:\[\w+\])?>=([\d.]+),<(\d+)(?:\.(\d+))?$")


def _declared(name: str) -> tuple[str, int, int | None]:
    """The least version that is allowed, and the first that is not: major, and minor if it says one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for each in project["dependencies"]:
        found = _RANGE.match(each)
        if found and found[1] == name:
            return found[2], int(found[3]), int(found[4]) if found[4] else None
    raise AssertionError(name)


def _tried(row: str, name: str) -> str:
    text = (ROOT / "scripts" / "test-ranges.sh").read_text()
    [pins] = re.findall(rf'^  \[{row}\]="(.*)"$', text, re.MULTILINE)
    return dict(pin.split("==") for pin in pins.split())[name].removesuffix(".*")


@pytest.mark.parametrize("name", ["redis", "rq", "sqlalchemy"])
def test_both_ends_of_each_range_are_tried(name: str) -> None:
    least, major, minor = _declared(name)
    last = f"{major - 1}" if not minor else f"{major}.{minor - 1}"

    assert _tried("oldest", name).startswith(least)
    assert _tried("newest", name) == last


@pytest.mark.parametrize(
    ("name", "beside"), [("rq", 2), ("rq", 3), ("redis", 5), ("redis", 8), ("sqlalchemy", 2)]
)
def test_it_installs_beside_what_people_have(name: str, beside: int) -> None:
    least, major, minor = _declared(name)

    assert int(least.partition(".")[0]) <= beside
    assert beside < major or (minor and beside == major)
