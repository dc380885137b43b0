"""What this command has changed, for when it breaks off, or its answer cannot be written."""

from __future__ import annotations

import click

from backend.domain.text.visible_text import visible

_MOST_TOLD = 3
_done: list[str] = []
_begun: list[str] = []


def note_done(words: str) -> None:
    """Something was changed; ``words`` name it, or say what is to be done about an answer nobody read."""
    _done.append(words)


def note_begun(words: str) -> None:
    """From now on the command ends what it does, whoever reads its answer: ``words`` name that."""
    _begun.append(words)


def must_go_on() -> bool:
    """Whether anything was done, or begun."""
    return bool(_done or _begun)


def done_words() -> str:
    """All of it in a line; the audit log has what is too much for one."""
    told = "; ".join(_done[:_MOST_TOLD])
    more = len(_done) - _MOST_TOLD
    return f"{told}; and {more} more, see tally audit list" if more > 0 else told


def say_done() -> None:
    """Says on standard error what was done before the command broke off; nothing where nothing was."""
    if words := done_words():
        click.echo(visible(f"tally: all the same {words}"), err=True)


def forget_done() -> None:
    """As at the start of a command."""
    _done.clear()
    _begun.clear()
