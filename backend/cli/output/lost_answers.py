"""Standard output that is full or closed: one line says so, and what was done; exit status 3."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import click

from backend.cli.output.done_so_far import done_words, must_go_on
from backend.domain.text.visible_text import visible
from backend.telemetry.logs.answer_stream import AnswerLost, AnswerStream, take_answers

#: Whoever reads 1 would do it again.
ANSWER_LOST = 3


@contextmanager
def telling_of_lost_answers() -> Iterator[None]:
    """Around a whole command."""
    stream = take_answers(must_go_on)
    try:
        yield
    except AnswerLost as lost:
        _say(str(lost.strerror))
        sys.exit(ANSWER_LOST)
    except SystemExit as end:
        why = _why_lost(stream)
        if not why:
            raise
        _say(why)
        # Another status than 0 says more: what was found, or what went wrong.
        sys.exit(end.code or ANSWER_LOST)


def _why_lost(stream: AnswerStream | None) -> str:
    if stream is None:
        return ""
    with suppress(OSError):
        # What nobody has flushed would be missed after this.
        stream.flush()
    return stream.why_lost


def _say(why: str) -> None:
    done = f"; all the same {words}" if (words := done_words()) else ""
    click.echo(
        visible(f"tally: standard output could not be written: {why}{done} [answer_lost]"), err=True
    )
