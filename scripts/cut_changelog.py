"""Gives what stands under "Unreleased" in the changelog a version and today's date."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

HEADING = "## Unreleased\n"


def cut(text: str, version: str, day: str) -> str:
    """The changelog with a new release; raises ValueError when there is nothing to release."""
    before, found, rest = text.partition(HEADING)
    if not found:
        raise ValueError(f"the changelog has no line {HEADING.strip()!r}")
    if f"\n## {version} " in text:
        raise ValueError(f"the changelog has {version} already")
    news = re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    if not re.search(r"^- ", news, re.MULTILINE):
        raise ValueError("there is nothing under Unreleased")
    return f"{before}{HEADING}\n## {version} – {day}\n{rest}"


if __name__ == "__main__":
    changelog = Path(__file__).resolve().parents[1] / "CHANGELOG.md"
    try:
        told = cut(
            changelog.read_text(encoding="utf-8"), sys.argv[1], f"{datetime.now(UTC):%Y-%m-%d}"
        )
    except ValueError as error:
        sys.exit(str(error))
    changelog.write_text(told, encoding="utf-8")
