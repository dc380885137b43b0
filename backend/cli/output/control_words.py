"""What is said of pauses and limits of which Redis and the record do not know the same."""

from __future__ import annotations

from backend.domain.ledger.control import Control, ControlDifference


def difference_words(difference: ControlDifference) -> str:
    """What holds by the later word, whose it is, and what the other store says: in one sentence."""
    holds, is_live_behind = difference.holds, difference.is_live_behind
    behind = "Redis" if is_live_behind else "the record"
    other = difference.live if is_live_behind else difference.recorded
    return f"{_words(holds)} holds, and {behind} says {other.words if other else 'nothing'}"


def _words(word: Control) -> str:
    by = f" by {word.by}" if word.by else ""
    at = f" at {word.since:%Y-%m-%d %H:%M} UTC" if word.since else ""
    return f"{word.words}{by}{at}"
