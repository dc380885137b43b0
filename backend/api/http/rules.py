"""Paths as Flask routes them: a place in a path never takes a word that another path has there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flask import Flask
from werkzeug.routing import Map, UnicodeConverter

from backend.api.http.operation import Operation

_PLACE = re.compile(r"{(\w+)}")


class OtherThan(UnicodeConverter):
    """Any text but some words: so ``GET /api/jobs/bulk`` is no look at a job called bulk."""

    def __init__(self, map: Map, *words: str) -> None:  # noqa: A002 - the name is werkzeug's
        super().__init__(map)
        taken = "|".join(re.escape(word) for word in words)
        self.regex = rf"(?!(?:{taken})(?:/|$))[^/]+"


def rules_of(app: Flask, operations: Sequence[Operation]) -> dict[str, list[str]]:
    """The rules of each operation, by its name."""
    app.url_map.converters["other"] = OtherThan
    paths = {path for operation in operations for path in operation.paths}
    return {each.name: [_rule(path, paths) for path in each.paths] for each in operations}


def _rule(path: str, paths: set[str]) -> str:
    def place(match: re.Match[str]) -> str:
        words = sorted(_words_there(path[: match.start()], paths))
        if not words:
            return f"<{match[1]}>"
        quoted = ", ".join(f"'{word}'" for word in words)
        return f"<other({quoted}):{match[1]}>"

    return _PLACE.sub(place, path)


def _words_there(before: str, paths: set[str]) -> set[str]:
    """What other paths have after the same beginning, where this one has a place."""
    following = (path.removeprefix(before) for path in paths if path.startswith(before))
    return {rest.partition("/")[0] for rest in following if not rest.startswith("{")}
