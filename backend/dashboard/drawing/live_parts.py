"""The parts of a page that stay live: a script that has some of them already is sent the others only.

Pure: text in, text out. Texts of others are escaped in a page, so every tag in it is one of our templates'.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

_BEGIN = re.compile(r"<(\w+)(?=[^>]*\sdata-live\b)[^>]*\sid=\"([^\"]+)\"[^>]*>")
_DIGITS = 12


class LivePart(NamedTuple):
    """One element; ``begin`` and ``end`` are where its text stands in the page."""

    id: str
    element: str
    begin: int
    end: int
    digest: str


def parts_in(page: str) -> list[LivePart]:
    """Every live part, in its order."""
    parts: list[LivePart] = []
    at = 0
    while found := _BEGIN.search(page, at):
        at = _end_of(page, found[1], found.end())
        digest = hashlib.sha256(page[found.start() : at].encode()).hexdigest()[:_DIGITS]
        parts.append(LivePart(found[2], found[1], found.start(), at, digest))
    return parts


def told(parts: list[LivePart]) -> str:
    """What a script is told of the parts, and says back when it asks again."""
    return ",".join(f"{part.id}={part.digest}" for part in parts)


def without(page: str, parts: list[LivePart], had: str) -> str:
    """The page with an empty mark in the place of each part that the script has as it is."""
    known = set(had.split(","))
    pieces, at = [], 0
    for part in parts:
        if f"{part.id}={part.digest}" in known:
            mark = f'<{part.element} id="{part.id}" data-live data-same></{part.element}>'
            pieces += [page[at : part.begin], mark]
            at = part.end
    return "".join([*pieces, page[at:]])


def _end_of(page: str, element: str, at: int) -> int:
    """Behind the end tag that belongs to a start tag which ends at ``at``."""
    depth = 1
    for tag in re.compile(rf"<(/?){element}\b").finditer(page, at):
        depth += -1 if tag[1] else 1
        if not depth:
            return page.index(">", tag.end()) + 1
    raise ValueError(f"a live <{element}> has no end")
