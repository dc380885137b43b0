"""Commands as they are sent: in texts.

hiredis makes texts of numbers too, but never looks whether it could. Where a signal handler raises
meanwhile (Ctrl-C, a time limit by an alarm) the process ends by SIGSEGV, and no `finally` runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, cast

from hiredis import pack_command
from redis.connection import HiredisRespSerializer

Text: TypeAlias = str | bytes

#: How each command of ours begins whose words are texts already: to look at them costs a tenth of the rest.
#: redis-py's own begin with a `str`.
FCALL = b"FCALL"

#: A command in texts as bytes.
packed: Callable[[tuple[Text, ...]], bytes] = cast(Any, pack_command)


def texts_of(words: Iterable[Any]) -> list[Any]:
    """The same with numbers as texts. What is none, nor text, nor bytes, is refused where it is packed."""
    return [repr(word) if isinstance(word, int | float) else word for word in words]


class TextPacker(HiredisRespSerializer):
    """What redis-py packs the commands of a connection with."""

    def pack(self, *args: Any) -> list[bytes]:
        """A command as bytes. Raises redis-py's DataError for what it cannot send."""
        if args[0] is FCALL:
            return [packed(args)]
        return cast(list[bytes], super().pack(*texts_of(args)))
