"""How many jobs go with one step: a hundred, or a megabyte of them, whichever comes first.

More jobs would hold Redis too long for the others. More bytes might not be on their way within the time
that a command has, and would not be at the next try either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TypeVar

MOST_JOBS, MOST_BYTES = 100, 1_000_000
#: Bytes of UTF-8 that a character takes at most.
_WIDEST = 4

T = TypeVar("T")


def step_starts(*texts: Sequence[str]) -> list[int]:
    """The places of the jobs that begin a step. ``texts`` are what is large of each: payloads, options.

    A job that is larger by itself has a step to itself.
    """
    starts: list[int] = []
    for at in range(0, len(texts[0]), MOST_JOBS):
        starts.append(at)
        step = [each[at : at + MOST_JOBS] for each in texts]
        # Most jobs are small, and to know that takes no look at their characters.
        if _WIDEST * sum(sum(map(len, each)) for each in step) > MOST_BYTES:
            starts += [at + place for place in _cuts(step)]
    return starts


def steps_of(jobs: Sequence[T], *texts: Sequence[str]) -> Iterator[Sequence[T]]:
    """The jobs, step by step; ``texts`` as in `step_starts`."""
    for start, end in pairwise((*step_starts(*texts), len(jobs))):
        yield jobs[start:end]


def _cuts(texts: Sequence[Sequence[str]]) -> Iterator[int]:
    filled = 0
    for place, of_job in enumerate(zip(*texts, strict=True)):
        size = sum(map(_size, of_job))
        if filled and filled + size > MOST_BYTES:
            yield place
            filled = 0
        filled += size


def _size(text: str) -> int:
    """In bytes, as it is sent."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "backslashreplace"))
