"""What this command has changed, for when its answer cannot be written."""

from __future__ import annotations

_MOST_TOLD = 3
_done: list[str] = []


def note_done(words: str) -> None:
    """Something was changed; ``words`` name it, or say what is to be done about an answer nobody read."""
    _done.append(words)


def is_anything_done() -> bool:
    """Whether anything was."""
    return bool(_done)


def done_words() -> str:
    """All of it in a line; the audit log has what is too much for one."""
    told = "; ".join(_done[:_MOST_TOLD])
    more = len(_done) - _MOST_TOLD
    return f"{told}; and {more} more, see tally audit list" if more > 0 else told


def forget_done() -> None:
    """As at the start of a command."""
    _done.clear()
