"""What is kept of an exception that ended an attempt."""

from __future__ import annotations

import traceback
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, islice

from pydantic import ValidationError

from backend.domain.errors import JobSignal, PermanentFailure
from backend.domain.jobs.attempts.leaves import leaves_of, signal_in
from backend.domain.jobs.attempts.outcome import AttemptError, words_of
from backend.domain.jobs.hooks.blame import blamed
from backend.domain.text.checked_words import checked_words
from backend.telemetry.logs.redaction import without_values
from workers.base_worker import TimeLimitReached

#: The innermost frames: they tell where it happened, those above are mostly ours.
_FRAMES = 40
_MESSAGE_LENGTH = 2000
#: Of a group of thousands the first ones tell.
_MOST_LEAVES = 50


class HardLimitReached(TimeLimitReached):
    """An isolated job ignored its soft limit and was killed at the hard one."""


class PayloadRefused(PermanentFailure):
    """The stored payload does not fit the job type as this worker knows it."""

    code = "payload_refused"


def describe(raised: BaseException, secrets: Collection[str] = ()) -> AttemptError:
    """What is kept of an exception: never its local values, and no more than 16 KiB of its trace.

    ``secrets`` are masked wherever they stand in it, and so is what looks like a credential. A group is
    called by what is in it: "unhandled errors in a TaskGroup" tells nobody what went wrong.
    """
    leaves = list(islice(leaves_of(raised), _MOST_LEAVES))
    return AttemptError(
        _reason(signal_in(raised), leaves),
        type(leaves[0] if len(leaves) == 1 else raised).__name__,
        # Cut after it is masked: of a secret that is cut nobody knows what it was.
        without_values(_message(leaves), secrets)[:_MESSAGE_LENGTH],
        without_values(_trace(raised), secrets, end=True),
    )


def without_input(error: ValidationError) -> str:
    """Each field and what is wrong with it; pydantic's own text repeats the input, which may be secret."""
    return "; ".join(
        f"{'.'.join(map(str, found['loc']))}: {checked_words(found['msg'])}"
        for found in error.errors(include_input=False, include_url=False)
    )


def _reason(signal: JobSignal | None, leaves: Sequence[BaseException]) -> str:
    if signal is not None:
        return signal.code
    if any(isinstance(leaf, TimeLimitReached) for leaf in leaves):
        return "timeout"
    return "memory" if any(isinstance(leaf, MemoryError) for leaf in leaves) else "exception"


def _message(leaves: Sequence[BaseException]) -> str:
    if len(leaves) == 1:
        return _words(leaves[0])
    each = (f"{type(leaf).__name__}: {_words(leaf)}" for leaf in leaves)
    return "; ".join(each)


def _words(raised: BaseException) -> str:
    text = without_input(raised) if isinstance(raised, ValidationError) else words_of(raised)
    text = text or type(raised).__name__
    return f"{text} ({blame})" if (blame := blamed(raised)) else text


def _trace(raised: BaseException) -> str:
    text = "".join(traceback.format_exception(raised, limit=-_FRAMES))
    for error in chain.from_iterable(map(_chain, (raised, *leaves_of(raised)))):
        if isinstance(error, ValidationError):
            text = text.replace(str(error), without_input(error))
    return text


def _chain(raised: BaseException | None) -> Iterator[BaseException]:
    """The exception and those that led to it."""
    seen: set[int] = set()
    while raised is not None and id(raised) not in seen:
        seen.add(id(raised))
        yield raised
        raised = raised.__cause__ or raised.__context__
