"""Pauses and limits: whether Redis and the record know the same."""

from __future__ import annotations

from collections.abc import Iterator

from backend.bootstrap.platform import Platform
from backend.bootstrap.record_parts import control_keeper
from backend.cli.checks.finding import Finding, ok, warning
from backend.cli.output.control_words import difference_words
from backend.domain.errors import TallyError


def check_controls(parts: Platform) -> Iterator[Finding]:
    """Those that differ; nothing while a store cannot say, which is told elsewhere."""
    try:
        found = control_keeper(parts, parts.history_engine).differences()
    except TallyError:
        return
    for difference in found:
        yield warning(
            "controls_differ",
            difference_words(difference),
            "is a scheduler running? It makes them agree; so does tally reconcile --repair",
        )
    if not found:
        yield ok("controls", "Redis and the record know the same pauses and limits")
